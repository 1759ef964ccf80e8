using System.IO.Pipelines;
using System.Net.Security;

namespace Podvirt.Gateway.Upstream;

/// <summary>
/// Reads a TLS stream. What has arrived of one cannot be asked for without reading it: what the socket has may be a
/// record of TLS's own, and what the stream has decrypted is nowhere to be seen. So a look leaves a read pending, and the
/// next reader takes it over.
/// </summary>
internal sealed class TlsInput(SslStream stream) : PipeReader
{
    private readonly PipeReader _reader = Create(stream, new StreamPipeReaderOptions(leaveOpen: true));

    // The read that a look has begun; null when there is none.
    private Task<ReadResult>? _begun;

    /// <exception cref="IOException">The connection broke, or was given up.</exception>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (_begun is not { } begun)
        {
            return _reader.ReadAsync(cancellationToken);
        }
        _begun = null;
        return new ValueTask<ReadResult>(begun);
    }

    /// <summary>What is there, or has arrived meanwhile, without waiting.</summary>
    /// <exception cref="IOException">The connection broke, or was given up.</exception>
    public override bool TryRead(out ReadResult result)
    {
        if (_begun is null && _reader.TryRead(out result))
        {
            return true;
        }
        _begun ??= _reader.ReadAsync().AsTask();
        if (!_begun.IsCompleted)
        {
            result = default;
            return false;
        }
        var begun = _begun;
        _begun = null;
        result = begun.GetAwaiter().GetResult();
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => _reader.AdvanceTo(consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => _reader.AdvanceTo(consumed, examined);

    /// <summary>A pending read ends with the connection, not by itself.</summary>
    public override void CancelPendingRead() => throw new NotSupportedException();

    /// <summary>Not at once: a read that is pending writes to the buffers that would be given back.</summary>
    public override void Complete(Exception? exception = null) => throw new NotSupportedException();

    /// <summary>Ends once the pending read has, which the end of the connection brings about.</summary>
    public override async ValueTask CompleteAsync(Exception? exception = null)
    {
        if (_begun is { } begun)
        {
            await ((Task)begun).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await _reader.CompleteAsync(exception);
    }
}
