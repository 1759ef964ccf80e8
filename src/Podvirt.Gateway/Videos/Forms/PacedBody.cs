using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Videos.Forms;

/// <summary>
/// A request's body as a stream, within its limits: bytes, and the client's pace as for any other body. Nothing of it is held but what the
/// server has read ahead. It continues its reader on the pool: who takes a form in writes files.
/// </summary>
internal sealed class PacedBody : ForwardOnlyStream
{
    private readonly PipeReader _reader;
    private readonly GatewayOptions _options;
    private readonly CancellationToken _aborted;
    private readonly ClientPace _pace;
    private readonly CancellationTokenRegistration _stopping;
    private long _total;

    public PacedBody(HttpContext context, GatewayOptions options, TimeProvider time, CancellationToken stopping)
    {
        RequestBody.TakeOver(context);
        _reader = context.Request.BodyReader;
        _options = options;
        _aborted = context.RequestAborted;
        _pace = new ClientPace(options, time, _reader.CancelPendingRead);
        _stopping = stopping.UnsafeRegister(static reader => ((PipeReader)reader!).CancelPendingRead(), _reader);
    }

    public override long Position
    {
        get => _total;
        set => throw new NotSupportedException();
    }

    /// <exception cref="FormRefusedException">It is too large or too slow, or the server stops.</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await NextAsync();
        if (read.IsCanceled)
        {
            _reader.AdvanceTo(read.Buffer.Start);
            throw new FormRefusedException(_pace.IsTooSlow ? ApiErrors.BodyTooSlow(_options) : ApiErrors.ShuttingDown);
        }
        var part = read.Buffer.Slice(0, Math.Min(read.Buffer.Length, buffer.Length));
        var length = (int)part.Length;
        _total += length;
        if (_total > _options.Videos.UploadBytesMax)
        {
            _reader.AdvanceTo(read.Buffer.End);
            throw new FormRefusedException(ApiErrors.BodyTooLarge(_options.Videos.UploadBytesMax));
        }
        part.CopyTo(buffer.Span);
        _reader.AdvanceTo(part.End);
        _pace.Moved(length);
        return length;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stopping.Dispose();
            _pace.Dispose();
        }
        base.Dispose(disposing);
    }

    private async ValueTask<ReadResult> NextAsync()
    {
        var reading = _reader.ReadAsync(_aborted);
        if (reading.IsCompleted)
        {
            return await reading;
        }
        _pace.Start();
        var read = await reading;
        _pace.Stop();
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        return read;
    }
}

/// <summary>Why a form is not taken in.</summary>
internal sealed class FormRefusedException(ApiError error) : Exception(error.Message)
{
    public ApiError Error => error;
}
