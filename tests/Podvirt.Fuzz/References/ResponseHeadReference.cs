using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Podvirt.Core.Http;

namespace Podvirt.Fuzz.References;

/// <summary>What a head says, read line by line with regular expressions made from RFC 9112 and RFC 9110.</summary>
internal sealed partial record ResponseHeadReference(
    HeadParseResult Result, int Length = 0, int Status = 0, BodyFraming Framing = default, long ContentLength = 0, bool KeepAlive = false,
    string ContentType = "", bool IsEventStream = false)
{
    private static readonly ResponseHeadReference s_malformed = new(HeadParseResult.Malformed);

    public static ResponseHeadReference Read(ReadOnlySpan<byte> bytes)
    {
        // Latin-1 keeps every byte a character of its own.
        var text = Encoding.Latin1.GetString(bytes[..Math.Min(bytes.Length, ResponseHead.BytesMax)]);
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
        {
            return text.Length == ResponseHead.BytesMax || BareLineFeed().IsMatch(text) || IsOverALimit(text) ? s_malformed : new(HeadParseResult.Incomplete);
        }
        var lines = text[..end].Split("\r\n");
        var fields = lines[1..].Select(l => FieldLine().Match(l)).ToList();
        var status = StatusLine().Match(lines[0]);
        if (!status.Success || fields.Exists(f => !f.Success) || fields.Count > ResponseHead.HeadersMax || lines.Any(l => l.Length > ResponseHead.LineBytesMax))
        {
            return s_malformed;
        }
        return Interpret(status, [.. fields.Select(f => (f.Groups["name"].Value, f.Groups["value"].Value))], end + 4);
    }

    /// <summary>The values of all fields of one name, in order.</summary>
    public static List<string> ValuesOf(IEnumerable<(string Name, string Value)> fields, string name) =>
        [.. fields.Where(f => f.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Select(f => f.Value)];

    // Of the last line, which is on its way, the carriage return may be there.
    private static bool IsOverALimit(string text)
    {
        var lines = text.Split("\r\n");
        return lines.Length - 2 > ResponseHead.HeadersMax || lines[..^1].Any(l => l.Length > ResponseHead.LineBytesMax)
            || lines[^1].Length > ResponseHead.LineBytesMax + 1;
    }

    private static ResponseHeadReference Interpret(Match statusLine, List<(string Name, string Value)> fields, int length)
    {
        var status = int.Parse(statusLine.Groups["status"].Value, CultureInfo.InvariantCulture);
        var isHttp10 = statusLine.Groups["minor"].Value == "0";
        var lengths = ValuesOf(fields, "content-length");
        var codings = ValuesOf(fields, "transfer-encoding");
        var numbers = lengths.Select(l => Digits().IsMatch(l) ? long.Parse(l, CultureInfo.InvariantCulture) : -1).Distinct().ToList();
        if (numbers.Contains(-1) || numbers.Count > 1 || codings.Count > 1 || (codings.Count > 0 && numbers.Count > 0)
            || codings.Exists(c => !c.Equals("chunked", StringComparison.OrdinalIgnoreCase)))
        {
            return s_malformed;
        }

        var isChunked = codings.Count == 1;
        var framing = status is < 200 or 204 or 304 || numbers is [0] ? BodyFraming.None
            : isChunked ? BodyFraming.Chunked
            : numbers.Count == 1 ? BodyFraming.ContentLength
            : BodyFraming.CloseDelimited;
        var options = ValuesOf(fields, "connection").SelectMany(v => v.Split(',')).Select(o => o.Trim(' ', '\t').ToLowerInvariant()).ToList();
        var isFramedForNothing = framing == BodyFraming.None && (isChunked || numbers is [> 0]);
        var keepAlive = framing != BodyFraming.CloseDelimited && !isFramedForNothing && !options.Contains("close")
            && !(isHttp10 && (isChunked || !options.Contains("keep-alive")));
        var contentType = ValuesOf(fields, "content-type").LastOrDefault("");
        return new ResponseHeadReference(
            HeadParseResult.Complete, length, status, framing, numbers.Count == 1 ? numbers[0] : -1, keepAlive, contentType,
            contentType.Split(';')[0].TrimEnd(' ', '\t').Equals("text/event-stream", StringComparison.OrdinalIgnoreCase));
    }

    // 100 to 599; the reason is tabs, blanks, visible characters and obs-text.
    [GeneratedRegex(@"\AHTTP/1\.(?<minor>[01]) (?<status>[1-5][0-9][0-9])( [\t\x20-\x7E\x80-\xFF]*)?\z", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex StatusLine();

    [GeneratedRegex(@"\A(?<name>[!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(?<value>([\x21-\x7E\x80-\xFF]([\t\x20-\x7E\x80-\xFF]*[\x21-\x7E\x80-\xFF])?)?)[ \t]*\z", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex FieldLine();

    [GeneratedRegex(@"\A[0-9]{1,18}\z", RegexOptions.None, 5000)]
    private static partial Regex Digits();

    [GeneratedRegex(@"(\A|[^\r])\n", RegexOptions.ExplicitCapture, 5000)]
    private static partial Regex BareLineFeed();
}
