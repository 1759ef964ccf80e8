namespace Podvirt.LoadTest.Sockets;

/// <summary>Bytes that wait: what came of an incomplete message, or what the kernel would not take. Empty, it holds no memory.</summary>
internal struct GrowingBuffer
{
    private byte[]? _bytes;
    private int _start;
    private int _end;

    public readonly int Length => _end - _start;

    public readonly bool IsEmpty => _end == _start;

    public readonly ReadOnlySpan<byte> Span => _bytes.AsSpan(_start, _end - _start);

    public void Append(ReadOnlySpan<byte> more)
    {
        if (more.IsEmpty)
        {
            return;
        }
        if (_bytes is null || _bytes.Length - _end < more.Length)
        {
            var grown = new byte[Math.Max(512, (Length + more.Length) * 2)];
            Span.CopyTo(grown);
            (_end, _start, _bytes) = (Length, 0, grown);
        }
        more.CopyTo(_bytes.AsSpan(_end));
        _end += more.Length;
    }

    /// <summary>Takes bytes off the front; lets go of the memory when none are left.</summary>
    public void Consume(int count)
    {
        _start += count;
        if (_start == _end)
        {
            this = default;
        }
    }
}
