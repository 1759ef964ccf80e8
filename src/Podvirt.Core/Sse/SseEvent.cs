using System.Runtime.InteropServices;

namespace Podvirt.Core.Sse;

/// <summary>Where the data of one complete event lies.</summary>
/// <param name="Start">Offset of the first data line's value.</param>
/// <param name="Length">Bytes of that value.</param>
/// <param name="Lines">How many data lines the event has: 0 for a comment, more than 1 when the value goes on.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct SseData(int Start, int Length, int Lines);

/// <summary>Reads the data lines of one complete event.</summary>
public static class SseEvent
{
    /// <summary>Finds the first data line and counts all of them.</summary>
    public static SseData FindData(ReadOnlySpan<byte> sseEvent)
    {
        var result = default(SseData);
        var at = 0;
        while (TryReadLine(sseEvent, ref at, out var start, out var length))
        {
            if (!TryGetDataValue(sseEvent.Slice(start, length), out var skipped))
            {
                continue;
            }
            result = result.Lines == 0
                ? new SseData(start + skipped, length - skipped, 1)
                : result with { Lines = result.Lines + 1 };
        }
        return result;
    }

    /// <summary>Joins all data lines with <c>\n</c>, as a client would, into <paramref name="destination"/>.</summary>
    /// <returns>Bytes written: never more than the event is long.</returns>
    public static int JoinData(ReadOnlySpan<byte> sseEvent, Span<byte> destination)
    {
        var written = 0;
        var first = true;
        var at = 0;
        while (TryReadLine(sseEvent, ref at, out var start, out var length))
        {
            var line = sseEvent.Slice(start, length);
            if (!TryGetDataValue(line, out var skipped))
            {
                continue;
            }
            if (!first)
            {
                destination[written++] = (byte)'\n';
            }
            first = false;
            line[skipped..].CopyTo(destination[written..]);
            written += length - skipped;
        }
        return written;
    }

    /// <summary>Reads one line after the other. Start with <paramref name="at"/> at 0; it comes to stand behind the line's end.</summary>
    /// <param name="start">Where the line begins.</param>
    /// <param name="length">Its bytes, without the end of the line.</param>
    /// <returns>False when there are no more.</returns>
    public static bool TryReadLine(ReadOnlySpan<byte> bytes, ref int at, out int start, out int length)
    {
        start = at;
        length = 0;
        if (at >= bytes.Length)
        {
            return false;
        }
        var found = bytes[at] is (byte)'\n' or (byte)'\r' ? 0 : bytes[at..].IndexOfAny((byte)'\r', (byte)'\n');
        length = found < 0 ? bytes.Length - at : found;
        at += length;
        if (at < bytes.Length && bytes[at] == (byte)'\r')
        {
            at++;
            if (at < bytes.Length && bytes[at] == (byte)'\n')
            {
                at++;
            }
        }
        else if (at < bytes.Length)
        {
            at++;
        }
        return true;
    }

    /// <summary>Whether a line is one of the event's data.</summary>
    public static bool IsData(ReadOnlySpan<byte> line) => TryGetDataValue(line, out _);

    // "data:value", "data: value" (one space is not part of it), or "data" alone (an empty value).
    private static bool TryGetDataValue(ReadOnlySpan<byte> line, out int skipped)
    {
        skipped = 0;
        if (!line.StartsWith("data"u8))
        {
            return false;
        }
        if (line.Length == 4)
        {
            skipped = 4;
            return true;
        }
        if (line[4] != (byte)':')
        {
            return false;
        }
        skipped = line.Length > 5 && line[5] == (byte)' ' ? 6 : 5;
        return true;
    }
}
