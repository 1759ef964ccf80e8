using Podvirt.Simulator.Language;
using Podvirt.Simulator.Tokens;

namespace Podvirt.Simulator.Embeddings;

/// <summary>
/// Turns tokens into a unit vector: each token adds its own fixed direction, so texts that share words are near each other. The case
/// of a letter and the space before it do not count.
/// </summary>
internal static class EmbeddingModel
{
    public const int Dimensions = 768;

    private const int EntriesPerToken = 16;

    public static float[] Embed(ReadOnlySpan<int> tokens, int dimensions, bool weightsValid)
    {
        var full = new double[Dimensions];
        foreach (var token in tokens)
        {
            var state = Chooser.Hash((Tokenizer.Decode(token) ?? "").Trim().ToUpperInvariant());
            state ^= weightsValid ? 0 : (ulong)Random.Shared.NextInt64();
            for (var i = 0; i < EntriesPerToken; i++)
            {
                var bits = Chooser.Step(ref state);
                full[(int)(bits % Dimensions)] += (bits >> 63) == 0 ? 1 : -1;
            }
        }

        // The leading dimensions make a shorter vector, as models trained for that do.
        var vector = full.AsSpan(0, dimensions);
        var sum = 0.0;
        foreach (var value in vector)
        {
            sum += value * value;
        }

        var length = Math.Sqrt(sum);
        var result = new float[dimensions];
        for (var i = 0; i < dimensions; i++)
        {
            // A vector of zeros has no direction; any fixed one will do.
            result[i] = length > 0 ? (float)(vector[i] / length) : i == 0 ? 1 : 0;
        }

        return result;
    }
}
