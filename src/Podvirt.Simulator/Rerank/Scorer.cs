using Podvirt.Simulator.Embeddings;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Faults;
using Podvirt.Simulator.Http;

namespace Podvirt.Simulator.Rerank;

/// <summary>
/// Compares pairs of texts as engines do with embedding models: by the angle between their vectors. Texts that share words score higher; the same
/// text scores 1.
/// </summary>
internal sealed class Scorer(SimulatedEngine engine)
{
    /// <returns>Null: nobody is left to answer.</returns>
    /// <exception cref="RequestException">A pair is too long, or the engine gave it up.</exception>
    public async Task<ScoredPairs?> ScoreAsync((ScoreInput First, ScoreInput Second)[] pairs, CancellationToken client)
    {
        var tokens = 0;
        foreach (var (first, second) in pairs)
        {
            var length = first.Tokens.Length + second.Tokens.Length;
            tokens += length;
            if (length > engine.Options.MaxModelLength)
            {
                throw RequestException.Bad(
                    $"This model's maximum context length is {engine.Options.MaxModelLength} tokens. However, your request has "
                    + $"{length} input tokens. Please reduce the length of the input.", "input");
            }
        }

        var reportsUsage = engine.Faults.Take(FaultNames.NoUsage) is null;
        int[][] sequences = [.. pairs.SelectMany(pair => new[] { pair.First.Tokens, pair.Second.Tokens })];
        switch (await engine.ComputeAsync(sequences, client))
        {
            case GenerationOutcome.Completed:
                return new ScoredPairs([.. pairs.Select(Score)], tokens, reportsUsage);
            case GenerationOutcome.Aborted:
                throw RequestException.Engine("The request was aborted by the engine.");
            default:
                return null;
        }
    }

    private double Score((ScoreInput First, ScoreInput Second) pair)
    {
        var valid = engine.Model.WeightsValid;
        var first = EmbeddingModel.Embed(pair.First.Tokens, EmbeddingModel.Dimensions, valid);
        var second = EmbeddingModel.Embed(pair.Second.Tokens, EmbeddingModel.Dimensions, valid);
        return first.Zip(second, (a, b) => (double)a * b).Sum();
    }
}

/// <summary>What pairs came out at.</summary>
/// <param name="Scores">In the order of the pairs.</param>
/// <param name="Tokens">Of all pairs, each with both of its texts.</param>
/// <param name="ReportsUsage">Whether the reply says so.</param>
internal sealed record ScoredPairs(double[] Scores, int Tokens, bool ReportsUsage);
