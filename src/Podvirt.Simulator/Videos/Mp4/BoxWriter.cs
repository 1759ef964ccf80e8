using System.Buffers.Binary;
using System.Text;

namespace Podvirt.Simulator.Videos.Mp4;

/// <summary>Writes nested boxes (ISO/IEC 14496-12, clause 4.2): a length, a name of four letters, and what is inside.</summary>
internal sealed class BoxWriter
{
    private readonly Stack<int> _open = new();
    private byte[] _bytes = new byte[1_024];
    private int _length;

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    public BoxWriter Open(string name)
    {
        _open.Push(_length);
        return Number(0).Text(name);
    }

    /// <summary>A box with a version, which is 0, and flags.</summary>
    public BoxWriter Open(string name, int flags) => Open(name).Number(flags);

    public BoxWriter Close()
    {
        var start = _open.Pop();
        BinaryPrimitives.WriteInt32BigEndian(_bytes.AsSpan(start), _length - start);
        return this;
    }

    /// <summary>Numbers of 32 bits.</summary>
    public BoxWriter Number(params ReadOnlySpan<int> values)
    {
        foreach (var value in values)
        {
            BinaryPrimitives.WriteInt32BigEndian(Take(4), value);
        }

        return this;
    }

    /// <summary>Numbers of 16 bits.</summary>
    public BoxWriter Short(params ReadOnlySpan<int> values)
    {
        foreach (var value in values)
        {
            BinaryPrimitives.WriteUInt16BigEndian(Take(2), (ushort)value);
        }

        return this;
    }

    public BoxWriter Text(string ascii)
    {
        Encoding.ASCII.GetBytes(ascii, Take(ascii.Length));
        return this;
    }

    public BoxWriter Bytes(params ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Take(bytes.Length));
        return this;
    }

    public BoxWriter Zeros(int count)
    {
        Take(count).Clear();
        return this;
    }

    private Span<byte> Take(int count)
    {
        while (_length + count > _bytes.Length)
        {
            Array.Resize(ref _bytes, _bytes.Length * 2);
        }

        _length += count;
        return _bytes.AsSpan(_length - count, count);
    }
}
