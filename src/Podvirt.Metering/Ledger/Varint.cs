namespace Podvirt.Metering.Ledger;

/// <summary>Whole numbers from 0 in as few bytes as they need: seven bits in each, the lowest first, the highest bit set in all but the last.</summary>
internal static class Varint
{
    /// <summary>Bytes of the longest number.</summary>
    public const int LengthMax = 9;

    /// <returns>How many bytes were written.</returns>
    public static int Write(Span<byte> target, long value)
    {
        var length = 0;
        for (; value >= 0x80; value >>= 7)
        {
            target[length++] = (byte)(value | 0x80);
        }
        target[length++] = (byte)value;
        return length;
    }

    /// <summary>Takes one number off the front.</summary>
    /// <exception cref="InvalidDataException">The bytes end within it, or it is longer than any number.</exception>
    public static long Read(ref ReadOnlySpan<byte> source)
    {
        var value = 0L;
        for (var i = 0; i < source.Length && i < LengthMax; i++)
        {
            value |= (long)(source[i] & 0x7f) << (7 * i);
            if (source[i] < 0x80)
            {
                source = source[(i + 1)..];
                return value;
            }
        }
        throw new InvalidDataException("a stored number is damaged");
    }
}
