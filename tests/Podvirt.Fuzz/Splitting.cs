namespace Podvirt.Fuzz;

/// <summary>In which pieces an input arrives. A splitting is the ascending places of its cuts.</summary>
internal sealed class Splitting
{
    // All pairs of cuts of a longer input would be too many.
    private const int PairsBytesMax = 64;
    private const int EveryCutBytesMax = 1024;
    private const int Samples = 400;
    private const int RandomCutsMax = 6;

    private readonly Random? _random;

    private Splitting(Random? random) => _random = random;

    /// <summary>
    /// Byte by byte and every single cut; every pair of cuts up to 64 bytes; above 1,024 bytes a few hundred
    /// cuts and sets of cuts, the same ones each time.
    /// </summary>
    public static Splitting Every { get; } = new(null);

    /// <summary>Byte by byte and two random sets of cuts.</summary>
    public static Splitting Some(Random random) => new(random);

    public IEnumerable<int[]> Of(int length)
    {
        yield return [.. Enumerable.Range(1, Math.Max(length - 1, 0))];
        if (_random is not null)
        {
            yield return Cuts(_random, length);
            yield return Cuts(_random, length);
            yield break;
        }
        if (length > EveryCutBytesMax)
        {
            var same = new Random(length);
            for (var i = 0; i < Samples; i++)
            {
                yield return Cuts(same, length);
            }
            yield break;
        }
        for (var first = 0; first <= length; first++)
        {
            yield return [first];
            for (var second = first; length <= PairsBytesMax && second <= length; second++)
            {
                yield return [first, second];
            }
        }
    }

    /// <summary>Places at which an input may break off: each of them up to 1,024 bytes, else some.</summary>
    public IEnumerable<int> PrefixesOf(int length) => _random is null && length <= EveryCutBytesMax
        ? Enumerable.Range(0, length)
        : Cuts(_random ?? new Random(length), Math.Max(length - 1, 0));

    /// <summary>The pieces between the cuts, empty ones included.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> Pieces(ReadOnlyMemory<byte> input, int[] cuts)
    {
        var start = 0;
        foreach (var cut in cuts)
        {
            yield return input[start..cut];
            start = cut;
        }
        yield return input[start..];
    }

    private static int[] Cuts(Random random, int length)
    {
        var cuts = new int[random.Next(1, RandomCutsMax)];
        for (var i = 0; i < cuts.Length; i++)
        {
            cuts[i] = random.Next(length + 1);
        }
        Array.Sort(cuts);
        return cuts;
    }
}
