using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>TLS before a <see cref="FakeEngine"/>: what comes goes on, to the end of either side.</summary>
internal sealed class TlsFront : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Uri _engine;
    private readonly X509Certificate2? _certificate;
    private readonly Task _accepting;

    /// <param name="certificate">Null: every handshake is broken off.</param>
    public TlsFront(FakeEngine engine, X509Certificate2? certificate)
    {
        _engine = new Uri(engine.Address);
        _certificate = certificate;
        _listener.Start();
        Port = ((IPEndPoint)_listener.LocalEndpoint).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    public string Address => $"https://127.0.0.1:{Port}";

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                serving.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(serving);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var front = client;
        front.NoDelay = true;
        if (_certificate is null)
        {
            // Read first: closed with something unread, a connection is reset.
            _ = await front.GetStream().ReadAtLeastAsync(new byte[4096], 1, throwOnEndOfStream: false, _stop.Token);
            return;
        }
        using var back = new TcpClient { NoDelay = true };
        await using var tls = new SslStream(front.GetStream());
        try
        {
            await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = _certificate }, _stop.Token);
            await back.ConnectAsync(IPAddress.Loopback, _engine.Port, _stop.Token);
            await Task.WhenAny(tls.CopyToAsync(back.GetStream(), _stop.Token), back.GetStream().CopyToAsync(tls, _stop.Token));
        }
        catch (Exception e) when (e is IOException or AuthenticationException or OperationCanceledException or SocketException)
        {
            // The other side closes with it: what a test wants to know is seen there.
        }
    }
}
