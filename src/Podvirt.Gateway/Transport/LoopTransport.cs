using System.IO.Pipelines;
using System.Net;
using System.Runtime.InteropServices;
using Podvirt.Gateway.Upstream;

namespace Podvirt.Gateway.Transport;

/// <summary>Engines over sockets on the event loops.</summary>
internal sealed class LoopTransport(EventLoops loops) : IEngineTransport
{
    public async ValueTask<EngineStream> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(host, out var address))
        {
            return await ConnectAsync(new IPEndPoint(address, port), cancellationToken);
        }
        IOException? failure = null;
        foreach (var candidate in await Dns.GetHostAddressesAsync(host, cancellationToken))
        {
            try
            {
                return await ConnectAsync(new IPEndPoint(candidate, port), cancellationToken);
            }
            catch (IOException e)
            {
                // A name may stand for addresses of which only some answer.
                failure = e;
            }
        }
        throw failure ?? new IOException($"'{host}' has no address.");
    }

    private async ValueTask<EngineStream> ConnectAsync(IPEndPoint endpoint, CancellationToken cancellationToken)
    {
        var socket = Open(endpoint);
        var stream = new LoopStream(socket);
        try
        {
            socket.Start(stream);
            await stream.ConnectedAsync(cancellationToken);
        }
        catch
        {
            socket.Close();
            throw;
        }
        return new EngineStream(stream, () => socket.Close());
    }

    // Opened and on its way: the loop tells when it is there, or will not be.
    private unsafe LoopSocket Open(IPEndPoint endpoint)
    {
        var name = endpoint.Serialize();
        var family = endpoint.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? Libc.Internet : Libc.Internet6;
        var descriptor = SystemFault.Check(Libc.OpenSocket(family, Libc.SocketStream | Libc.NonBlocking | Libc.CloseOnExec, 0), "socket");
        try
        {
            SocketNames.SetNoDelay(descriptor);
            var bytes = UpstreamConnector.ReceiveBufferBytes;
            SystemFault.Check(Libc.SetOption(descriptor, Libc.SocketLevel, Libc.ReceiveBuffer, &bytes, sizeof(int)), "SO_RCVBUF");
            fixed (byte* at = name.Buffer.Span)
            {
                if (Libc.Connect(descriptor, at, (uint)name.Size) < 0 && Marshal.GetLastPInvokeError() is var error and not Libc.InProgress)
                {
                    throw SystemFault.OfConnection(error);
                }
            }
        }
        catch
        {
            _ = Libc.Close(descriptor);
            throw;
        }
        return new LoopSocket(loops.Next(), descriptor);
    }

    private sealed class LoopStream : IDuplexPipe, ILoopSocketEvents
    {
        // Continues on the loop's thread.
        private readonly TaskCompletionSource _connected = new();
        private readonly LoopSocket _socket;
        private readonly LoopInput _input;
        private readonly LoopOutput _output;

        public LoopStream(LoopSocket socket)
        {
            _socket = socket;
            _input = new LoopInput(socket);
            _output = new LoopOutput(socket);
        }

        public PipeReader Input => _input;

        public PipeWriter Output => _output;

        public async ValueTask ConnectedAsync(CancellationToken cancellationToken)
        {
            await using (cancellationToken.UnsafeRegister(static socket => ((LoopSocket)socket!).Close(), _socket))
            {
                await _connected.Task;
            }
            cancellationToken.ThrowIfCancellationRequested();
            if (_socket.TakeError() is var error and not 0)
            {
                throw SystemFault.OfConnection(error);
            }
        }

        public void OnReadable() => _input.OnReadable();

        public void OnWritable()
        {
            if (!_connected.Task.IsCompleted)
            {
                _connected.TrySetResult();
                return;
            }
            _output.OnWritable();
        }
    }
}
