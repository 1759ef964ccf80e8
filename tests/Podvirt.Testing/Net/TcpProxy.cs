using System.Net;
using System.Net.Sockets;

namespace Podvirt.Testing.Net;

/// <summary>
/// The line to a server, on a free port of the loopback address, which a test can cut, freeze and slow down. Either side sees what it would of a real line:
/// a cut resets connections, a freeze loses nothing and tells nobody.
/// </summary>
public sealed class TcpProxy : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly Lock _gate = new();
    private readonly HashSet<ProxyConnection> _open = [];
    private readonly Task _accepting;
    private TaskCompletionSource? _frozen;
    private bool _cut;
    private long _slowTicks;

    private TcpProxy(int target)
    {
        Target = target;
        _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    /// <summary>Where clients connect to.</summary>
    public int Port { get; }

    /// <summary>Connections that are open now.</summary>
    public int Open
    {
        get
        {
            lock (_gate)
            {
                return _open.Count;
            }
        }
    }

    internal int Target { get; }

    /// <summary>How much longer every piece takes.</summary>
    internal TimeSpan Slowness => TimeSpan.FromTicks(Volatile.Read(ref _slowTicks));

    /// <param name="port">The server's, on the loopback address. It need not listen: then connections are reset.</param>
    public static TcpProxy To(int port) => new(port);

    /// <summary>Connections are reset, those that come too.</summary>
    public void Cut()
    {
        lock (_gate)
        {
            _cut = true;
            Array.ForEach([.. _open], static c => c.Reset());
        }
    }

    /// <summary>Connections stay, and come, but nothing goes through them.</summary>
    public void Freeze()
    {
        lock (_gate)
        {
            _frozen ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Every piece, in either direction, waits first.</summary>
    public void Slow(TimeSpan by) => Volatile.Write(ref _slowTicks, by.Ticks);

    /// <summary>As new. What was held by a freeze goes on.</summary>
    public void Mend()
    {
        Slow(TimeSpan.Zero);
        TaskCompletionSource? frozen;
        lock (_gate)
        {
            _cut = false;
            (frozen, _frozen) = (_frozen, null);
        }
        frozen?.SetResult();
    }

    public async ValueTask DisposeAsync()
    {
        Cut();
        _listener.Dispose();
        await _accepting;
    }

    /// <summary>Returns when something may go through.</summary>
    internal async Task PassAsync(CancellationToken cancellationToken)
    {
        while (Frozen() is { } thaw)
        {
            await thaw.WaitAsync(cancellationToken);
        }
        if (Slowness is { Ticks: > 0 } slowness)
        {
            await Task.Delay(slowness, cancellationToken);
        }
    }

    private Task? Frozen()
    {
        lock (_gate)
        {
            return _frozen?.Task;
        }
    }

    private async Task AcceptAsync()
    {
        var running = new HashSet<Task>();
        try
        {
            while (true)
            {
                running.Add(RunAsync(new ProxyConnection(this, await _listener.AcceptAsync())));
                running.RemoveWhere(static task => task.IsCompletedSuccessfully);
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Disposed.
            await Task.WhenAll(running);
        }
    }

    private async Task RunAsync(ProxyConnection connection)
    {
        using (connection)
        {
            lock (_gate)
            {
                _open.Add(connection);
                if (_cut)
                {
                    connection.Reset();
                }
            }
            await connection.RunAsync();
            lock (_gate)
            {
                _open.Remove(connection);
            }
        }
    }
}
