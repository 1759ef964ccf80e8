using System.Text;
using Podvirt.Simulator.Language;
using Podvirt.Simulator.Tokens;

namespace Podvirt.Simulator.Engine;

/// <summary>What bounds one sequence.</summary>
internal sealed record SequenceLimits(
    int TokensMax, int TokensMin, string[] Stops, bool IncludeStop, int[] StopTokens, bool SplitThinking);

/// <summary>One prompt being continued: one choice of a reply. Used by one generation at a time.</summary>
internal sealed class Sequence(int index, int[] prompt, SequenceLimits limits, TextSource source) : IDisposable
{
    private readonly StopMatcher _stops = new(limits.Stops, limits.IncludeStop);
    private readonly List<int> _generated = [];
    private readonly StringBuilder _answer = new();
    private readonly StringBuilder _thinking = new();
    private Part _part = Part.Answer;

    public int Index => index;

    public IReadOnlyList<int> Prompt => prompt;

    public int CachedTokens { get; set; }

    public int GeneratedTokens => _generated.Count;

    /// <summary>Generated tokens that are thinking, without the markers around it; zero unless the thinking is kept apart.</summary>
    public int ThinkingTokens { get; private set; }

    public FinishReason Finish { get; private set; }

    /// <summary>The stop string or stop token that ended it; null at the natural end.</summary>
    public object? StopReason { get; private set; }

    public string Answer => _answer.ToString();

    /// <summary>The thinking, when it is kept apart and there is any.</summary>
    public string? Thinking => _thinking.Length == 0 ? null : _thinking.ToString();

    /// <summary>Prompt and reply, as the prefix cache keeps them.</summary>
    public int[] AllTokens() => [.. prompt, .. _generated];

    /// <summary>Generates up to <paramref name="count"/> tokens and adds the text they let out to <paramref name="deltas"/>.</summary>
    public void Advance(int count, List<(Part Part, string Text)> deltas)
    {
        for (var i = 0; i < count && Finish == FinishReason.None; i++)
        {
            if (_generated.Count >= limits.TokensMax)
            {
                End(FinishReason.Length, deltas);
            }
            else if (!source.TryNext(out var token, out var part))
            {
                End(FinishReason.Stop, deltas);
            }
            else
            {
                Take(token, part, deltas);
            }
        }
    }

    public void Abort(FinishReason reason, List<(Part Part, string Text)> deltas)
    {
        if (Finish == FinishReason.None)
        {
            End(reason, deltas);
        }
    }

    public void Dispose() => source.Dispose();

    private void Take(int token, Part part, List<(Part Part, string Text)> deltas)
    {
        _generated.Add(token);
        var mayStop = _generated.Count >= limits.TokensMin;
        if (mayStop && Array.IndexOf(limits.StopTokens, token) >= 0)
        {
            StopReason = token;
            End(FinishReason.Stop, deltas);
            return;
        }

        part = limits.SplitThinking ? part : Part.Answer;
        if (part != _part)
        {
            Emit(_part, _stops.Release(), deltas);
            _part = part;
        }

        // A reasoning parser swallows the markers; without one they are text like any other.
        var swallowed = limits.SplitThinking && token is (SpecialTokens.ThinkOpen or SpecialTokens.ThinkClose);
        ThinkingTokens += part == Part.Thinking && !swallowed ? 1 : 0;
        Emit(part, swallowed ? "" : _stops.Add(Tokenizer.Decode(token)!, mayStop), deltas);
        if (_stops.Matched is { } matched)
        {
            Finish = FinishReason.Stop;
            StopReason = matched;
        }
        else if (_generated.Count >= limits.TokensMax)
        {
            End(FinishReason.Length, deltas);
        }
    }

    private void End(FinishReason reason, List<(Part Part, string Text)> deltas)
    {
        Emit(_part, _stops.Release(), deltas);
        Finish = reason;
    }

    private void Emit(Part part, string text, List<(Part Part, string Text)> deltas)
    {
        if (text.Length == 0)
        {
            return;
        }

        (part == Part.Thinking ? _thinking : _answer).Append(text);
        if (deltas.Count > 0 && deltas[^1].Part == part)
        {
            deltas[^1] = (part, deltas[^1].Text + text);
            return;
        }

        deltas.Add((part, text));
    }
}
