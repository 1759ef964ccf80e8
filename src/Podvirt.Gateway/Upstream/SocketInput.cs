using System.Net.Sockets;

namespace Podvirt.Gateway.Upstream;

/// <summary>The input of one of .NET's sockets.</summary>
internal sealed class SocketInput : BufferedInput, IDisposable
{
    private readonly Socket _socket;
    private readonly Receive _receive;
    private bool _isReceiving;

    public SocketInput(Socket socket)
    {
        _socket = socket;
        _receive = new Receive(this);
    }

    public override void Complete(Exception? exception = null)
    {
        base.Complete(exception);
        _receive.Dispose();
    }

    public void Dispose() => Complete();

    protected override bool MayStillBeWritten => _isReceiving;

    protected override bool TryReceive(out int bytes)
    {
        _receive.SetBuffer(Room);
        _isReceiving = true;
        bytes = 0;
        try
        {
            if (_socket.ReceiveAsync(_receive))
            {
                return false;
            }
        }
        catch (ObjectDisposedException e)
        {
            _isReceiving = false;
            throw new IOException("The connection was given up.", e);
        }
        _isReceiving = false;
        bytes = _receive.BytesTransferred;
        return Error() is { } error ? throw error : true;
    }

    protected override bool MayHaveMore()
    {
        try
        {
            return _socket.Poll(TimeSpan.Zero, SelectMode.SelectRead);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw new IOException(e.Message, e);
        }
    }

    protected override bool TryReceiveNow(out int bytes)
    {
        try
        {
            bytes = _socket.Receive(Room.Span);
            return true;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw new IOException(e.Message, e);
        }
    }

    private IOException? Error() =>
        _receive.SocketError == SocketError.Success ? null : new IOException(new SocketException((int)_receive.SocketError).Message);

    private void Received()
    {
        _isReceiving = false;
        if (Error() is { } error)
        {
            Fail(error);
        }
        else
        {
            Finish(_receive.BytesTransferred);
        }
    }

    private sealed class Receive(SocketInput input) : SocketAsyncEventArgs(true)
    {
        protected override void OnCompleted(SocketAsyncEventArgs e) => input.Received();
    }
}
