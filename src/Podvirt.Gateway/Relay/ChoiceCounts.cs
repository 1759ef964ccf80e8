using Podvirt.Core.Usage;

namespace Podvirt.Gateway.Relay;

/// <summary>
/// Adds up the counts of one request's choices. On each chunk vLLM has what that choice has generated, and the prompt that it answers: of a
/// batch one of many. Choices of the same prompt stand together.
/// </summary>
internal sealed class ChoiceCounts
{
    private readonly int _choicesEach;
    private readonly TokenCounts[] _choices;
    private readonly TokenCounts[] _prompts;
    private TokenCounts _sum;

    /// <param name="choicesEach">Of each prompt.</param>
    /// <param name="capacity">Choices in all, at most.</param>
    public ChoiceCounts(int choicesEach, int capacity)
    {
        _choicesEach = choicesEach;
        _choices = new TokenCounts[capacity];
        _prompts = new TokenCounts[((capacity - 1) / choicesEach) + 1];
    }

    /// <summary>Takes over what was counted of a choice so far.</summary>
    /// <returns>The sum.</returns>
    public TokenCounts Add(int choice, TokenCounts tokens)
    {
        ref var mine = ref _choices[choice];
        ref var prompt = ref _prompts[choice / _choicesEach];

        // Two counts near the end of a long would add up to less than one of them: that reads as shrinking.
        _sum = unchecked(new TokenCounts(
            _sum.Prompt - prompt.Prompt + tokens.Prompt,
            _sum.Cached - prompt.Cached + tokens.Cached,
            _sum.Completion - mine.Completion + tokens.Completion,
            _sum.Reasoning - mine.Reasoning + tokens.Reasoning));
        mine = tokens;
        prompt = tokens;
        return _sum;
    }

    /// <summary>What <see cref="Add"/> knew of a choice and its prompt, to be put back.</summary>
    public (TokenCounts Choice, TokenCounts Prompt) Of(int choice) => (_choices[choice], _prompts[choice / _choicesEach]);

    /// <summary>As if the last <see cref="Add"/> of a choice had not been.</summary>
    public void Restore(int choice, (TokenCounts Choice, TokenCounts Prompt) before)
    {
        _ = Add(choice, before.Choice with { Prompt = before.Prompt.Prompt, Cached = before.Prompt.Cached });
        _choices[choice] = before.Choice;
        _prompts[choice / _choicesEach] = before.Prompt;
    }
}
