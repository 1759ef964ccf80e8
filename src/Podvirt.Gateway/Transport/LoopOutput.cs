using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;

namespace Podvirt.Gateway.Transport;

/// <summary>
/// Writes to a socket from the buffer that was written to: one send a flush, on the thread that flushes. A flush is over
/// once the system has taken all of it; until then whoever writes waits, so nothing more is held than one flush's bytes.
/// Holds no buffer between flushes.
/// </summary>
internal sealed class LoopOutput(LoopSocket socket) : PipeWriter, IValueTaskSource<FlushResult>
{
    /// <summary>What a buffer starts with: some events.</summary>
    private const int FirstBytes = 4096;

    private readonly Lock _lock = new();
    private ManualResetValueTaskSourceCore<FlushResult> _flush;
    private CancellationTokenRegistration _cancellation;
    private byte[] _buffer = [];
    private int _start;
    private int _end;

    // Sent behind the buffer, and not copied into it: the caller's, until its flush is over.
    private ReadOnlyMemory<byte> _rest;
    private bool _isFlushing;
    private bool _cancelNext;
    private bool _isCompleted;
    private bool _isBroken;

    public override bool CanGetUnflushedBytes => true;

    public override long UnflushedBytes => _end - _start;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        MakeRoom(sizeHint);
        return _buffer.AsMemory(_end);
    }

    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        MakeRoom(sizeHint);
        return _buffer.AsSpan(_end);
    }

    public override void Advance(int bytes)
    {
        if ((uint)bytes > (uint)(_buffer.Length - _end))
        {
            throw new ArgumentOutOfRangeException(nameof(bytes));
        }
        _end += bytes;
    }

    /// <summary>Sends what was written. Completed in the result: the connection is no more.</summary>
    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default) => SendAsync(default, cancellationToken);

    /// <summary>Sends what was written and then <paramref name="source"/>, which stays the caller's until it is over.</summary>
    public override ValueTask<FlushResult> WriteAsync(ReadOnlyMemory<byte> source, CancellationToken cancellationToken = default)
    {
        if (source.Length > FirstBytes)
        {
            return SendAsync(source, cancellationToken);
        }
        source.Span.CopyTo(GetSpan(source.Length));
        Advance(source.Length);
        return SendAsync(default, cancellationToken);
    }

    public override void CancelPendingFlush()
    {
        lock (_lock)
        {
            if (!_isFlushing)
            {
                _cancelNext = true;
                return;
            }
            GiveUpFlush();
        }
        _flush.SetResult(new FlushResult(isCanceled: true, isCompleted: false));
    }

    /// <summary>Sends what is left, as far as the system takes it at once.</summary>
    public override void Complete(Exception? exception = null)
    {
        bool wasFlushing;
        lock (_lock)
        {
            if (_isCompleted)
            {
                return;
            }
            _isCompleted = true;
            (wasFlushing, _isFlushing) = (_isFlushing, false);
            IsWhole = exception is null && !_isBroken && !wasFlushing && TrySend() && IsEmpty;
            _isBroken = true;
            ReturnBuffer();
        }
        if (wasFlushing)
        {
            _flush.SetResult(new FlushResult(isCanceled: false, isCompleted: true));
        }
    }

    /// <summary>Completed, and everything went out.</summary>
    public bool IsWhole { get; private set; }

    /// <summary>The socket's: it takes bytes again, or has come to an end.</summary>
    public void OnWritable()
    {
        FlushResult result;
        lock (_lock)
        {
            if (!_isFlushing)
            {
                return;
            }
            _isBroken = !TrySend();
            if (!IsEmpty && !_isBroken)
            {
                return;
            }
            _isFlushing = false;
            ReturnBuffer();
            result = new FlushResult(isCanceled: false, isCompleted: _isBroken);
        }
        _flush.SetResult(result);
    }

    FlushResult IValueTaskSource<FlushResult>.GetResult(short token)
    {
        _cancellation.Dispose();
        _cancellation = default;
        return _flush.GetResult(token);
    }

    ValueTaskSourceStatus IValueTaskSource<FlushResult>.GetStatus(short token) => _flush.GetStatus(token);

    void IValueTaskSource<FlushResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _flush.OnCompleted(continuation, state, token, flags);

    private bool IsEmpty => _start == _end && _rest.IsEmpty;

    private ValueTask<FlushResult> SendAsync(ReadOnlyMemory<byte> rest, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            return ValueTask.FromCanceled<FlushResult>(cancellationToken);
        }
        lock (_lock)
        {
            if (_isFlushing)
            {
                throw new InvalidOperationException("One flush at a time.");
            }
            if (_cancelNext)
            {
                _cancelNext = false;
                return new ValueTask<FlushResult>(new FlushResult(isCanceled: true, isCompleted: false));
            }
            _rest = rest;
            _isBroken = _isBroken || !TrySend();
            if (_isBroken || IsEmpty)
            {
                ReturnBuffer();
                return new ValueTask<FlushResult>(new FlushResult(isCanceled: false, _isBroken));
            }
            _flush.Reset();
            _isFlushing = true;
        }
        if (cancellationToken.CanBeCanceled)
        {
            _cancellation = cancellationToken.UnsafeRegister(static (output, token) => ((LoopOutput)output!).Cancel(token), this);
        }
        return new ValueTask<FlushResult>(this, _flush.Version);
    }

    private void Cancel(CancellationToken token)
    {
        lock (_lock)
        {
            if (!_isFlushing)
            {
                return;
            }
            GiveUpFlush();
        }
        _flush.SetException(new OperationCanceledException(token));
    }

    // The next flush goes on where this one stopped; what it did not copy is copied now, while it is still the caller's to lend.
    private void GiveUpFlush()
    {
        _isFlushing = false;
        if (!_rest.IsEmpty)
        {
            var rest = _rest;
            _rest = default;
            MakeRoom(rest.Length);
            rest.Span.CopyTo(_buffer.AsSpan(_end));
            _end += rest.Length;
        }
    }

    // False when the connection is broken.
    private bool TrySend() => TrySendBuffer() && TrySendRest();

    private bool TrySendBuffer()
    {
        while (_start < _end)
        {
            var sent = socket.Send(_buffer.AsSpan(_start.._end));
            if (sent < 0)
            {
                return sent == -Libc.Again;
            }
            _start += sent;
        }
        return true;
    }

    private bool TrySendRest()
    {
        while (_start == _end && !_rest.IsEmpty)
        {
            var sent = socket.Send(_rest.Span);
            if (sent < 0)
            {
                return sent == -Libc.Again;
            }
            _rest = _rest[sent..];
        }
        return true;
    }

    private void MakeRoom(int sizeHint)
    {
        if (_buffer.Length - _end >= Math.Max(1, sizeHint))
        {
            return;
        }
        // What a cancelled flush left stands in front of what is written now.
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(FirstBytes, Math.Max(_buffer.Length * 2, _end - _start + sizeHint)));
        _buffer.AsSpan(_start.._end).CopyTo(larger);
        (_start, _end) = (0, _end - _start);
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }
        _buffer = larger;
    }

    private void ReturnBuffer()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }
        _buffer = [];
        (_start, _end, _rest) = (0, 0, default);
    }
}
