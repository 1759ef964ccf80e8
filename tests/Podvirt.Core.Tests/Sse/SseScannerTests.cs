using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using Podvirt.Core.Sse;

namespace Podvirt.Core.Tests.Sse;

public sealed partial class SseScannerTests
{
    /// <summary>A stream and the data of its events; null for an event without data.</summary>
    public static TheoryData<string, string?[]> Streams => new()
    {
        { "data: {\"a\":1}\n\n", ["{\"a\":1}"] },
        { "data: a\n\ndata: b\n\ndata: [DONE]\n\n", ["a", "b", "[DONE]"] },
        { "data: a\r\n\r\ndata: b\r\n\r\ndata: [DONE]\r\n\r\n", ["a", "b", "[DONE]"] },
        { "data: a\r\rdata: b\r\rdata: [DONE]\r\r", ["a", "b", "[DONE]"] },
        { "data: a\r\n\ndata: b\n\r\ndata: c\r\r\ndata: d\n\rdata: e\r\n\r", ["a", "b", "c", "d", "e"] },
        { ": waiting\n\ndata: a\n\n:\n\n", [null, "a", null] },
        { "event: message\nid: 7\ndata: a\nretry: 10\n\n", ["a"] },
        { "data: one\ndata:two\r\ndata:  three\rdata\n\n", ["one\ntwo\n three\n"] },
        { "data:\n\ndata\n\ndata: \n\n", ["", "", ""] },
        { "\n\ndata: a\n\n\n\n\r\n\rdata: b\n\n\n", ["a", "b"] },
        { "\r\n\r\ndata: a\r\n\r\n\r\n\r\ndata: b\r\n\r\n", ["a", "b"] },
        { "database: x\n\ndata : y\n\n data: z\n\n", [null, null, null] },
        { "data: a\n\ndata: unfinished\n", ["a"] },
        { "data: a\n\ndata: unfinished", ["a"] },
        { "\n\n\r\n\r", [] },
        { "", [] },
        { "data: ü€😀\n\n", ["ü€😀"] },
    };

    [Theory]
    [MemberData(nameof(Streams))]
    public void StreamInAnySplit_GivesTheSameEvents(string stream, string?[] expected)
    {
        var bytes = Encoding.UTF8.GetBytes(stream);
        var whole = Cut([bytes]);
        Assert.Equal(expected, whole.Select(DataOf));
        foreach (var pieces in Splits.Of(bytes))
        {
            var events = Cut(pieces);
            Assert.Equal(whole.Select(TrimLineEnds), events.Select(TrimLineEnds));
            Assert.Equal(expected, events.Select(DataOf));
        }
    }

    [Fact]
    public void LineFeedBehindACarriageReturnThatEndedARead_EndsNothing()
    {
        var scanner = default(SseScanner);
        Assert.Equal(-1, scanner.FindEventEnd("data: a\r"u8));
        Assert.Equal(-1, scanner.FindEventEnd("\n"u8));
        Assert.False(scanner.IsBetweenEvents);
        Assert.Equal(1, scanner.FindEventEnd("\r"u8));
        Assert.True(scanner.IsBetweenEvents);

        // The second half of the empty line: counted to the next event, and no part of its data.
        Assert.Equal(11, scanner.FindEventEnd("\ndata: bb\n\n"u8));
        Assert.True(scanner.IsBetweenEvents);
    }

    [Fact]
    public void EmptyRead_ChangesNothing()
    {
        var scanner = default(SseScanner);
        Assert.Equal(-1, scanner.FindEventEnd("data: a\r"u8));
        Assert.Equal(-1, scanner.FindEventEnd(default));
        Assert.Equal(2, scanner.FindEventEnd("\n\n"u8));
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("\n\r\n\r", true)]
    [InlineData("d", false)]
    [InlineData(":\n", false)]
    [InlineData("data: a\n\n", true)]
    [InlineData("data: a\n\nd", false)]
    public void IsBetweenEvents_TellsWhetherAnEventHasBegun(string stream, bool expected)
    {
        var scanner = default(SseScanner);
        var rest = Encoding.UTF8.GetBytes(stream).AsSpan();
        for (var length = scanner.FindEventEnd(rest); length >= 0; length = scanner.FindEventEnd(rest))
        {
            rest = rest[length..];
        }
        Assert.Equal(expected, scanner.IsBetweenEvents);
    }

    [Fact]
    public void RandomStreamsInRandomSplits_GiveWhatASimpleReaderFinds()
    {
        var token = Gen.OneOf("\n", "\r", "\r\n", "\n\n", "data: ", "data:", "data", ":", " ", "x", "event: e", "ü");
        var streams = Gen.Select(token.Array[0, 30], Gen.Int[0, 60].Array[0, 8]);
        streams.Sample((tokens, places) =>
        {
            var stream = string.Concat(tokens);
            var events = Cut(Splits.At(Encoding.UTF8.GetBytes(stream), places));
            Assert.Equal(ReadSimply(stream), events.Select(DataOf));
        }, iter: 20_000);
    }

    [Fact]
    public void Events_AllocateNothing()
    {
        var stream = ": comment\n\ndata: {\"a\":1}\n\ndata: one\r\ndata: two\r\n\r\ndata: [DONE]\n\n"u8.ToArray();
        var joined = new byte[stream.Length];
        var allocated = Allocations.Of(() =>
        {
            var scanner = default(SseScanner);
            var rest = stream.AsSpan();
            while (scanner.FindEventEnd(rest) is > 0 and var length)
            {
                var found = SseEvent.FindData(rest[..length]);
                if (found.Lines > 1)
                {
                    SseEvent.JoinData(rest[..length], joined);
                }
                rest = rest[length..];
            }
        });
        Assert.Equal(0, allocated);
    }

    // Cuts a stream into events, as its reader would; every byte must end up in exactly one of them or in the rest.
    private static List<byte[]> Cut(IEnumerable<ReadOnlyMemory<byte>> pieces)
    {
        var scanner = default(SseScanner);
        var events = new List<byte[]>();
        var partial = new List<byte>();
        foreach (var piece in pieces)
        {
            var rest = piece.Span;
            while (rest.Length > 0)
            {
                var length = scanner.FindEventEnd(rest);
                var taken = length < 0 ? rest : rest[..length];
                partial.AddRange(taken);
                if (length >= 0)
                {
                    events.Add([.. partial]);
                    partial.Clear();
                }
                rest = rest[taken.Length..];
            }
        }
        return events;
    }

    private static string? DataOf(byte[] sseEvent)
    {
        var found = SseEvent.FindData(sseEvent);
        var joined = new byte[sseEvent.Length];
        var data = Encoding.UTF8.GetString(joined, 0, SseEvent.JoinData(sseEvent, joined));
        if (found.Lines == 1)
        {
            Assert.Equal(data, Encoding.UTF8.GetString(sseEvent, found.Start, found.Length));
        }
        return found.Lines == 0 ? null : data;
    }

    private static string TrimLineEnds(byte[] sseEvent) => Encoding.UTF8.GetString(sseEvent).Trim('\r', '\n');

    private static IEnumerable<string?> ReadSimply(string stream)
    {
        var lines = LineEnd().Split(stream);
        var current = new List<string>();

        // What follows the last line end is no complete line.
        foreach (var line in lines.SkipLast(1))
        {
            if (line.Length > 0)
            {
                current.Add(line);
            }
            else if (current.Count > 0)
            {
                var data = current.Where(l => l == "data" || l.StartsWith("data:", StringComparison.Ordinal))
                    .Select(l => l.Length < 5 ? "" : l[5..]).Select(v => v.StartsWith(' ') ? v[1..] : v).ToList();
                yield return data.Count == 0 ? null : string.Join('\n', data);
                current.Clear();
            }
        }
    }

    [GeneratedRegex("\r\n|\r|\n", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex LineEnd();
}
