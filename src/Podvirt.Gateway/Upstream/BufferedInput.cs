using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;

namespace Podvirt.Gateway.Upstream;

/// <summary>
/// Reads straight into the buffer that is parsed: no second copy, no thread hop, one receive a read. Continues its reader
/// on the thread on which the receive completed. Nothing is received before it is asked for, so a reader that stops slows
/// the engine down. Holds one buffer: <see cref="FirstBytes"/>, up to <see cref="LastBytes"/> where reads fill it.
/// </summary>
internal abstract class BufferedInput : PipeReader, IValueTaskSource<ReadResult>
{
    /// <summary>Some tokens' worth: thousands of streams hold one each.</summary>
    public const int FirstBytes = 4096;

    /// <summary>For long plain replies. What a caller does not consume makes the buffer larger than that; callers have limits.</summary>
    public const int LastBytes = 64 * 1024;

    private ManualResetValueTaskSourceCore<ReadResult> _result;
    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private bool _examined = true;
    private bool _isCompleted;
    private bool _isClosed;
    private bool _wasFilled;

    /// <summary>Where the next receive goes.</summary>
    protected Memory<byte> Room => _buffer.AsMemory(_end);

    /// <exception cref="IOException">The connection was reset, or given up.</exception>
    public sealed override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (!_examined || _isCompleted)
        {
            return new ValueTask<ReadResult>(Available());
        }
        MakeRoom();
        _result.Reset();
        return TryReceive(out var bytes) ? new ValueTask<ReadResult>(Take(bytes)) : new ValueTask<ReadResult>(this, _result.Version);
    }

    /// <summary>What is there, or has arrived meanwhile, without waiting.</summary>
    /// <exception cref="IOException">The connection was reset, or given up.</exception>
    public sealed override bool TryRead(out ReadResult result)
    {
        if (_examined && !_isCompleted)
        {
            if (!MayHaveMore())
            {
                result = default;
                return false;
            }
            MakeRoom();
            if (!TryReceiveNow(out var bytes))
            {
                result = default;
                return false;
            }
            Received(bytes);
        }
        result = Available();
        return true;
    }

    public sealed override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public sealed override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        _start = consumed.GetInteger();
        _examined = examined.GetInteger() == _end;
        if (_start == _end)
        {
            _start = _end = 0;
        }
    }

    /// <summary>A pending read ends with the connection, not by itself.</summary>
    public sealed override void CancelPendingRead() => throw new NotSupportedException();

    public override void Complete(Exception? exception = null)
    {
        // An abandoned receive may still write to the buffer: the collector takes it then.
        if (!MayStillBeWritten && _buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }
        _buffer = [];
        _start = _end = 0;
        _examined = true;
        _isCompleted = true;
        _isClosed = true;
    }

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token) => _result.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) => _result.GetStatus(token);

    void IValueTaskSource<ReadResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _result.OnCompleted(continuation, state, token, flags);

    /// <summary>Something receives into <see cref="Room"/> by itself.</summary>
    protected abstract bool MayStillBeWritten { get; }

    /// <summary>Receives into <see cref="Room"/>. False: <see cref="Finish"/> or <see cref="Fail"/> will be called, once.</summary>
    /// <exception cref="IOException">The connection was reset, or given up.</exception>
    protected abstract bool TryReceive(out int bytes);

    /// <summary>False where a receive would find nothing.</summary>
    /// <exception cref="IOException">The connection was reset, or given up.</exception>
    protected abstract bool MayHaveMore();

    /// <summary>Receives into <see cref="Room"/> what is there. False: nothing.</summary>
    /// <exception cref="IOException">The connection was reset, or given up.</exception>
    protected abstract bool TryReceiveNow(out int bytes);

    /// <summary>Ends a read that waited, with what was received; 0: the end.</summary>
    protected void Finish(int bytes)
    {
        if (_isClosed)
        {
            Fail(new IOException("The connection was given up."));
            return;
        }
        _result.SetResult(Take(bytes));
    }

    /// <summary>Ends a read that waited.</summary>
    protected void Fail(IOException error) => _result.SetException(error);

    private ReadResult Take(int bytes)
    {
        Received(bytes);
        return Available();
    }

    private ReadResult Available() => new(new ReadOnlySequence<byte>(_buffer, _start, _end - _start), isCanceled: false, _isCompleted);

    private void Received(int bytes)
    {
        _isCompleted = bytes == 0;
        _end += bytes;
        _wasFilled = _end == _buffer.Length;
        _examined = bytes == 0;
    }

    private void MakeRoom()
    {
        if (_end == 0 && _wasFilled && _buffer.Length < LastBytes)
        {
            Resize(_buffer.Length * 2);
            return;
        }
        if (_end < _buffer.Length)
        {
            return;
        }
        if (_start > 0)
        {
            _buffer.AsSpan(_start.._end).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
            return;
        }
        Resize(Math.Max(FirstBytes, _buffer.Length * 2));
    }

    private void Resize(int bytes)
    {
        var larger = ArrayPool<byte>.Shared.Rent(bytes);
        _buffer.AsSpan(_start.._end).CopyTo(larger);
        (_start, _end) = (0, _end - _start);
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }
        _buffer = larger;
    }
}
