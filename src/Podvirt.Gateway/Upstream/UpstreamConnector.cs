using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;

namespace Podvirt.Gateway.Upstream;

/// <summary>Opens connections to engines, within the time they may take, and counts them.</summary>
internal sealed class UpstreamConnector(GatewayOptions options, IEngineTransport transport, TimeProvider time)
{
    // Read ahead of a client that takes its time, by the system alone. A round trip to an engine is short: more would make
    // nothing faster, and the system by itself would go up to 32 MiB.
    public const int ReceiveBufferBytes = 256 * 1024;

    private int _open;

    /// <summary>Connections that have been opened and not yet disposed of, idle ones included.</summary>
    public int OpenConnections => Volatile.Read(ref _open);

    /// <exception cref="IOException">Not reachable within the connect time-out.</exception>
    public async ValueTask<UpstreamConnection> ConnectAsync(Uri address, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(options.ConnectTimeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            if (address.Scheme == Uri.UriSchemeHttps)
            {
                return await OpenTlsAsync(address, linked.Token);
            }
            var stream = await transport.ConnectAsync(address.DnsSafeHost, address.Port, linked.Token);
            return Counted(stream.Pipes, stream.Abort, static () => default);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new IOException($"No connection to {address.Host}:{address.Port}: {e.Message}", e);
        }
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

    private async ValueTask<UpstreamConnection> OpenTlsAsync(Uri address, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = ReceiveBufferBytes };
        SslStream? stream = null;
        try
        {
            await socket.ConnectAsync(address.DnsSafeHost, address.Port, cancellationToken);
            stream = new SslStream(new NetworkStream(socket, ownsSocket: true));
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = address.DnsSafeHost }, cancellationToken);
        }
        catch
        {
            if (stream is not null)
            {
                await stream.DisposeAsync();
            }
            socket.Dispose();
            throw;
        }
        var pipes = new TlsPipes(new TlsInput(stream), PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true)));
        return Counted(pipes, socket.Dispose, stream.DisposeAsync);
    }

    private sealed record TlsPipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
