namespace Podvirt.Gateway.Videos.Files;

/// <summary>So many bytes of a stream from where it stands. Disposing it disposes that, and what came with it.</summary>
internal sealed class PartialStream(Stream inner, long length, IDisposable? owner = null) : ForwardOnlyStream
{
    private long _left = length;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_left == 0)
        {
            return 0;
        }
        var read = await inner.ReadAsync(buffer[..(int)Math.Min(buffer.Length, _left)], cancellationToken);
        _left -= read;
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
            owner?.Dispose();
        }
        base.Dispose(disposing);
    }
}
