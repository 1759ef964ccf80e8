namespace Podvirt.Simulator.Tests.Videos.H264;

/// <summary>Reads the payload of a unit bit by bit, the bytes that keep start codes away taken out.</summary>
internal sealed class BitReader
{
    private readonly byte[] _bytes;
    private readonly int _end;
    private int _at;

    public BitReader(ReadOnlySpan<byte> unit)
    {
        var bytes = new List<byte>(unit.Length);
        var zeros = 0;
        foreach (var value in unit)
        {
            if (zeros == 2 && value == 3)
            {
                zeros = 0;
                continue;
            }

            Assert.False(zeros == 2 && value < 3, "a start code inside a unit");
            bytes.Add(value);
            zeros = value == 0 ? zeros + 1 : 0;
        }

        _bytes = [.. bytes];
        // The last one bit ends the payload.
        _end = (_bytes.Length * 8) - 1;
        while (Bit(_end) == 0)
        {
            _end--;
        }
    }

    public bool HasMore => _at < _end;

    public int Bits(int count)
    {
        var value = 0;
        for (var i = 0; i < count; i++)
        {
            Assert.True(_at < _end, "the unit is too short");
            value = (value << 1) | Bit(_at++);
        }

        return value;
    }

    public int Unsigned()
    {
        var zeros = 0;
        while (Bits(1) == 0)
        {
            zeros++;
        }

        return (1 << zeros) - 1 + Bits(zeros);
    }

    public int Signed()
    {
        var code = Unsigned();
        return code % 2 == 0 ? -(code / 2) : (code + 1) / 2;
    }

    private int Bit(int at) => (_bytes[at / 8] >> (7 - (at % 8))) & 1;
}
