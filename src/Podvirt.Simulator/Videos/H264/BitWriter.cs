using System.Numerics;

namespace Podvirt.Simulator.Videos.H264;

/// <summary>Appends bits, the most significant first, and the exponential Golomb codes of H.264 (clause 9.1).</summary>
internal sealed class BitWriter
{
    private byte[] _bytes = new byte[4_096];
    private int _length;
    private ulong _pending;
    private int _count;

    /// <summary>The whole bytes so far; all of them after <see cref="Finish"/>.</summary>
    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    public void Clear()
    {
        _length = 0;
        _pending = 0;
        _count = 0;
    }

    /// <param name="bits">At most 32, of which the lowest of <paramref name="value"/> are taken.</param>
    public void Write(uint value, int bits)
    {
        _pending = (_pending << bits) | value;
        _count += bits;
        while (_count >= 8)
        {
            _count -= 8;
            if (_length == _bytes.Length)
            {
                Array.Resize(ref _bytes, _length * 2);
            }

            _bytes[_length++] = (byte)(_pending >> _count);
        }
    }

    public void Flag(bool value) => Write(value ? 1u : 0u, 1);

    /// <summary><c>ue(v)</c></summary>
    public void Unsigned(int value)
    {
        var bits = BitOperations.Log2((uint)value + 1);
        Write(0, bits);
        Write((uint)value + 1, bits + 1);
    }

    /// <summary><c>se(v)</c></summary>
    public void Signed(int value) => Unsigned(value > 0 ? (2 * value) - 1 : -2 * value);

    /// <summary>The stop bit, and zeros up to a whole byte.</summary>
    public void Finish()
    {
        Write(1, 1);
        Write(0, (8 - _count) & 7);
    }
}
