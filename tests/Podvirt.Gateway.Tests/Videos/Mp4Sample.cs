using System.Buffers.Binary;

namespace Podvirt.Gateway.Tests.Videos;

/// <summary>The boxes of an mp4 file that say how long it is, and some bytes that are none of that.</summary>
internal static class Mp4Sample
{
    public static byte[] Of(double seconds, int fillBytes = 100) => File(Box("moov", Header(1000, (uint)(seconds * 1000))), fillBytes);

    public static byte[] File(byte[] movie, int fillBytes = 100) =>
        [.. Box("ftyp", "isom\0\0\u0002\0isom"u8.ToArray()), .. Box("mdat", Fill(fillBytes)), .. movie];

    public static byte[] Box(string kind, params byte[][] contents)
    {
        var length = contents.Sum(c => c.Length) + 8;
        var box = new byte[length];
        BinaryPrimitives.WriteUInt32BigEndian(box, (uint)length);
        System.Text.Encoding.ASCII.GetBytes(kind).CopyTo(box, 4);
        var at = 8;
        foreach (var content in contents)
        {
            content.CopyTo(box, at);
            at += content.Length;
        }
        return box;
    }

    public static byte[] Header(uint scale, uint units)
    {
        var content = new byte[100];
        BinaryPrimitives.WriteUInt32BigEndian(content.AsSpan(12), scale);
        BinaryPrimitives.WriteUInt32BigEndian(content.AsSpan(16), units);
        return Box("mvhd", content);
    }

    public static byte[] LongHeader(uint scale, ulong units)
    {
        var content = new byte[112];
        content[0] = 1;
        BinaryPrimitives.WriteUInt32BigEndian(content.AsSpan(20), scale);
        BinaryPrimitives.WriteUInt64BigEndian(content.AsSpan(24), units);
        return Box("mvhd", content);
    }

    private static byte[] Fill(int bytes)
    {
        var fill = new byte[bytes];
        for (var i = 0; i < bytes; i++)
        {
            fill[i] = (byte)(i * 31);
        }
        return fill;
    }
}
