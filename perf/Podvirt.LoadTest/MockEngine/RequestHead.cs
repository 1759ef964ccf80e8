using System.Buffers.Text;
using System.Text;

namespace Podvirt.LoadTest.MockEngine;

/// <summary>The head of an HTTP/1.1 request, as far as the mock cares.</summary>
internal readonly record struct RequestHead(string Path, int Length, int BodyLength)
{
    /// <summary>False: the head is not whole yet.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out RequestHead head)
    {
        var end = bytes.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            head = default;
            return false;
        }
        var lines = bytes[..end];
        var line = lines.IndexOf("\r\n"u8) is var first and >= 0 ? lines[..first] : lines;
        var target = line[(line.IndexOf((byte)' ') + 1)..];
        head = new RequestHead(Encoding.ASCII.GetString(target[..target.IndexOf((byte)' ')]), end + 4, BodyLengthOf(lines));
        return true;
    }

    private static int BodyLengthOf(ReadOnlySpan<byte> lines)
    {
        foreach (var range in lines.Split("\r\n"u8))
        {
            var line = lines[range];
            var colon = line.IndexOf((byte)':');
            if (colon > 0 && Ascii.EqualsIgnoreCase(line[..colon], "content-length"u8) && Utf8Parser.TryParse(line[(colon + 1)..].TrimStart((byte)' '), out int length, out _))
            {
                return length;
            }
        }
        return 0;
    }
}
