using Podvirt.Core.Sse;
using Podvirt.Fuzz.References;

namespace Podvirt.Fuzz.Targets;

/// <summary><see cref="SseScanner"/> and <see cref="SseEvent"/> against <see cref="SseReference"/>.</summary>
internal sealed class SseTarget : FuzzTarget
{
    public override string Name => "sse";

    public override IReadOnlyList<string> Tokens { get; } =
    [
        "\n", "\r", "\r\n", "\n\n", "\r\r", "\r\n\r\n", "\n\r", "data: ", "data:", "data", "\ndata: ", ":", " ", "event: e", "id: 1", "retry: 10",
        ": warming-up eta_ms=2300\n\n", "data: [DONE]\n\n", "data: {\"choices\":[]}\n\n", "Data: x", "database: x", "\0", "\xEF\xBB\xBF", "\xFF",
    ];

    public override int Check(ReadOnlyMemory<byte> input, Splitting splitting)
    {
        var expected = SseReference.Read(input.Span);
        CheckCutting(input.Span, expected, [], Cut(input, []));
        foreach (var cuts in splitting.Of(input.Length))
        {
            CheckCutting(input.Span, expected, cuts, Cut(input, cuts));
        }
        return HashCode.Combine(
            Math.Min(expected.Events.Count, 6),
            expected.HasRest,
            expected.Events.Aggregate(0, (kinds, e) => kinds | (1 << Math.Min(e.Data.Count, 4)) | (LineEndOf(input.Span[..e.End]) << 5)));
    }

    // As the relay does: what is left of a piece behind an event is scanned again.
    private static (List<int> Ends, bool IsBetween) Cut(ReadOnlyMemory<byte> input, int[] cuts)
    {
        var scanner = default(SseScanner);
        var ends = new List<int>();
        var at = 0;
        foreach (var piece in Splitting.Pieces(input, cuts))
        {
            var rest = piece.Span;
            while (rest.Length > 0)
            {
                var length = scanner.FindEventEnd(rest);
                Oracle.Holds(length is -1 || (length > 0 && length <= rest.Length), $"an event ends at {length} of {rest.Length} bytes");
                var taken = length < 0 ? rest.Length : length;
                at += taken;
                rest = rest[taken..];
                if (length > 0)
                {
                    ends.Add(at);
                }
            }
        }
        return (ends, scanner.IsBetweenEvents);
    }

    private static void CheckCutting(ReadOnlySpan<byte> input, SseReference.Stream expected, int[] cuts, (List<int> Ends, bool IsBetween) found)
    {
        Oracle.Equal(expected.Events.Count, found.Ends.Count, "events");
        Oracle.Equal(!expected.HasRest, found.IsBetween, "between events");
        var start = 0;
        for (var i = 0; i < found.Ends.Count; i++)
        {
            var end = found.Ends[i];
            var whole = expected.Events[i].End;
            if (end != whole)
            {
                // Only where a piece ended between an event's last CR and LF: the LF goes to the next event.
                var isBetweenCrAndLf = end == whole - 1 && input[end - 1] == (byte)'\r' && input[end] == (byte)'\n' && cuts.Contains(end);
                Oracle.Holds(isBetweenCrAndLf, $"event {i} ends at {end} instead of {whole}");
            }
            CheckData(expected.Events[i].Data, input[start..end]);
            start = end;
        }
    }

    private static void CheckData(IReadOnlyList<byte[]> expected, ReadOnlySpan<byte> sseEvent)
    {
        var found = SseEvent.FindData(sseEvent);
        Oracle.Equal(expected.Count, found.Lines, "data lines");
        if (expected.Count > 0)
        {
            Oracle.Equal(expected[0].AsSpan(), sseEvent.Slice(found.Start, found.Length), "first data line");
        }
        var joined = new byte[sseEvent.Length];
        var length = SseEvent.JoinData(sseEvent, joined);
        var values = new List<byte>();
        for (var i = 0; i < expected.Count; i++)
        {
            if (i > 0)
            {
                values.Add((byte)'\n');
            }
            values.AddRange(expected[i]);
        }
        Oracle.Equal([.. values], joined.AsSpan(0, length), "joined data");
    }

    private static int LineEndOf(ReadOnlySpan<byte> sseEvent) => sseEvent.EndsWith("\r\n"u8) ? 4 : sseEvent[^1] == (byte)'\r' ? 2 : 1;
}
