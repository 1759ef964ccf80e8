using System.Buffers;
using System.Buffers.Binary;

namespace Podvirt.Simulator.Videos.H264;

/// <summary>The units of a stream (clause 7.3.1 of ITU-T H.264): a header byte, and a payload in which no start code can be seen.</summary>
internal static class NalUnit
{
    public const byte SequenceHeader = 0x67;
    public const byte PictureHeader = 0x68;

    /// <summary>A slice of a picture that depends on no other.</summary>
    public const byte KeyHeader = 0x65;

    /// <summary>A slice of a picture that later ones depend on.</summary>
    public const byte SliceHeader = 0x41;

    /// <summary>The bytes of the length before each unit in an mp4 sample.</summary>
    public const int LengthBytes = 4;

    /// <summary>Appends a unit as mp4 samples hold it: its length, then itself.</summary>
    /// <returns>The bytes appended.</returns>
    public static int Append(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> unit)
    {
        var span = output.GetSpan(LengthBytes + EscapedMax(unit.Length));
        var length = Escape(unit, span[LengthBytes..]);
        BinaryPrimitives.WriteInt32BigEndian(span, length);
        output.Advance(LengthBytes + length);
        return LengthBytes + length;
    }

    public static byte[] Escape(ReadOnlySpan<byte> unit)
    {
        var escaped = new byte[EscapedMax(unit.Length)];
        return escaped[..Escape(unit, escaped)];
    }

    private static int EscapedMax(int length) => length + (length / 2) + 1;

    private static int Escape(ReadOnlySpan<byte> unit, Span<byte> output)
    {
        var at = 0;
        var zeros = 0;
        foreach (var value in unit)
        {
            if (zeros == 2 && value <= 3)
            {
                output[at++] = 3;
                zeros = 0;
            }

            output[at++] = value;
            zeros = value == 0 ? zeros + 1 : 0;
        }

        return at;
    }
}
