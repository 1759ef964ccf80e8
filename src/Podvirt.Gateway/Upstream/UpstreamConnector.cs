using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace Podvirt.Gateway.Upstream;

/// <summary>
/// Opens connections to engines. The relay sees pipes only: this is the one place that knows sockets, so that another
/// transport can take its place.
/// </summary>
internal sealed class UpstreamConnector(GatewayOptions options, TimeProvider time, ILoggerFactory loggers) : IDisposable
{
    // Read ahead of a client that takes its time, by the gateway and by the system for it. A round trip to an engine is
    // short: more would make nothing faster, and the system alone would go up to 32 MiB.
    private const int ReadAheadBytesMax = 64 * 1024;
    private const int ReceiveBufferBytes = 256 * 1024;

    // Kestrel's own socket transport, turned around: pooled buffers, no buffer held while an idle connection waits.
    private readonly SocketConnectionContextFactory _factory = new(
        new SocketConnectionFactoryOptions { MaxReadBufferSize = ReadAheadBytesMax }, loggers.CreateLogger("Podvirt.Gateway.Upstream.Sockets"));

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
        catch (Exception e) when (e is SocketException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
        {
            socket.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            throw new IOException($"No connection to {address.Host}:{address.Port}: {e.Message}", e);
        }
    }

    public void Dispose() => _factory.Dispose();

    private UpstreamConnection Open(Socket socket)
    {
        var context = _factory.Create(socket);
        return new UpstreamConnection(context.Transport, context.Abort, context.DisposeAsync);
    }

    private static async ValueTask<UpstreamConnection> OpenTlsAsync(Socket socket, Uri address, CancellationToken cancellationToken)
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
        var pipe = new StreamDuplexPipe(PipeReader.Create(stream), PipeWriter.Create(stream));
        return new UpstreamConnection(pipe, _ => socket.Dispose(), stream.DisposeAsync);
    }

    private sealed record StreamDuplexPipe(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}
