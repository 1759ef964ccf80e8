using System.Net;
using System.Net.Sockets;
using Podvirt.Testing.Net;

namespace Podvirt.Messaging.Tests.Net;

public sealed class TcpProxyTests : IAsyncLifetime
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    private readonly TcpListener _server = new(IPAddress.Loopback, 0);
    private TcpProxy _proxy = null!;

    public ValueTask InitializeAsync()
    {
        _server.Start();
        _proxy = TcpProxy.To(((IPEndPoint)_server.LocalEndpoint).Port);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        _server.Dispose();
    }

    [Fact]
    public async Task Bytes_GoBothWaysAndSoDoEnds()
    {
        using var limit = new CancellationTokenSource(s_limit);
        var (client, server) = await ConnectAsync(limit.Token);
        await client.SendAsync(new byte[] { 1, 2, 3 }, limit.Token);
        Assert.Equal([1, 2, 3], await ReadAsync(server, 3, limit.Token));
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await server.ReceiveAsync(new byte[1], limit.Token));
        await server.SendAsync(new byte[] { 4 }, limit.Token);
        server.Dispose();
        Assert.Equal([4], await ReadAsync(client, 1, limit.Token));
        Assert.Equal(0, await client.ReceiveAsync(new byte[1], limit.Token));
    }

    [Fact]
    public async Task Cut_ResetsWhatIsOpenAndWhatComesUntilMended()
    {
        using var limit = new CancellationTokenSource(s_limit);
        var (client, server) = await ConnectAsync(limit.Token);
        _proxy.Cut();
        await Assert.ThrowsAsync<SocketException>(() => client.ReceiveAsync(new byte[1], limit.Token).AsTask());
        await Assert.ThrowsAsync<SocketException>(() => server.ReceiveAsync(new byte[1], limit.Token).AsTask());
        await Assert.ThrowsAsync<SocketException>(() => ConnectAndReadAsync(limit.Token));
        _proxy.Mend();
        var (again, _) = await ConnectAsync(limit.Token);
        Assert.True(again.Connected);
    }

    [Fact]
    public async Task Freeze_HoldsWhatIsSentUntilMended()
    {
        using var limit = new CancellationTokenSource(s_limit);
        var (client, server) = await ConnectAsync(limit.Token);
        _proxy.Freeze();
        await client.SendAsync(new byte[] { 1 }, limit.Token);
        var read = ReadAsync(server, 1, limit.Token);
        // A connection that comes is taken by the line and not by the server.
        using var late = await ClientAsync(limit.Token);
        while (_proxy.Open < 2)
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
        Assert.False(_server.Pending());
        Assert.False(read.IsCompleted);
        _proxy.Mend();
        Assert.Equal([1], await read);
        using var taken = await _server.AcceptSocketAsync(limit.Token);
        Assert.True(taken.Connected);
    }

    [Fact]
    public async Task ServerIsGone_ConnectionsAreReset()
    {
        using var limit = new CancellationTokenSource(s_limit);
        _server.Stop();
        await Assert.ThrowsAsync<SocketException>(() => ConnectAndReadAsync(limit.Token));
    }

    private static async Task<byte[]> ReadAsync(Socket socket, int count, CancellationToken cancellationToken)
    {
        var bytes = new byte[count];
        for (var read = 0; read < count;)
        {
            var more = await socket.ReceiveAsync(bytes.AsMemory(read), cancellationToken);
            Assert.NotEqual(0, more);
            read += more;
        }
        return bytes;
    }

    private async Task<Socket> ClientAsync(CancellationToken cancellationToken)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _proxy.Port), cancellationToken);
        return client;
    }

    /// <summary>A reset may come before the connection is known here.</summary>
    private async Task ConnectAndReadAsync(CancellationToken cancellationToken)
    {
        using var client = await ClientAsync(cancellationToken);
        await client.ReceiveAsync(new byte[1], cancellationToken);
    }

    private async Task<(Socket Client, Socket Server)> ConnectAsync(CancellationToken cancellationToken)
    {
        var client = await ClientAsync(cancellationToken);
        return (client, await _server.AcceptSocketAsync(cancellationToken));
    }
}
