using System.Text;
using CsCheck;
using Podvirt.Core.Http;

namespace Podvirt.Core.Tests.Http;

public sealed class ResponseHeadTests
{
    public static TheoryData<string> GoodHeads =>
    [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n",
        "HTTP/1.1 200 OK\r\nDate: now\r\nTransfer-Encoding: chunked\r\nContent-Type:text/event-stream; charset=utf-8\r\n\r\n",
        "HTTP/1.0 404\r\nX:\r\nY:  \t \r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\n",
    ];

    [Theory]
    [MemberData(nameof(GoodHeads))]
    public void EveryPrefixOfAHead_IsIncompleteAndConsumesNothing(string head)
    {
        var bytes = Encoding.ASCII.GetBytes(head);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Equal(HeadParseResult.Incomplete, ResponseHead.Parse(bytes.AsSpan(0, length), out var partial, out var none));
            Assert.Equal(0, none);
            Assert.Equal(0, partial.Status);
        }
        Assert.Equal(HeadParseResult.Complete, ResponseHead.Parse(bytes, out _, out var consumed));
        Assert.Equal(bytes.Length, consumed);
    }

    [Theory]
    [MemberData(nameof(GoodHeads))]
    public void BytesBehindAHead_AreNotConsumed(string head)
    {
        Assert.Equal(HeadParseResult.Complete, ResponseHead.Parse(Encoding.ASCII.GetBytes(head + "\r\nbody\r\n\r\n"), out _, out var consumed));
        Assert.Equal(head.Length, consumed);
    }

    [Theory]
    [InlineData(200, "", BodyFraming.CloseDelimited, false)]
    [InlineData(200, "Content-Length: 0", BodyFraming.None, true)]
    [InlineData(200, "CONTENT-LENGTH:7", BodyFraming.ContentLength, true)]
    [InlineData(200, "content-length: 7\r\ncontent-length: 7", BodyFraming.ContentLength, true)]
    [InlineData(200, "content-length: 7\r\ncontent-length: 007", BodyFraming.ContentLength, true)]
    [InlineData(200, "Transfer-Encoding: Chunked", BodyFraming.Chunked, true)]
    [InlineData(500, "transfer-encoding:chunked \t", BodyFraming.Chunked, true)]
    [InlineData(204, "", BodyFraming.None, true)]
    [InlineData(304, "", BodyFraming.None, true)]
    [InlineData(304, "content-length: 7", BodyFraming.None, false)]
    [InlineData(204, "content-length: 0", BodyFraming.None, true)]
    [InlineData(204, "content-length: 7", BodyFraming.None, false)]
    [InlineData(204, "transfer-encoding: chunked", BodyFraming.None, false)]
    [InlineData(100, "", BodyFraming.None, true)]
    [InlineData(199, "content-length: 7", BodyFraming.None, false)]
    public void StatusAndLengths_DecideHowTheBodyEnds(int status, string headers, BodyFraming framing, bool keepAlive)
    {
        var head = Parse($"HTTP/1.1 {status} Reason\r\n{headers}{(headers.Length > 0 ? "\r\n" : "")}\r\n");
        Assert.Equal(status, head.Status);
        Assert.Equal(status < 200, head.IsInformational);
        Assert.Equal(framing, head.Framing);
        Assert.Equal(keepAlive, head.KeepAlive);
        if (framing == BodyFraming.ContentLength)
        {
            Assert.Equal(7, head.ContentLength);
        }
    }

    [Theory]
    [InlineData("HTTP/1.1", "", true)]
    [InlineData("HTTP/1.1", "Connection: close\r\n", false)]
    [InlineData("HTTP/1.1", "Connection: CLOSE\r\n", false)]
    [InlineData("HTTP/1.1", "Connection: keep-alive\r\n", true)]
    [InlineData("HTTP/1.1", "Connection: x-hop\r\n", true)]
    [InlineData("HTTP/1.1", "Connection:\r\n", true)]
    [InlineData("HTTP/1.1", "Connection: x-hop, close\r\n", false)]
    [InlineData("HTTP/1.1", "Connection: close ,x-hop\r\n", false)]
    [InlineData("HTTP/1.1", "Connection: keep-alive, close\r\n", false)]
    [InlineData("HTTP/1.1", "Connection: close\r\nConnection: keep-alive\r\n", false)]
    [InlineData("HTTP/1.1", "Connection: keep-alive\r\nConnection: close\r\n", false)]
    [InlineData("HTTP/1.1", "Connection: closed\r\n", true)]
    [InlineData("HTTP/1.0", "", false)]
    [InlineData("HTTP/1.0", "Connection: Keep-Alive\r\n", true)]
    [InlineData("HTTP/1.0", "Connection: x-hop, keep-alive\r\n", true)]
    [InlineData("HTTP/1.0", "Connection: keep-alive, close\r\n", false)]
    [InlineData("HTTP/1.0", "Connection: close\r\n", false)]
    public void VersionAndConnection_DecideWhetherItIsKept(string version, string headers, bool expected) =>
        Assert.Equal(expected, Parse($"{version} 200 OK\r\nContent-Length: 1\r\n{headers}\r\n").KeepAlive);

    [Fact]
    public void BodyWithoutALength_EndsItsConnection() =>
        Assert.False(Parse("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n").KeepAlive);

    [Fact]
    public void ChunkedReplyOfHttp10_IsNotReused()
    {
        // RFC 9112, 6.1: its sender may not have known what it passed on.
        var head = Parse("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n");
        Assert.Equal(BodyFraming.Chunked, head.Framing);
        Assert.False(head.KeepAlive);
    }

    [Theory]
    [InlineData("Content-Length: 5\r\nContent-Length: 6")]
    [InlineData("Content-Length: 5, 5")]
    [InlineData("Content-Length: -5")]
    [InlineData("Content-Length: +5")]
    [InlineData("Content-Length: 5 5")]
    [InlineData("Content-Length: 0x5")]
    [InlineData("Content-Length: 5.0")]
    [InlineData("Content-Length:")]
    [InlineData("Content-Length: 1234567890123456789")]
    [InlineData("Content-Length : 5")]
    [InlineData("Content-Length\t: 5")]
    [InlineData("Content-Length: 5\r\nTransfer-Encoding: chunked")]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 5")]
    [InlineData("Transfer-Encoding: gzip")]
    [InlineData("Transfer-Encoding: gzip, chunked")]
    [InlineData("Transfer-Encoding: chunked, chunked")]
    [InlineData("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")]
    [InlineData("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip")]
    [InlineData("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked")]
    [InlineData("Transfer-Encoding:")]
    [InlineData("Transfer-Encoding: \"chunked\"")]
    [InlineData("Transfer-Encoding: chunked;a=b")]
    [InlineData("X: a\r\n folded")]
    [InlineData("X: a\r\n\tfolded")]
    [InlineData(" X: a")]
    [InlineData("X: a\nY: b")]
    [InlineData("X: a\rY: b")]
    [InlineData("X: a\n")]
    [InlineData("X: a\0b")]
    [InlineData("X: a\u0001b")]
    [InlineData("X: a\u007Fb")]
    [InlineData("X\0: a")]
    [InlineData("X Y: a")]
    [InlineData("X\tY: a")]
    [InlineData(": a")]
    [InlineData("no colon")]
    public void DoubtfulHeader_IsMalformed(string headers)
    {
        Refuses($"HTTP/1.1 200 OK\r\n{headers}\r\n\r\n");
        Refuses($"HTTP/1.1 200 OK\r\nA: b\r\n{headers}\r\nC: d\r\n\r\nbody");
    }

    [Theory]
    [InlineData("HTTP/1.1 200OK")]
    [InlineData("HTTP/1.1 2000")]
    [InlineData("HTTP/1.1 20")]
    [InlineData("HTTP/1.1 20 OK")]
    [InlineData("HTTP/1.1 +20 OK")]
    [InlineData("HTTP/1.1 -20 OK")]
    [InlineData("HTTP/1.1 099 No")]
    [InlineData("HTTP/1.1 600 No")]
    [InlineData("HTTP/1.1  200 OK")]
    [InlineData("HTTP/1.1\t200 OK")]
    [InlineData("HTTP/1.2 200 OK")]
    [InlineData("HTTP/2 200 OK")]
    [InlineData("http/1.1 200 OK")]
    [InlineData(" HTTP/1.1 200 OK")]
    [InlineData("ICY 200 OK")]
    [InlineData("HTTP/1.1 200 O\u0000K")]
    [InlineData("HTTP/1.1 200 O\rK")]
    [InlineData("HTTP/1.1 200 O\nK")]
    [InlineData("")]
    public void WrongStatusLine_IsMalformed(string line) => Refuses($"{line}\r\nContent-Length: 0\r\n\r\n");

    [Theory]
    [InlineData("HTTP/1.1 200 OK\nContent-Length: 5\n\nhello")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\n")]
    [InlineData("\n")]
    public void BareLineFeed_IsMalformedBeforeTheHeadEnds(string bytes) => Refuses(bytes);

    [Fact]
    public void HeadHiddenInAValue_DoesNotSplitTheReply()
    {
        // An injected empty line ends the head: what follows it is body, under the head's own framing.
        var bytes = "HTTP/1.1 200 OK\r\nContent-Length: 40\r\nX: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"u8;
        Assert.Equal(HeadParseResult.Complete, ResponseHead.Parse(bytes, out var head, out var consumed));
        Assert.Equal(40, head.ContentLength);
        Assert.Equal(45, consumed);
        Refuses("HTTP/1.1 200 OK\r\nX: a\nContent-Length: 0\r\n\r\n");
        Refuses("HTTP/1.1 200 OK\r\nX: a\rContent-Length: 0\r\n\r\n");
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void Length_IsBounded(int over, bool accepted)
    {
        const string Start = "HTTP/1.1 204 OK\r\n";
        var line = $"X: {new string('y', 4000)}\r\n";
        var start = Start + string.Concat(Enumerable.Repeat(line, 8)) + "X: ";
        var head = $"{start}{new string('y', ResponseHead.BytesMax - start.Length - 4 + over)}\r\n\r\n";
        var result = ResponseHead.Parse(Encoding.ASCII.GetBytes(head + "body"), out _, out var consumed);
        Assert.Equal(accepted ? HeadParseResult.Complete : HeadParseResult.Malformed, result);
        Assert.Equal(accepted ? ResponseHead.BytesMax : 0, consumed);
    }

    [Theory]
    [InlineData("HTTP/1.1 204 ", 0, true)]
    [InlineData("HTTP/1.1 204 ", 1, false)]
    [InlineData("HTTP/1.1 204 OK\r\nX: ", 0, true)]
    [InlineData("HTTP/1.1 204 OK\r\nX: ", 1, false)]
    [InlineData("HTTP/1.1 204 OK\r\nY: z\r\nX: ", 0, true)]
    [InlineData("HTTP/1.1 204 OK\r\nY: z\r\nX: ", 1, false)]
    public void LengthOfALine_IsBounded(string start, int over, bool accepted)
    {
        var line = start[(start.LastIndexOf('\n') + 1)..];
        Bounds(start + new string('y', ResponseHead.LineBytesMax - line.Length + over) + "\r\n", accepted);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    public void NumberOfHeaders_IsBounded(int over, bool accepted) =>
        Bounds("HTTP/1.1 204 OK\r\n" + string.Concat(Enumerable.Repeat("X: y\r\n", ResponseHead.HeadersMax + over)), accepted);

    [Fact]
    public void LineThatIsTooLong_IsMalformedBeforeItEnds()
    {
        var line = Encoding.ASCII.GetBytes("HTTP/1.1 204 " + new string('y', ResponseHead.LineBytesMax));
        Assert.Equal(HeadParseResult.Incomplete, ResponseHead.Parse(line.AsSpan(0, ResponseHead.LineBytesMax), out _, out _));
        Assert.Equal(HeadParseResult.Malformed, ResponseHead.Parse(line.AsSpan(0, ResponseHead.LineBytesMax + 2), out _, out _));
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("Retry-After: 0", 0.0)]
    [InlineData("retry-after:7", 7.0)]
    [InlineData("Retry-After: \t007 ", 7.0)]
    [InlineData("Retry-After: 86400", 86_400.0)]
    [InlineData("Retry-After: 86401", 86_400.0)]
    [InlineData("Retry-After: 99999999999999999999999", 86_400.0)]
    [InlineData("Retry-After: Thu, 01 Jan 2026 00:00:30 GMT", 30.0)]
    [InlineData("Retry-After: Wed, 31 Dec 2025 23:59:59 GMT", 0.0)]
    [InlineData("Retry-After: Sun, 01 Feb 2026 00:00:00 GMT", 86_400.0)]
    [InlineData("Retry-After:", null)]
    [InlineData("Retry-After: -1", null)]
    [InlineData("Retry-After: +1", null)]
    [InlineData("Retry-After: 1.5", null)]
    [InlineData("Retry-After: 1 s", null)]
    [InlineData("Retry-After: soon", null)]
    [InlineData("Retry-After: Thu, 01 Jan 2026 00:00:30 GMT, 5", null)]
    [InlineData("X-Retry-After: 5", null)]
    public void RetryAfter_IsSecondsOrADate(string header, double? seconds)
    {
        var head = Parse($"HTTP/1.1 503 No\r\nContent-Length: 0\r\n{header}{(header.Length > 0 ? "\r\n" : "")}\r\n");
        Assert.Equal(seconds, head.RetryAfter.From(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero))?.TotalSeconds);
        Assert.Equal(seconds is not null, head.RetryAfter.IsSaid);
    }

    [Theory]
    [InlineData("Content-Type: application/json", "application/json", false)]
    [InlineData("content-type:\t text/event-stream \t", "text/event-stream", true)]
    [InlineData("content-type:Text/Event-Stream;charset=utf-8", "Text/Event-Stream;charset=utf-8", true)]
    [InlineData("content-type: text/event-stream ; x=y", "text/event-stream ; x=y", true)]
    [InlineData("content-type: text/event-streams", "text/event-streams", false)]
    [InlineData("content-type: text/event", "text/event", false)]
    [InlineData("Content-Type:", "", false)]
    [InlineData("Content-Type: \t ", "", false)]
    [InlineData("X: text/event-stream", "", false)]
    public void ContentType_IsFoundInTheBytes(string header, string expected, bool isEventStream)
    {
        var bytes = Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nA: b\r\n{header}\r\nContent-Length: 0\r\n\r\n");
        Assert.Equal(HeadParseResult.Complete, ResponseHead.Parse(bytes, out var head, out _));
        Assert.Equal(expected, Encoding.ASCII.GetString(bytes, head.ContentType.Start, head.ContentType.Length));
        Assert.Equal(isEventStream, head.IsEventStream);
    }

    [Fact]
    public void ArbitraryBytes_AreCompleteOrConsumeNothing()
    {
        var token = Gen.OneOf(
            Gen.Byte.Array[0, 4].Select(Encoding.Latin1.GetString),
            Gen.Int[0, s_tokens.Length - 1].Select(i => s_tokens[i]));
        token.Array[0, 12].Sample(tokens =>
        {
            var bytes = Encoding.Latin1.GetBytes("HTTP/1.1 200" + string.Concat(tokens));
            var result = ResponseHead.Parse(bytes, out var head, out var consumed);
            Assert.Equal(result == HeadParseResult.Complete, consumed > 0);
            Assert.Equal(result == HeadParseResult.Complete ? 200 : 0, head.Status);
            if (consumed > 0)
            {
                Assert.EndsWith("\r\n\r\n", Encoding.Latin1.GetString(bytes, 0, consumed), StringComparison.Ordinal);
                Assert.True(head.Framing != BodyFraming.ContentLength || head.ContentLength > 0);
            }
        }, iter: 20_000);
    }

    [Fact]
    public void Parsing_AllocatesNothing()
    {
        var bytes = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\nConnection: a, b\r\n\r\n"u8.ToArray();
        Assert.Equal(0, Allocations.Of(() => ResponseHead.Parse(bytes, out _, out _)));
    }

    private static readonly string[] s_tokens =
    [
        "\r\n", "\r\n\r\n", " OK", "Content-Length: 5", "Content-Length: 6", "Transfer-Encoding: chunked", "Connection: close",
        "Content-Type: ", "text/event-stream", "Retry-After: 5", ":", " ", "\t", "X", "\n", "\r",
    ];

    private static ResponseHead Parse(string head)
    {
        Assert.Equal(HeadParseResult.Complete, ResponseHead.Parse(Encoding.ASCII.GetBytes(head), out var parsed, out var consumed));
        Assert.Equal(head.Length, consumed);
        return parsed;
    }

    // At the border it is whole, and no part of it is refused; beyond it is malformed, and never was anything else than incomplete.
    private static void Bounds(string lines, bool accepted)
    {
        var bytes = Encoding.ASCII.GetBytes(lines + "\r\n");
        Assert.Equal(accepted ? HeadParseResult.Complete : HeadParseResult.Malformed, ResponseHead.Parse(bytes, out _, out var consumed));
        Assert.Equal(accepted ? bytes.Length : 0, consumed);
        for (var length = 0; length < bytes.Length; length++)
        {
            var result = ResponseHead.Parse(bytes.AsSpan(0, length), out _, out _);
            Assert.True(result == HeadParseResult.Incomplete || (!accepted && result == HeadParseResult.Malformed), $"{result} at {length}");
        }
    }

    private static void Refuses(string head)
    {
        Assert.Equal(HeadParseResult.Malformed, ResponseHead.Parse(Encoding.Latin1.GetBytes(head), out var parsed, out var consumed));
        Assert.Equal(0, consumed);
        Assert.Equal(0, parsed.Status);
    }
}
