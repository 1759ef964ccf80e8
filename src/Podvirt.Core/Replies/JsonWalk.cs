using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Podvirt.Core.Replies;

/// <summary>
/// Steps over JSON in one pass, several times as fast as <see cref="System.Text.Json.Utf8JsonReader"/>. A step takes a place
/// and gives the one behind what it took, so that places stay in registers. Steps take only what they are sure of: at
/// anything unusual (an escaped name, a count with a fraction, deep nesting, an error) they are <see cref="Lost"/>, as is
/// every step from there, and the caller asks the reader instead. What they take, the reader takes.
/// </summary>
internal static class JsonWalk
{
    /// <summary>A place that no step leads away from.</summary>
    public const int Lost = -1;

    // Chunks nest five or six deep; the reader's own limit is 64.
    private const int DepthMax = 16;

    // No count of so many digits overflows.
    private const int CountDigitsMax = 18;

    /// <summary>The byte at a place; 0 at the end and where one is lost.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static byte ByteAt(ReadOnlySpan<byte> json, int at) => (uint)at < (uint)json.Length ? json[at] : (byte)0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int SkipBlanks(ReadOnlySpan<byte> json, int at) => ByteAt(json, at) > (byte)' ' ? at : SkipSomeBlanks(json, at);

    /// <summary>Takes <paramref name="expected"/>, with blanks before it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Take(ReadOnlySpan<byte> json, int at, byte expected)
    {
        at = SkipBlanks(json, at);
        return ByteAt(json, at) == expected ? at + 1 : Lost;
    }

    /// <summary>Takes a name without escapes and its colon.</summary>
    /// <param name="json">The text.</param>
    /// <param name="at">The place.</param>
    /// <param name="nameStart">Where the name starts, behind its quote.</param>
    /// <param name="nameLength">Bytes between the quotes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int TakeName(ReadOnlySpan<byte> json, int at, out int nameStart, out int nameLength)
    {
        nameStart = Take(json, at, (byte)'"');
        var end = EndOfText(json, nameStart);
        if (ByteAt(json, end) != (byte)'"')
        {
            nameStart = nameLength = 0;
            return Lost;
        }
        nameLength = end - nameStart;
        return Take(json, end + 1, (byte)':');
    }

    /// <summary>Takes what stands behind a member or an element: a comma, or the container's end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int TakeCommaOr(ReadOnlySpan<byte> json, int at, byte end, out bool isEnd)
    {
        at = SkipBlanks(json, at);
        var next = ByteAt(json, at);
        isEnd = next == end;
        return isEnd || next == (byte)',' ? at + 1 : Lost;
    }

    /// <summary>Takes a whole number that is no less than 0.</summary>
    public static int TakeCount(ReadOnlySpan<byte> json, int at, out long count)
    {
        at = SkipBlanks(json, at);
        count = 0;
        var start = at;
        while (ByteAt(json, at) is >= (byte)'0' and <= (byte)'9' and var digit)
        {
            count = (count * 10) + (digit - '0');
            if (++at - start > CountDigitsMax)
            {
                return Lost;
            }
        }
        // A fraction or an exponent is met by whoever expects a comma.
        return at > start && (at - start == 1 || json[start] != (byte)'0') ? at : Lost;
    }

    /// <summary>Takes any value.</summary>
    public static int SkipValue(ReadOnlySpan<byte> json, int at) => SkipValue(json, at, DepthMax);

    private static int SkipValue(ReadOnlySpan<byte> json, int at, int depthLeft)
    {
        at = SkipBlanks(json, at);
        switch (ByteAt(json, at))
        {
            case (byte)'"':
                return SkipString(json, at + 1);
            case (byte)'n':
                return SkipWord(json, at, "null"u8);
            case (byte)'t':
                return SkipWord(json, at, "true"u8);
            case (byte)'f':
                return SkipWord(json, at, "false"u8);
            case (byte)'{':
                return SkipObject(json, at + 1, depthLeft - 1);
            case (byte)'[':
                return SkipArray(json, at + 1, depthLeft - 1);
            default:
                return SkipNumber(json, at);
        }
    }

    private static int SkipObject(ReadOnlySpan<byte> json, int at, int depthLeft)
    {
        at = SkipBlanks(json, at);
        if (ByteAt(json, at) == (byte)'}')
        {
            return at + 1;
        }
        var isEnd = depthLeft < 0;
        at = isEnd ? Lost : at;
        while (at >= 0 && !isEnd)
        {
            at = TakeName(json, at, out _, out _);
            at = SkipValue(json, at, depthLeft);
            at = TakeCommaOr(json, at, (byte)'}', out isEnd);
        }
        return at;
    }

    private static int SkipArray(ReadOnlySpan<byte> json, int at, int depthLeft)
    {
        at = SkipBlanks(json, at);
        if (ByteAt(json, at) == (byte)']')
        {
            return at + 1;
        }
        var isEnd = depthLeft < 0;
        at = isEnd ? Lost : at;
        while (at >= 0 && !isEnd)
        {
            at = SkipValue(json, at, depthLeft);
            at = TakeCommaOr(json, at, (byte)']', out isEnd);
        }
        return at;
    }

    private static int SkipWord(ReadOnlySpan<byte> json, int at, ReadOnlySpan<byte> word) =>
        json[at..].StartsWith(word) ? at + word.Length : Lost;

    private static int SkipString(ReadOnlySpan<byte> json, int at)
    {
        while (true)
        {
            at = EndOfText(json, at);
            switch (ByteAt(json, at))
            {
                case (byte)'"':
                    return at + 1;
                case (byte)'\\':
                    at = SkipEscape(json, at + 1);
                    break;
                default:
                    return Lost;
            }
        }
    }

    private static int SkipEscape(ReadOnlySpan<byte> json, int at)
    {
        switch (ByteAt(json, at))
        {
            case (byte)'"' or (byte)'\\' or (byte)'/' or (byte)'b' or (byte)'f' or (byte)'n' or (byte)'r' or (byte)'t':
                return at + 1;
            case (byte)'u':
                for (var i = 1; i <= 4; i++)
                {
                    if (!char.IsAsciiHexDigit((char)ByteAt(json, at + i)))
                    {
                        return Lost;
                    }
                }
                return at + 5;
            default:
                return Lost;
        }
    }

    // -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?  What may stand behind a number is its container's business.
    private static int SkipNumber(ReadOnlySpan<byte> json, int at)
    {
        at += ByteAt(json, at) == (byte)'-' ? 1 : 0;
        var first = ByteAt(json, at);
        var start = at;
        at = SkipDigits(json, at);
        if (first == (byte)'0' && at - start > 1)
        {
            return Lost;
        }
        if (ByteAt(json, at) == (byte)'.')
        {
            at = SkipDigits(json, at + 1);
        }
        if (ByteAt(json, at) is (byte)'e' or (byte)'E')
        {
            at++;
            at = SkipDigits(json, at + (ByteAt(json, at) is (byte)'+' or (byte)'-' ? 1 : 0));
        }
        return at;
    }

    // At least one.
    private static int SkipDigits(ReadOnlySpan<byte> json, int at)
    {
        var start = at;
        while (ByteAt(json, at) is >= (byte)'0' and <= (byte)'9')
        {
            at++;
        }
        return at > start ? at : Lost;
    }

    private static int SkipSomeBlanks(ReadOnlySpan<byte> json, int at)
    {
        while (ByteAt(json, at) is (byte)' ' or (byte)'\n' or (byte)'\r' or (byte)'\t')
        {
            at++;
        }
        return at;
    }

    // The place of the next quote, backslash or control character. Names and texts are short: one look at 32 bytes finds it,
    // where a search's own start-up would cost more.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int EndOfText(ReadOnlySpan<byte> json, int at)
    {
        if (!Vector256.IsHardwareAccelerated || at < 0 || json.Length < Vector256<byte>.Count)
        {
            return EndOfTextByByte(json, at);
        }
        while (true)
        {
            // The last look overlaps what was seen before.
            var start = Math.Min(at, json.Length - Vector256<byte>.Count);
            var bytes = Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(json), (nuint)start);
            var ends = Vector256.Equals(bytes, Vector256.Create((byte)'"'))
                | Vector256.Equals(bytes, Vector256.Create((byte)'\\'))
                | Vector256.LessThan(bytes, Vector256.Create((byte)' '));
            var mask = (ulong)ends.ExtractMostSignificantBits() >> (at - start);
            if (mask != 0)
            {
                return at + BitOperations.TrailingZeroCount(mask);
            }
            if (start < at)
            {
                return Lost;
            }
            at += Vector256<byte>.Count;
        }
    }

    private static int EndOfTextByByte(ReadOnlySpan<byte> json, int at)
    {
        while ((uint)at < (uint)json.Length && json[at] is >= (byte)' ' and not ((byte)'"' or (byte)'\\'))
        {
            at++;
        }
        return (uint)at < (uint)json.Length ? at : Lost;
    }
}
