using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Gateway.Transport;

namespace Podvirt.Gateway.Tests.Transport;

/// <summary>Clients' connections as Kestrel gets them.</summary>
public sealed class ClientListenerTests : IAsyncLifetime
{
    private readonly EventLoops _loops = new(2);
    private ClientListener _listener = null!;

    public ValueTask InitializeAsync()
    {
        var listening = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listening.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listening.Listen(512);
        _listener = new ClientListener(listening, _loops, MemoryPool<byte>.Shared, TimeProvider.System, NullLogger<ClientListener>.Instance);
        return default;
    }

    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync();
        _loops.Dispose();
    }

    [Fact]
    public async Task ClientConnects_BothEndsAreNamed()
    {
        using var client = Connect();
        await using var connection = await AcceptAsync();
        Assert.Equal(client.LocalEndPoint, connection.RemoteEndPoint);
        Assert.Equal(client.RemoteEndPoint, connection.LocalEndPoint);
    }

    [Fact]
    public async Task ManyClientsAtOnce_AllAreAccepted()
    {
        var clients = Enumerable.Range(0, 200).Select(_ => Connect()).ToList();
        var ports = new HashSet<int>();
        foreach (var _ in clients)
        {
            var connection = await AcceptAsync();
            ports.Add(((IPEndPoint)connection.RemoteEndPoint!).Port);
            await connection.DisposeAsync();
        }
        Assert.Equal(clients.Select(c => ((IPEndPoint)c.LocalEndPoint!).Port).ToHashSet(), ports);
        clients.ForEach(c => c.Dispose());
    }

    [Fact]
    public async Task Unbound_AcceptReturnsNothing()
    {
        var accepting = _listener.AcceptAsync(Cancel).AsTask();
        Assert.False(accepting.IsCompleted);
        await _listener.UnbindAsync(Cancel);
        Assert.Null(await accepting.Within());
        Assert.Null(await _listener.AcceptAsync(Cancel));
        Assert.Throws<SocketException>(() => Connect());
    }

    [Fact]
    public async Task ClientEnds_InputEndsAndConnectionClosedFires()
    {
        using var client = Connect();
        await using var connection = await AcceptAsync();
        client.Send("hello"u8);
        client.Shutdown(SocketShutdown.Send);
        await ClosedAsync(connection);
        var read = await connection.Transport.Input.ReadAsync(Cancel);
        Assert.Equal("hello"u8.ToArray(), read.Buffer.ToArray());
        Assert.True(read.IsCompleted);
    }

    [Fact]
    public async Task ClientResets_InputFailsAndConnectionClosedFires()
    {
        using var client = Connect();
        await using var connection = await AcceptAsync();
        var reading = connection.Transport.Input.ReadAsync(Cancel).AsTask();
        client.LingerState = new LingerOption(true, 0);
        client.Dispose();
        await Assert.ThrowsAsync<ConnectionResetException>(() => reading.Within());
        await ClosedAsync(connection);
    }

    [Fact]
    public async Task Aborted_ClientSeesAReset()
    {
        using var client = Connect();
        await using var connection = await AcceptAsync();
        var reading = connection.Transport.Input.ReadAsync(Cancel).AsTask();
        connection.Abort(new ConnectionAbortedException("enough"));
        var error = await Assert.ThrowsAsync<ConnectionAbortedException>(() => reading.Within());
        Assert.Equal("enough", error.Message);
        Assert.Equal(SocketError.ConnectionReset, (await Assert.ThrowsAsync<SocketException>(() => client.ReceiveAsync(new byte[1], Cancel).AsTask())).SocketErrorCode);
    }

    [Fact]
    public async Task DisposedWithEverythingSent_ClientReadsItAndAnEnd()
    {
        using var client = Connect();
        var connection = await AcceptAsync();
        connection.Transport.Output.Write("bye"u8);
        await connection.DisposeAsync();
        var buffer = new byte[16];
        Assert.Equal(3, await client.ReceiveAsync(buffer, Cancel));
        Assert.Equal(0, await client.ReceiveAsync(buffer, Cancel));
    }

    [Fact]
    public async Task NobodyReadsTheClient_ItIsHeldBack()
    {
        using var client = Connect();
        await using var connection = await AcceptAsync();
        client.Blocking = false;
        var block = new byte[64 * 1024];
        var sent = 0L;
        while (true)
        {
            var bytes = client.Send(block, SocketFlags.None, out var error);
            if (error == SocketError.WouldBlock && !client.Poll(TimeSpan.FromMilliseconds(200), SelectMode.SelectWrite))
            {
                break;
            }
            sent += error == SocketError.Success ? bytes : 0;
            Assert.True(sent < 64L * 1024 * 1024, "nothing held the client back");
        }
        Assert.True(connection.Transport.Input.TryRead(out var read));
        Assert.InRange(read.Buffer.Length, ClientConnection.HeldBytesMax, ClientConnection.HeldBytesMax + (64 * 1024));
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private static Task ClosedAsync(ConnectionContext connection) =>
        Eventually.TrueAsync(() => connection.ConnectionClosed.IsCancellationRequested, "the connection is known to be closed");

    private Socket Connect()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            client.Connect(_listener.EndPoint);
            return client;
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    private async Task<ConnectionContext> AcceptAsync() => (await _listener.AcceptAsync(Cancel).AsTask().Within())!;
}
