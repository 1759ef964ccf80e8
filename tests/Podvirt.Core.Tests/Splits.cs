namespace Podvirt.Core.Tests;

/// <summary>The ways in which one text can arrive.</summary>
internal static class Splits
{
    /// <summary>In one piece, byte by byte, and in every two and every three pieces, empty ones included.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>[]> Of(ReadOnlyMemory<byte> bytes)
    {
        yield return [bytes];
        yield return [.. Enumerable.Range(0, bytes.Length).Select(i => bytes.Slice(i, 1))];
        for (var first = 0; first <= bytes.Length; first++)
        {
            yield return [bytes[..first], bytes[first..]];
            for (var second = first; second <= bytes.Length; second++)
            {
                yield return [bytes[..first], bytes[first..second], bytes[second..]];
            }
        }
    }

    /// <summary>At the given places, whatever their order; those past the end do not count.</summary>
    public static IEnumerable<ReadOnlyMemory<byte>> At(ReadOnlyMemory<byte> bytes, IEnumerable<int> places)
    {
        var start = 0;
        foreach (var place in places.Where(p => p < bytes.Length).Order())
        {
            yield return bytes[start..place];
            start = place;
        }
        yield return bytes[start..];
    }
}
