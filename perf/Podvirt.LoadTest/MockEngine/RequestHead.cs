using System.Buffers.Text;
using System.Text;

namespace Podvirt.LoadTest.MockEngine;

/// <summary>The head of an HTTP/1.1 request, as far as the mock cares.</summary>
internal readonly record struct RequestHead(string Path, int Length, int BodyLength, string? RequestId)
{
    /// <summary>False: the head is not whole yet.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out RequestHead head)
    {
        head = default;
        var end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return false;
        }
        var bodyLength = 0;
        string? path = null;
        string? requestId = null;
        foreach (var range in bytes[..end].Split("\r\n"u8))
        {
            var line = bytes[range];
            if (path is null)
            {
                var target = line[(line.IndexOf((byte)' ') + 1)..];
                path = Encoding.ASCII.GetString(target[..target.IndexOf((byte)' ')]);
            }
            else if (ValueOf(line, "content-length"u8) is { IsEmpty: false } length)
            {
                _ = Utf8Parser.TryParse(length, out bodyLength, out _);
            }
            else if (ValueOf(line, "x-request-id"u8) is { IsEmpty: false } id)
            {
                requestId = Encoding.ASCII.GetString(id);
            }
        }
        head = new RequestHead(path!, end + 4, bodyLength, requestId);
        return true;
    }

    /// <summary>Empty: the line is another field's.</summary>
    private static ReadOnlySpan<byte> ValueOf(ReadOnlySpan<byte> line, ReadOnlySpan<byte> name) =>
        line.Length > name.Length && line[name.Length] == (byte)':' && Ascii.EqualsIgnoreCase(line[..name.Length], name) ? line[(name.Length + 1)..].Trim((byte)' ') : default;
}
