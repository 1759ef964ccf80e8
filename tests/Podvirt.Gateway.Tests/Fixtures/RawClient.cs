using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>A client on a bare socket: sends exactly what it is told, reads only when told to, and sees exactly what comes.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    public static async Task<RawClient> ConnectAsync(GatewayHost host)
    {
        var client = new RawClient();
        // Small, so that what the gateway has to hold does not hide in the client's own kernel.
        client._socket.ReceiveBufferSize = 128 * 1024;
        await client._socket.ConnectAsync(IPAddress.Parse(host.Address.Host), host.Address.Port);
        return client;
    }

    /// <summary>A request with the default key.</summary>
    /// <param name="more">Whole header lines, each with its end.</param>
    public static string Post(string body, string more = "", string path = Calls.Chat) =>
        Head($"{more}Content-Length: {Encoding.UTF8.GetByteCount(body)}\r\n", path) + body;

    /// <summary>The head of a request with the default key.</summary>
    public static string Head(string more, string path = Calls.Chat) =>
        $"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {GatewayHost.Secret}\r\n{more}\r\n";

    public async Task SendAsync(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text).AsMemory();
        while (bytes.Length > 0)
        {
            bytes = bytes[await _socket.SendAsync(bytes).AsTask().Within()..];
        }
    }

    /// <summary>Reads until the text is there; what came so far.</summary>
    public async Task<string> ReadUntilAsync(string end)
    {
        var text = new StringBuilder();
        // Only what is new is searched: some tests read many megabytes.
        for (var from = 0; !text.ToString(from, text.Length - from).Contains(end, StringComparison.Ordinal);)
        {
            from = Math.Max(0, text.Length - end.Length);
            var more = await ReadAsync();
            if (more.Length == 0)
            {
                Assert.Fail($"The connection ended before '{end}': {text}");
            }
            text.Append(more);
        }
        return text.ToString();
    }

    /// <summary>Reads until the gateway closes or resets the connection.</summary>
    public async Task<string> ReadToEndAsync()
    {
        var text = new StringBuilder();
        while (await ReadAsync() is { Length: > 0 } more)
        {
            text.Append(more);
        }
        return text.ToString();
    }

    /// <summary>Says that nothing more will be sent.</summary>
    public void SendFin() => _socket.Shutdown(SocketShutdown.Send);

    public void Reset()
    {
        _socket.LingerState = new LingerOption(enable: true, seconds: 0);
        _socket.Dispose();
    }

    public void Dispose() => _socket.Dispose();

    private async Task<string> ReadAsync()
    {
        var buffer = new byte[16 * 1024];
        try
        {
            return Encoding.UTF8.GetString(buffer, 0, await _socket.ReceiveAsync(buffer).Within());
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            return "";
        }
    }
}
