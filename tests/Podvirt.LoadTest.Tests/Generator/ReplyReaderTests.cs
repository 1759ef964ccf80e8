using System.Text;
using Podvirt.LoadTest.Generator;

namespace Podvirt.LoadTest.Tests.Generator;

public class ReplyReaderTests
{
    private const string Head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nx-request-id: abc\r\nx-podvirt-replica: r-1\r\n\r\n";

    private static readonly string[] s_events =
    [
        ": warming-up eta_ms=5\n\n",
        "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"@1 100 90 \"}}]}\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"@2 120 0 \"}}]}\n\n",
        "data: [DONE]\n\n",
    ];

    private static readonly ReplyEvent[] s_expected =
    [
        new(ReplyEventKind.Comment), new(ReplyEventKind.Other), new(ReplyEventKind.Token, 1, 100, 90), new(ReplyEventKind.Token, 2, 120, 0), new(ReplyEventKind.Done),
    ];

    [Fact]
    public void EverySplitInTwo_YieldsTheSameEvents()
    {
        var bytes = Encoding.ASCII.GetBytes(Head + string.Concat(s_events.Select(Chunk)) + "0\r\n\r\n");
        for (var split = 0; split <= bytes.Length; split++)
        {
            var sink = new RecordingSink();
            var reader = new ReplyReader();
            reader.Read(bytes.AsSpan(0, split), sink);
            reader.Read(bytes.AsSpan(split), sink);
            Assert.Equal(s_expected, sink.Events);
            Assert.Equal(1, sink.Ends);
        }
    }

    [Fact]
    public void ByteAfterByte_YieldsTheSameEvents()
    {
        var sink = new RecordingSink();
        var reader = new ReplyReader();
        foreach (var piece in Encoding.ASCII.GetBytes(Head + string.Concat(s_events.Select(Chunk)) + "0\r\n\r\n"))
        {
            reader.Read([piece], sink);
        }
        Assert.Equal(s_expected, sink.Events);
        Assert.Equal("r-1", Assert.Single(sink.Heads).Replica);
    }

    [Fact]
    public void ChunksThatCutEvents_YieldTheSameEvents()
    {
        // Proxies frame anew: a chunk may hold half an event, or several.
        var body = string.Concat(s_events);
        for (var size = 1; size < body.Length; size++)
        {
            var sink = new RecordingSink();
            new ReplyReader().Read(Encoding.ASCII.GetBytes(Head + string.Concat(body.Chunk(size).Select(c => Chunk(new string(c)))) + "0\r\n\r\n"), sink);
            Assert.Equal(s_expected, sink.Events);
        }
    }

    [Fact]
    public void TwoReplies_AreReadOneAfterTheOther()
    {
        var plain = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\n{}";
        var sink = new RecordingSink();
        new ReplyReader().Read(Encoding.ASCII.GetBytes(plain + Head + Chunk(s_events[4]) + "0\r\n\r\n"), sink);
        Assert.Equal([503, 200], sink.Heads.Select(h => h.Status));
        Assert.Equal(2, sink.Ends);
    }

    [Fact]
    public void BodyThatBreaksOff_DoesNotEnd()
    {
        var sink = new RecordingSink();
        new ReplyReader().Read(Encoding.ASCII.GetBytes(Head + string.Concat(s_events.Select(Chunk))), sink);
        Assert.Equal(0, sink.Ends);
    }

    [Fact]
    public void ChunkWithoutSize_IsRefused() =>
        Assert.Throws<FormatException>(() => new ReplyReader().Read(Encoding.ASCII.GetBytes(Head + "zz\r\n"), new RecordingSink()));

    private static string Chunk(string text) => $"{text.Length:x}\r\n{text}\r\n";
}
