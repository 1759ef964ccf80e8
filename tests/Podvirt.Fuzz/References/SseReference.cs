namespace Podvirt.Fuzz.References;

/// <summary>
/// An event stream read in one piece and one line after the other, as WHATWG HTML 9.2.6 puts it ("Interpreting an event
/// stream"), on bytes. The stream's optional byte order mark is not taken off: neither does the scanner.
/// </summary>
internal static class SseReference
{
    /// <param name="End">Behind the event's empty line; a CR LF counts as one line end.</param>
    /// <param name="Data">The values of its data lines.</param>
    public sealed record Event(int End, IReadOnlyList<byte[]> Data);

    /// <param name="Events">Complete ones, those of comments and unknown fields included: they travel too.</param>
    /// <param name="HasRest">Something of another event stands behind the last complete one.</param>
    public sealed record Stream(IReadOnlyList<Event> Events, bool HasRest);

    public static Stream Read(ReadOnlySpan<byte> bytes)
    {
        var events = new List<Event>();
        var data = new List<byte[]>();
        var hasLines = false;
        var at = 0;
        while (at < bytes.Length)
        {
            var lineStart = at;
            while (at < bytes.Length && bytes[at] is not ((byte)'\r' or (byte)'\n'))
            {
                at++;
            }
            var line = bytes[lineStart..at];
            if (at == bytes.Length)
            {
                return new Stream(events, HasRest: true);
            }
            at += bytes[at] == (byte)'\r' && at + 1 < bytes.Length && bytes[at + 1] == (byte)'\n' ? 2 : 1;
            if (line.Length > 0)
            {
                hasLines = true;
                ReadField(line, data);
            }
            else if (hasLines)
            {
                events.Add(new Event(at, data));
                data = [];
                hasLines = false;
            }
        }
        return new Stream(events, hasLines);
    }

    private static void ReadField(ReadOnlySpan<byte> line, List<byte[]> data)
    {
        var colon = line.IndexOf((byte)':');
        var field = colon < 0 ? line : line[..colon];
        var value = colon < 0 ? [] : line[(colon + 1)..];
        if (value.Length > 0 && value[0] == (byte)' ')
        {
            value = value[1..];
        }
        if (field.SequenceEqual("data"u8))
        {
            data.Add(value.ToArray());
        }
    }
}
