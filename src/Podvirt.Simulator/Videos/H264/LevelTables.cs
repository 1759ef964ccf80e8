namespace Podvirt.Simulator.Videos.H264;

/// <summary>One code of a variable length table.</summary>
internal readonly record struct Code(byte Bits, byte Length);

/// <summary>
/// The tables of clause 9.2 of ITU-T H.264 that blocks of direct components need: <c>coeff_token</c> (table 9-5) for a block whose
/// neighbours have none, and for chroma; <c>total_zeros</c> (9-7 and 9-9a), and <c>run_before</c> (9-10).
/// </summary>
internal static class LevelTables
{
    // Four lengths, or four codes, for each count of levels: with no trailing one, with one, two and three.
    private static readonly byte[] _lumaTokenLengths =
    [
        1, 0, 0, 0, 6, 2, 0, 0, 8, 6, 3, 0, 9, 8, 7, 5, 10, 9, 8, 6, 11, 10, 9, 7, 13, 11, 10, 8, 13, 13, 11, 9, 13, 13, 13, 10,
        14, 14, 13, 11, 14, 14, 14, 13, 15, 15, 14, 14, 15, 15, 15, 14, 16, 15, 15, 15, 16, 16, 16, 15, 16, 16, 16, 16, 16, 16, 16, 16,
    ];

    private static readonly byte[] _lumaTokenBits =
    [
        1, 0, 0, 0, 5, 1, 0, 0, 7, 4, 1, 0, 7, 6, 5, 3, 7, 6, 5, 3, 7, 6, 5, 4, 15, 6, 5, 4, 11, 14, 5, 4, 8, 10, 13, 4,
        15, 14, 9, 4, 11, 10, 13, 12, 15, 14, 9, 12, 11, 10, 13, 8, 15, 1, 9, 12, 11, 14, 13, 8, 7, 10, 9, 12, 4, 6, 5, 8,
    ];

    private static readonly byte[] _chromaTokenLengths = [2, 0, 0, 0, 6, 1, 0, 0, 6, 6, 3, 0, 6, 7, 7, 6, 6, 8, 8, 7];

    private static readonly byte[] _chromaTokenBits = [1, 0, 0, 0, 7, 1, 0, 0, 4, 6, 1, 0, 3, 3, 2, 5, 2, 3, 2, 0];

    /// <summary>By four times the count of levels, plus the count of trailing ones.</summary>
    public static readonly Code[] LumaToken = Join(_lumaTokenLengths, _lumaTokenBits);

    /// <inheritdoc cref="LumaToken"/>
    public static readonly Code[] ChromaToken = Join(_chromaTokenLengths, _chromaTokenBits);

    /// <summary>By the count of levels less one, then by the zeros before the last level.</summary>
    public static readonly Code[][] LumaZeros =
    [
        Join([1, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 9], [1, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 1]),
        Join([3, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 6, 6, 6, 6], [7, 6, 5, 4, 3, 5, 4, 3, 2, 3, 2, 3, 2, 1, 0]),
        Join([4, 3, 3, 3, 4, 4, 3, 3, 4, 5, 5, 6, 5, 6], [5, 7, 6, 5, 4, 3, 4, 3, 2, 3, 2, 1, 1, 0]),
        Join([5, 3, 4, 4, 3, 3, 3, 4, 3, 4, 5, 5, 5], [3, 7, 5, 4, 6, 5, 4, 3, 3, 2, 2, 1, 0]),
        Join([4, 4, 4, 3, 3, 3, 3, 3, 4, 5, 4, 5], [5, 4, 3, 7, 6, 5, 4, 3, 2, 1, 1, 0]),
        Join([6, 5, 3, 3, 3, 3, 3, 3, 4, 3, 6], [1, 1, 7, 6, 5, 4, 3, 2, 1, 1, 0]),
        Join([6, 5, 3, 3, 3, 2, 3, 4, 3, 6], [1, 1, 5, 4, 3, 3, 2, 1, 1, 0]),
        Join([6, 4, 5, 3, 2, 2, 3, 3, 6], [1, 1, 1, 3, 3, 2, 2, 1, 0]),
        Join([6, 6, 4, 2, 2, 3, 2, 5], [1, 0, 1, 3, 2, 1, 1, 1]),
        Join([5, 5, 3, 2, 2, 2, 4], [1, 0, 1, 3, 2, 1, 1]),
        Join([4, 4, 3, 3, 1, 3], [0, 1, 1, 2, 1, 3]),
        Join([4, 4, 2, 1, 3], [0, 1, 1, 1, 1]),
        Join([3, 3, 1, 2], [0, 1, 1, 1]),
        Join([2, 2, 1], [0, 1, 1]),
        Join([1, 1], [0, 1]),
    ];

    /// <inheritdoc cref="LumaZeros"/>
    public static readonly Code[][] ChromaZeros = [Join([1, 2, 3, 3], [1, 1, 1, 0]), Join([1, 2, 2], [1, 1, 0]), Join([1, 1], [1, 0])];

    /// <summary>By the zeros that are left less one, at most 6, then by the length of the run.</summary>
    public static readonly Code[][] RunBefore =
    [
        Join([1, 1], [1, 0]),
        Join([1, 2, 2], [1, 1, 0]),
        Join([2, 2, 2, 2], [3, 2, 1, 0]),
        Join([2, 2, 2, 3, 3], [3, 2, 1, 1, 0]),
        Join([2, 2, 3, 3, 3, 3], [3, 2, 3, 2, 1, 0]),
        Join([2, 3, 3, 3, 3, 3, 3], [3, 0, 1, 3, 2, 5, 4]),
        Join([3, 3, 3, 3, 3, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11], [7, 6, 5, 4, 3, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
    ];

    private static Code[] Join(byte[] lengths, byte[] bits) => [.. lengths.Zip(bits, (length, bit) => new Code(bit, length))];
}
