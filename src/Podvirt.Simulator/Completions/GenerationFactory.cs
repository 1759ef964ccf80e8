using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Faults;
using Podvirt.Simulator.Language;

namespace Podvirt.Simulator.Completions;

/// <summary>One text to continue.</summary>
internal sealed record PromptText(int[] Tokens, Topic Topic);

/// <summary>Turns a checked request into sequences: for each prompt in turn, its choices.</summary>
internal sealed class GenerationFactory(SimulatedEngine engine)
{
    // Far enough apart that the choices of neighbouring seeds do not meet.
    private const ulong SeedStride = 0x9E37_79B9_7F4A_7C15;

    private readonly ulong _modelHash = Chooser.Hash(engine.Options.Model);

    /// <param name="thinks">Whether the replies begin with thinking.</param>
    /// <param name="continues">Whether the replies run on from the prompt's text.</param>
    /// <param name="defaultMax">The token cap of a request that sets none; null for the whole context.</param>
    /// <param name="script">What the replies consist of in place of prose.</param>
    public Generation Create(
        IReadOnlyList<PromptText> prompts, Sampling sampling, bool thinks, bool continues, int? defaultMax, CancellationToken client, Script? script = null)
    {
        var limits = Array.ConvertAll([.. prompts], prompt => Limits(prompt, sampling, defaultMax));
        var sequences = new List<Sequence>(prompts.Count * sampling.Choices);
        foreach (var (prompt, limit) in prompts.Zip(limits))
        {
            var promptHash = Chooser.Mix(Chooser.Hash(prompt.Tokens) ^ _modelHash);
            for (var choice = 0; choice < sampling.Choices; choice++)
            {
                var writing = new Writing(
                    prompt.Topic, promptHash, sampling.Seed + ((ulong)choice * SeedStride), sampling.Temperature, thinks,
                    sampling.IgnoreEnd ? limit.TokensMax : limit.TokensMin, continues, script);
                sequences.Add(new Sequence(sequences.Count, prompt.Tokens, limit, engine.Model.Write(writing)));
            }
        }

        var faults = GenerationFaults.Take(engine.Faults, sampling.Stream);
        return new Generation(sequences, faults, sampling.Seed, client) { PromptTokens = prompts.Sum(prompt => prompt.Tokens.Length) };
    }

    private SequenceLimits Limits(PromptText prompt, Sampling sampling, int? defaultMax)
    {
        var tokensMax = sampling.Room(prompt.Tokens.Length, engine.Options.MaxModelLength, defaultMax);
        return new SequenceLimits(
            tokensMax,
            Math.Min(sampling.TokensMin, tokensMax),
            sampling.Stops,
            sampling.IncludeStop,
            sampling.StopTokens,
            engine.Options.ReasoningParser is not null);
    }
}
