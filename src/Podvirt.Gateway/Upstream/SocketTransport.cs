using System.IO.Pipelines;
using System.Net.Sockets;

namespace Podvirt.Gateway.Upstream;

/// <summary>Engines over .NET's sockets: everywhere, and as the host has them.</summary>
internal sealed class SocketTransport : IEngineTransport
{
    public async ValueTask<EngineStream> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = UpstreamConnector.ReceiveBufferBytes };
        try
        {
            await socket.ConnectAsync(host, port, cancellationToken);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        var output = PipeWriter.Create(new NetworkStream(socket), new StreamPipeWriterOptions(minimumBufferSize: 16 * 1024, leaveOpen: true));
        return new EngineStream(new SocketPipes(new SocketInput(socket), output), socket.Dispose);
    }

    private sealed record SocketPipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
