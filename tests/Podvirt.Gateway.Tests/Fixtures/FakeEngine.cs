using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>
/// An engine that sends exactly what a script says, byte by byte where wanted, and records the requests that it got.
/// A script runs once for each request; the connection stays open after it unless the script closed it.
/// </summary>
internal sealed class FakeEngine : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<int, FakeConnection> _connections = new();
    private readonly Task _accepting;
    private int _accepted;
    private int _requests;
    private volatile Exception? _fault;

    public FakeEngine(Func<FakeCall, Task>? script = null)
    {
        Script = script ?? (call => call.AnswerAsync());
        _listener.Start();
        Address = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
        _accepting = AcceptAsync();
    }

    public string Address { get; }

    /// <summary>What happens on each request from now on.</summary>
    public Func<FakeCall, Task> Script { get; set; }

    /// <summary>What happens in the middle of a request, on each connection once, after so many bytes of it.</summary>
    public (long After, Func<FakeConnection, Task> Act)? Early { get; set; }

    /// <summary>Requests in the order in which they were complete.</summary>
    public ConcurrentQueue<FakeCall> Calls { get; } = new();

    public int AcceptedConnections => Volatile.Read(ref _accepted);

    public int OpenConnections => _connections.Count;

    public FakeCall LastCall => Calls.Last();

    /// <summary>Refuses connections from now on.</summary>
    public void StopListening() => _listener.Stop();

    public async Task<FakeCall> CallAsync(int number)
    {
        await Eventually.TrueAsync(() => Calls.Count >= number, $"the engine got request {number}");
        return Calls.ElementAt(number - 1);
    }

    public Task CloseIdleAsync(bool reset)
    {
        foreach (var connection in _connections.Values)
        {
            connection.Close(reset);
        }
        return Eventually.TrueAsync(() => _connections.IsEmpty, "the engine's connections are closed");
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        foreach (var connection in _connections.Values)
        {
            connection.Close(reset: true);
        }
        await _accepting;
        _stop.Dispose();
        Assert.Null(_fault);
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket socket;
            try
            {
                socket = await _listener.AcceptSocketAsync(_stop.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
            var number = Interlocked.Increment(ref _accepted);
            var connection = new FakeConnection(socket, number);
            _connections[number] = connection;
            _ = ServeAsync(connection);
        }
    }

    private async Task ServeAsync(FakeConnection connection)
    {
        var reading = connection.ReadAllAsync(Early);
        try
        {
            while (await connection.ReadRequestAsync() is { } request)
            {
                var call = new FakeCall(connection, request.Head, request.Body, Interlocked.Increment(ref _requests));
                Calls.Enqueue(call);
                await Script(call);
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The gateway cut the connection: what a test wants to know of it stands in PeerClosed.
        }
        catch (Exception e)
        {
            _fault = e;
        }
        finally
        {
            connection.Close(reset: false);
            await reading;
            _connections.TryRemove(connection.Number, out _);
        }
    }
}
