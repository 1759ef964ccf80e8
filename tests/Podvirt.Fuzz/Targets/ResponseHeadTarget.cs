using System.Text;
using Podvirt.Core.Http;
using Podvirt.Fuzz.References;

namespace Podvirt.Fuzz.Targets;

/// <summary><see cref="ResponseHead"/> against <see cref="ResponseHeadReference"/>, and against what would split or smuggle a reply.</summary>
internal sealed class ResponseHeadTarget : FuzzTarget
{
    public override string Name => "response-head";

    public override IReadOnlyList<string> Tokens { get; } =
    [
        "\r\n", "\r\n\r\n", "\r", "\n", " ", "\t", ":", ": ", " :", "\r\n ", "\r\n\t", "\0", "\x7F", "\xE9", "HTTP/1.1 200 OK\r\n", "HTTP/1.0 200 OK\r\n",
        "HTTP/1.1 204 No Content\r\n", "HTTP/1.1 304 Not Modified\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 503 \r\n", "HTTP/2 200\r\n",
        "Content-Length: 5\r\n", "Content-Length: 6\r\n", "content-length:005\r\n", "Content-Length: 0\r\n", "Content-Length: 5, 5\r\n",
        "Content-Length : 5\r\n", "Content-Length: +5\r\n", "Content-Length: 999999999999999999\r\n",
        "Content-Length: 1000000000000000000\r\n", "Transfer-Encoding: chunked\r\n",
        "transfer-encoding:\tChunked \r\n", "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: identity\r\n", "Transfer-Encoding:\r\n",
        "Connection: close\r\n", "Connection: keep-alive\r\n", "Connection: x , Close,y\r\n", "Content-Type: text/event-stream; charset=utf-8\r\n",
        "Content-Type: application/json\r\n", "content-type:\r\n", "Retry-After: 5\r\n", "X: y\r\n", ",", ";", "chunked", "close",
    ];

    public override int Check(ReadOnlyMemory<byte> input, Splitting splitting)
    {
        var bytes = input.Span;
        var expected = ResponseHeadReference.Read(bytes);
        CheckSame(expected, bytes);
        if (expected.Result == HeadParseResult.Complete)
        {
            CheckNothingIsSmuggled(bytes[..expected.Length], expected);
            CheckWrittenAnew(bytes[..expected.Length], expected);
        }
        foreach (var length in splitting.PrefixesOf(input.Length))
        {
            CheckPrefix(bytes, length, expected);
        }
        return HashCode.Combine(
            expected.Result, expected.Status / 100, expected.Framing, expected.KeepAlive, expected.IsEventStream, expected.ContentType.Length > 0,
            bytes.IndexOf("\r\n"u8) >= 0, Math.Min(bytes[..expected.Length].Count((byte)'\n'), 6));
    }

    private static void CheckSame(ResponseHeadReference expected, ReadOnlySpan<byte> bytes)
    {
        var result = ResponseHead.Parse(bytes, out var head, out var consumed);
        Oracle.Equal(expected.Result, result, "result");
        Oracle.Equal(expected.Length, consumed, "bytes consumed");
        Oracle.Equal(expected.Status, head.Status, "status");
        Oracle.Equal(expected.Framing, head.Framing, "framing");
        Oracle.Equal(expected.ContentLength, head.ContentLength, "content length");
        Oracle.Equal(expected.KeepAlive, head.KeepAlive, "keep-alive");
        Oracle.Equal(expected.IsEventStream, head.IsEventStream, "event stream");
        Oracle.Equal(expected.ContentType, Encoding.Latin1.GetString(bytes.Slice(head.ContentType.Start, head.ContentType.Length)), "content type");
    }

    // A reader that goes by the lines alone, however sloppy, must not find another end of this head or of its body.
    private static void CheckNothingIsSmuggled(ReadOnlySpan<byte> head, ResponseHeadReference expected)
    {
        var text = Encoding.Latin1.GetString(head);
        var lines = text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries);
        Oracle.Equal(string.Join("\r\n", lines) + "\r\n\r\n", text, "lines that end in anything but CR LF");
        Oracle.Holds(!text.Contains('\0', StringComparison.Ordinal), "a NUL");
        var fields = new List<(string Name, string Value)>();
        foreach (var line in lines[1..])
        {
            Oracle.Holds(!char.IsWhiteSpace(line[0]), "a folded line");
            var name = line[..line.IndexOf(':', StringComparison.Ordinal)];
            Oracle.Equal(name.Trim(), name, "white space at a name");
            fields.Add((name, line[(name.Length + 1)..].Trim()));
        }
        var lengths = ResponseHeadReference.ValuesOf(fields, "content-length");
        var codings = ResponseHeadReference.ValuesOf(fields, "transfer-encoding");
        Oracle.Holds(lengths.Count == 0 || codings.Count == 0, "both a length and a coding");
        Oracle.Holds(lengths.Select(l => l.TrimStart('0')).Distinct(StringComparer.Ordinal).Count() <= 1, "two lengths");
        Oracle.Holds(codings.Count <= 1, "two codings");
        Oracle.Holds(expected.Framing != BodyFraming.CloseDelimited || (lengths.Count == 0 && codings.Count == 0), "a length that is not used");
    }

    // Only the fields that matter, in a plain spelling: the same meaning.
    private static void CheckWrittenAnew(ReadOnlySpan<byte> head, ResponseHeadReference expected)
    {
        var version = Encoding.Latin1.GetString(head[..8]);
        var text = new StringBuilder($"{version} {expected.Status}\r\n");
        if (expected.ContentType.Length > 0)
        {
            text.Append($"content-type:{expected.ContentType}\r\n");
        }
        if (expected.ContentLength >= 0)
        {
            text.Append($"CONTENT-LENGTH: {expected.ContentLength}\r\n");
        }
        else if (expected.Framing == BodyFraming.Chunked)
        {
            text.Append("transfer-encoding: CHUNKED\r\n");
        }
        text.Append(expected.KeepAlive ? "connection: keep-alive\r\n\r\n" : "connection: close\r\n\r\n");
        var bytes = Encoding.Latin1.GetBytes(text.ToString());
        CheckSame(expected with { Length = bytes.Length }, bytes);
    }

    // What has come so far never says something that the rest would take back, and consumes nothing before it is all there.
    private static void CheckPrefix(ReadOnlySpan<byte> bytes, int length, ResponseHeadReference whole)
    {
        var result = ResponseHead.Parse(bytes[..length], out var head, out var consumed);
        switch (result)
        {
            case HeadParseResult.Incomplete:
                Oracle.Holds(whole.Result != HeadParseResult.Complete || length < whole.Length, "incomplete although all of it is there");
                Oracle.Equal(0, consumed + head.Status, "an incomplete head");
                break;
            case HeadParseResult.Malformed:
                Oracle.Equal(HeadParseResult.Malformed, whole.Result, "the whole of a malformed start");
                Oracle.Equal(0, consumed + head.Status, "a malformed head");
                break;
            default:
                Oracle.Equal(whole.Length, consumed, "bytes consumed of a longer head");
                Oracle.Equal(whole.Status, head.Status, "status of a longer head");
                break;
        }
    }
}
