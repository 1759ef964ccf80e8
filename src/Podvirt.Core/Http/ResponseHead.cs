using System.Buffers;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text;

namespace Podvirt.Core.Http;

/// <summary>How a response body ends.</summary>
public enum BodyFraming
{
    None,
    ContentLength,
    Chunked,

    /// <summary>By the end of the connection.</summary>
    CloseDelimited,
}

public enum HeadParseResult
{
    /// <summary>The empty line is not there yet: read more and call again from the start.</summary>
    Incomplete,
    Complete,
    Malformed,
}

/// <summary>The part of an HTTP/1.1 response head (RFC 9112) that a gateway acts on.</summary>
[StructLayout(LayoutKind.Auto)]
public struct ResponseHead
{
    /// <summary>Longest head that is read. Engines send a few hundred bytes.</summary>
    public const int BytesMax = 32 * 1024;

    /// <summary>Longest line of it, without its end. As common servers limit theirs; what a gateway acts on fits a hundred bytes.</summary>
    public const int LineBytesMax = 8 * 1024;

    /// <summary>Most header lines. Engines send ten, with a proxy before them thirty; each is work before anything is known of the answer.</summary>
    public const int HeadersMax = 100;

    private static readonly SearchValues<byte> s_nameBytes =
        SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);

    public int Status { get; private set; }

    public BodyFraming Framing { get; private set; }

    /// <summary>Bytes of the body when <see cref="Framing"/> is <see cref="BodyFraming.ContentLength"/>.</summary>
    public long ContentLength { get; private set; }

    /// <summary>Whether the connection may carry another request after the body.</summary>
    public bool KeepAlive { get; private set; }

    public bool IsEventStream { get; private set; }

    public readonly bool IsInformational => Status is >= 100 and < 200;

    /// <summary>Offset and length of the content type's value within the parsed bytes; length 0: none.</summary>
    public (int Start, int Length) ContentType { get; private set; }

    /// <summary>When trying again makes sense, where the sender says so.</summary>
    public RetryAfter RetryAfter { get; private set; }

    /// <summary>
    /// Parses one head at the start of <paramref name="bytes"/>. Consumes nothing and changes nothing unless complete.
    /// Refused as malformed: obsolete line folding, names that are no tokens, bare line feeds, control characters in
    /// values, several different content lengths, content length together with a transfer coding, a coding other than
    /// chunked; and whatever is over a limit, as soon as it is.
    /// </summary>
    /// <param name="consumed">Bytes of the head with its empty line, when complete.</param>
    public static HeadParseResult Parse(ReadOnlySpan<byte> bytes, out ResponseHead head, out int consumed)
    {
        head = default;
        consumed = 0;
        var window = bytes.Length > BytesMax ? bytes[..BytesMax] : bytes;
        var end = window.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return bytes.Length >= BytesMax || !MayBecomeHead(window) ? HeadParseResult.Malformed : HeadParseResult.Incomplete;
        }

        var parsed = new ResponseHead { ContentLength = -1 };
        var statusEnd = window.IndexOf("\r\n"u8);
        if (statusEnd > LineBytesMax || !parsed.ParseStatusLine(window[..statusEnd], out var isHttp11))
        {
            return HeadParseResult.Malformed;
        }
        var seen = default(Seen);
        var headers = 0;
        var at = statusEnd + 2;
        while (at < end + 2)
        {
            var length = window[at..].IndexOf("\r\n"u8);
            if (++headers > HeadersMax || length > LineBytesMax || !parsed.ParseHeader(window.Slice(at, length), at, ref seen))
            {
                return HeadParseResult.Malformed;
            }
            at += length + 2;
        }
        if (seen.Chunked && parsed.ContentLength >= 0)
        {
            return HeadParseResult.Malformed;
        }

        // "close" wins over whatever else is said (RFC 9112, 9.3). A 1.0 sender of chunks may have passed on what it
        // did not understand (6.1). Who frames a body where none can be (6.3) may send one all the same, and the next
        // reply would begin with it.
        parsed.Framing = parsed.FramingOf(seen.Chunked);
        var hidesBody = parsed.Framing == BodyFraming.None && (seen.Chunked || parsed.ContentLength > 0);
        parsed.KeepAlive = !seen.Close && !hidesBody && parsed.Framing != BodyFraming.CloseDelimited
            && (isHttp11 || (seen.KeepAlive && !seen.Chunked));
        head = parsed;
        consumed = end + 4;
        return HeadParseResult.Complete;
    }

    private readonly BodyFraming FramingOf(bool chunked)
    {
        if (IsInformational || Status is 204 or 304)
        {
            return BodyFraming.None;
        }
        if (chunked)
        {
            return BodyFraming.Chunked;
        }
        return ContentLength switch
        {
            0 => BodyFraming.None,
            > 0 => BodyFraming.ContentLength,
            _ => BodyFraming.CloseDelimited,
        };
    }

    private bool ParseStatusLine(ReadOnlySpan<byte> line, out bool isHttp11)
    {
        isHttp11 = line.StartsWith("HTTP/1.1 "u8);
        if ((!isHttp11 && !line.StartsWith("HTTP/1.0 "u8)) || line.Length < 12 || ContainsControl(line))
        {
            return false;
        }
        if (!Utf8Parser.TryParse(line.Slice(9, 3), out int status, out var read) || read != 3 || status is < 100 or > 599)
        {
            return false;
        }
        Status = status;
        return line.Length == 12 || line[12] == (byte)' ';
    }

    private bool ParseHeader(ReadOnlySpan<byte> line, int offset, ref Seen seen)
    {
        var colon = line.IndexOf((byte)':');
        if (colon <= 0 || line[..colon].ContainsAnyExcept(s_nameBytes) || ContainsControl(line))
        {
            return false;
        }
        var name = line[..colon];
        var value = line[(colon + 1)..].Trim(" \t"u8);
        if (Ascii.EqualsIgnoreCase(name, "content-length"u8))
        {
            return ParseContentLength(value);
        }
        if (Ascii.EqualsIgnoreCase(name, "transfer-encoding"u8))
        {
            var isFirst = !seen.Chunked;
            seen.Chunked = Ascii.EqualsIgnoreCase(value, "chunked"u8);
            return seen.Chunked && isFirst;
        }
        if (Ascii.EqualsIgnoreCase(name, "connection"u8))
        {
            foreach (var range in value.Split((byte)','))
            {
                var option = value[range].Trim(" \t"u8);
                seen.Close |= Ascii.EqualsIgnoreCase(option, "close"u8);
                seen.KeepAlive |= Ascii.EqualsIgnoreCase(option, "keep-alive"u8);
            }
        }
        else if (Ascii.EqualsIgnoreCase(name, "content-type"u8))
        {
            var start = offset + colon + 1 + line[(colon + 1)..].IndexOfAnyExcept((byte)' ', (byte)'\t');
            ContentType = value.Length == 0 ? default : (start, value.Length);
            var parameters = value.IndexOf((byte)';');
            var mediaType = parameters < 0 ? value : value[..parameters].TrimEnd(" \t"u8);
            IsEventStream = Ascii.EqualsIgnoreCase(mediaType, "text/event-stream"u8);
        }
        else if (Ascii.EqualsIgnoreCase(name, "retry-after"u8))
        {
            RetryAfter = RetryAfter.Parse(value);
        }
        return true;
    }

    private bool ParseContentLength(ReadOnlySpan<byte> value)
    {
        var isNumber = value.Length is > 0 and <= 18
            && value.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0
            && Utf8Parser.TryParse(value, out long parsed, out _)
            && (ContentLength < 0 || ContentLength == parsed)
            && Assign(parsed);
        return isNumber;
    }

    private bool Assign(long contentLength)
    {
        ContentLength = contentLength;
        return true;
    }

    // What has come are lines within the limits, so far.
    private static bool MayBecomeHead(ReadOnlySpan<byte> bytes)
    {
        var lines = 0;
        for (int feed; (feed = bytes.IndexOf((byte)'\n')) >= 0; lines++)
        {
            if (feed == 0 || bytes[feed - 1] != (byte)'\r' || feed - 1 > LineBytesMax || lines > HeadersMax)
            {
                return false;
            }
            bytes = bytes[(feed + 1)..];
        }

        // Of the last line the carriage return may be there.
        return bytes.Length <= LineBytesMax + 1;
    }

    // Tab is allowed in values; everything else below space, and DEL, splits or hides something.
    private static bool ContainsControl(ReadOnlySpan<byte> line)
    {
        foreach (var b in line)
        {
            if (b is < 0x20 and not (byte)'\t' or 0x7F)
            {
                return true;
            }
        }
        return false;
    }

    // What the headers said so far.
    private struct Seen
    {
        public bool Chunked;
        public bool Close;
        public bool KeepAlive;
    }
}
