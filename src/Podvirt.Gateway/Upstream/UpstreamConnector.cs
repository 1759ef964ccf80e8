using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Podvirt.Gateway.Upstream;

/// <summary>
/// Opens connections to engines. The relay sees pipes only: this is the one place that knows sockets, so that another
/// transport can take its place.
/// </summary>
internal sealed class UpstreamConnector(GatewayOptions options, TimeProvider time)
{
    // Read ahead of a client that takes its time, by the system alone. A round trip to an engine is short: more would make
    // nothing faster, and the system by itself would go up to 32 MiB.
    private const int ReceiveBufferBytes = 256 * 1024;

    private int _open;

    /// <summary>Connections that have been opened and not yet disposed of, idle ones included.</summary>
    public int OpenConnections => Volatile.Read(ref _open);

    /// <exception cref="IOException">Not reachable within the connect time-out.</exception>
    public async ValueTask<UpstreamConnection> ConnectAsync(Uri address, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = ReceiveBufferBytes };
        try
        {
            await socket.ConnectAsync(address.DnsSafeHost, address.Port, linked.Token);
            return address.Scheme == Uri.UriSchemeHttps
                ? await OpenTlsAsync(socket, address, linked.Token)
                : Open(socket);
        }
        catch (Exception e) when (e is SocketException or IOException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
        {
            socket.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            throw new IOException($"No connection to {address.Host}:{address.Port}: {e.Message}", e);
        }
    }

    private UpstreamConnection Open(Socket socket)
    {
        var output = PipeWriter.Create(new NetworkStream(socket), new StreamPipeWriterOptions(minimumBufferSize: 16 * 1024, leaveOpen: true));
        return Counted(new SocketPipes(new SocketInput(socket), output), socket.Dispose, static () => default);
    }

    private UpstreamConnection Counted(IDuplexPipe transport, Action abort, Func<ValueTask> dispose)
    {
        Interlocked.Increment(ref _open);
        return new UpstreamConnection(transport, abort, async () =>
        {
            await dispose();
            Interlocked.Decrement(ref _open);
        });
    }

    private async ValueTask<UpstreamConnection> OpenTlsAsync(Socket socket, Uri address, CancellationToken cancellationToken)
    {
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
        try
        {
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = address.DnsSafeHost }, cancellationToken);
        }
        catch
        {
            await stream.DisposeAsync();
            throw;
        }
        var pipes = new SocketPipes(new TlsInput(stream), PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true)));
        return Counted(pipes, socket.Dispose, stream.DisposeAsync);
    }

    private sealed record SocketPipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
