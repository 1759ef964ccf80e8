using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Threading.Tasks.Sources;

namespace Podvirt.Gateway.Upstream;

/// <summary>
/// Reads a socket straight into the buffer that is parsed: no second copy, no thread hop, one receive a read. Continues
/// its reader on the thread on which the receive completed. Nothing is received before it is asked for, so a reader that
/// stops slows the engine down. Holds one buffer: <see cref="FirstBytes"/>, up to <see cref="LastBytes"/> where reads fill it.
/// </summary>
internal sealed class SocketInput : PipeReader, IValueTaskSource<ReadResult>, IDisposable
{
    /// <summary>Some tokens' worth: thousands of streams hold one each.</summary>
    public const int FirstBytes = 4096;

    /// <summary>For long plain replies. What a caller does not consume makes the buffer larger than that; callers have limits.</summary>
    public const int LastBytes = 64 * 1024;

    private readonly Socket _socket;
    private readonly Receive _receive;
    private ManualResetValueTaskSourceCore<ReadResult> _result;
    private byte[] _buffer = [];
    private int _start;
    private int _end;
    private bool _examined = true;
    private bool _isCompleted;
    private bool _isReceiving;
    private bool _wasFilled;

    public SocketInput(Socket socket)
    {
        _socket = socket;
        _receive = new Receive(this);
    }

    /// <exception cref="IOException">The connection was reset, or given up.</exception>
    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (!_examined || _isCompleted)
        {
            return new ValueTask<ReadResult>(Available());
        }
        MakeRoom();
        _receive.SetBuffer(_buffer, _end, _buffer.Length - _end);
        _result.Reset();
        _isReceiving = true;
        bool isPending;
        try
        {
            isPending = _socket.ReceiveAsync(_receive);
        }
        catch (ObjectDisposedException e)
        {
            _isReceiving = false;
            throw new IOException("The connection was given up.", e);
        }
        if (isPending)
        {
            return new ValueTask<ReadResult>(this, _result.Version);
        }
        return Take(_receive.SocketError, _receive.BytesTransferred) is { } error
            ? throw error
            : new ValueTask<ReadResult>(Available());
    }

    /// <summary>What is there, or has arrived meanwhile, without waiting.</summary>
    /// <exception cref="IOException">The connection was reset, or given up.</exception>
    public override bool TryRead(out ReadResult result)
    {
        if (_examined && !_isCompleted)
        {
            try
            {
                if (!_socket.Poll(TimeSpan.Zero, SelectMode.SelectRead))
                {
                    result = default;
                    return false;
                }
                MakeRoom();
                Received(_socket.Receive(_buffer, _end, _buffer.Length - _end, SocketFlags.None));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                throw new IOException(e.Message, e);
            }
        }
        result = Available();
        return true;
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        _start = consumed.GetInteger();
        _examined = examined.GetInteger() == _end;
        if (_start == _end)
        {
            _start = _end = 0;
        }
    }

    /// <summary>A pending read ends with the connection, not by itself.</summary>
    public override void CancelPendingRead() => throw new NotSupportedException();

    public override void Complete(Exception? exception = null)
    {
        // An abandoned receive may still write to the buffer: the collector takes it then.
        if (!_isReceiving && _buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }
        _buffer = [];
        _start = _end = 0;
        _examined = true;
        _isCompleted = true;
        _receive.Dispose();
    }

    public void Dispose() => Complete();

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token) => _result.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) => _result.GetStatus(token);

    void IValueTaskSource<ReadResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _result.OnCompleted(continuation, state, token, flags);

    private ReadResult Available() => new(new ReadOnlySequence<byte>(_buffer, _start, _end - _start), isCanceled: false, _isCompleted);

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

    private IOException? Take(SocketError error, int bytes)
    {
        _isReceiving = false;
        if (error != SocketError.Success)
        {
            return new IOException(new SocketException((int)error).Message);
        }
        Received(bytes);
        return null;
    }

    private void Received(int bytes)
    {
        _isCompleted = bytes == 0;
        _end += bytes;
        _wasFilled = _end == _buffer.Length;
        _examined = bytes == 0;
    }

    private void Complete(SocketError error, int bytes)
    {
        if (Take(error, bytes) is { } failure)
        {
            _result.SetException(failure);
        }
        else
        {
            _result.SetResult(Available());
        }
    }

    private sealed class Receive(SocketInput input) : SocketAsyncEventArgs(true)
    {
        protected override void OnCompleted(SocketAsyncEventArgs e) => input.Complete(SocketError, BytesTransferred);
    }
}
