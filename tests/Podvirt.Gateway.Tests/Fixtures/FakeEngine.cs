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
        var reading = connection.ReadAllAsync();
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

/// <summary>Waits for a condition, never for a time.</summary>
/// <summary>The few times that tests let pass, and why.</summary>
internal static class Pauses
{
    /// <summary>Between two looks at a condition.</summary>
    public static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(2);

    /// <summary>Long enough for the gateway to see one piece by itself; no outcome hangs on it.</summary>
    public static readonly TimeSpan BetweenPieces = TimeSpan.FromMilliseconds(1);

    /// <summary>An engine's pace, far below the time-out that the test sets.</summary>
    public static readonly TimeSpan SlowToken = TimeSpan.FromMilliseconds(60);

    /// <summary>Several times the token time-out that the test sets: what must not happen by then would have.</summary>
    public static readonly TimeSpan BeyondTokenTimeout = TimeSpan.FromMilliseconds(1500);

    /// <summary>For a "nothing happens": a wrong gateway answers within a few milliseconds.</summary>
    public static readonly TimeSpan NothingHappens = TimeSpan.FromMilliseconds(300);
}

internal static class Eventually
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(20);

    public static async Task TrueAsync(Func<bool> condition, string what)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < s_limit, $"Waited in vain until {what}.");
            await Task.Delay(Pauses.Poll);
        }
    }

    /// <summary>A task that should end by itself.</summary>
    public static Task Within(this Task task, double seconds = 20) => task.WaitAsync(TimeSpan.FromSeconds(seconds));

    public static Task<T> Within<T>(this Task<T> task, double seconds = 20) => task.WaitAsync(TimeSpan.FromSeconds(seconds));
}
