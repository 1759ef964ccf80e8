using System.Net.Sockets;
using System.Text;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>A client that is nothing but a socket: it leaves with a FIN or a reset, as it pleases.</summary>
internal sealed class LeavingClient : IAsyncDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    private LeavingClient()
    {
    }

    public static async Task<LeavingClient> PostAsync(GatewayHost host, string body, string path = Calls.Chat)
    {
        var client = new LeavingClient();
        await client._socket.ConnectAsync(host.Address.Host, host.Address.Port);
        var bytes = Encoding.UTF8.GetBytes(body);
        await client._socket.SendAsync(Encoding.ASCII.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: podvirt\r\nAuthorization: Bearer {GatewayHost.Secret}\r\nContent-Type: application/json\r\nContent-Length: {bytes.Length}\r\n\r\n"));
        await client._socket.SendAsync(bytes);
        return client;
    }

    /// <summary>Reads until the text has come; all that came so far.</summary>
    public async Task<string> ReadUntilAsync(string end)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (!text.ToString().Contains(end, StringComparison.Ordinal))
        {
            var read = await _socket.ReceiveAsync(buffer).Within();
            Assert.True(read > 0, $"The answer ended before '{end}': {text}");
            text.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }
        return text.ToString();
    }

    /// <summary>Sends a FIN and stays: nothing that comes is refused.</summary>
    public void CloseSending() => _socket.Shutdown(SocketShutdown.Send);

    public void Leave(bool reset)
    {
        if (reset)
        {
            _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        _socket.Dispose();
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        return ValueTask.CompletedTask;
    }
}
