using System.Net;
using System.Net.Sockets;

namespace Podvirt.Testing.Net;

/// <summary>One connection through a <see cref="TcpProxy"/>, and the one to the server that belongs to it.</summary>
internal sealed class ProxyConnection(TcpProxy proxy, Socket client) : IDisposable
{
    private const int BufferBytes = 64 * 1024;

    private readonly Socket _server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly CancellationTokenSource _reset = new();

    /// <summary>Ends both sides at once, without what is under way.</summary>
    public void Reset() => _reset.Cancel();

    /// <summary>Until both directions have ended, or either broke.</summary>
    public async Task RunAsync()
    {
        client.NoDelay = true;
        try
        {
            await proxy.PassAsync(_reset.Token);
            await _server.ConnectAsync(new IPEndPoint(IPAddress.Loopback, proxy.Target), _reset.Token);
            await Task.WhenAll(PumpAsync(client, _server), PumpAsync(_server, client));
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // Linger 0 makes a close a reset.
            client.LingerState = _server.LingerState = new LingerOption(true, 0);
        }
    }

    public void Dispose()
    {
        client.Dispose();
        _server.Dispose();
        _reset.Dispose();
    }

    private async Task PumpAsync(Socket from, Socket to)
    {
        var buffer = new byte[BufferBytes];
        try
        {
            while (await from.ReceiveAsync(buffer, _reset.Token) is > 0 and var read)
            {
                await proxy.PassAsync(_reset.Token);
                for (var sent = 0; sent < read;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), _reset.Token);
                }
            }
            await proxy.PassAsync(_reset.Token);
            to.Shutdown(SocketShutdown.Send);
        }
        catch
        {
            // The other direction must not wait for ever on a side that is gone.
            await _reset.CancelAsync();
            throw;
        }
    }
}
