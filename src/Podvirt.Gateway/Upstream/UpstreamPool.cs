using System.Text;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;

namespace Podvirt.Gateway.Upstream;

/// <summary>
/// One replica's idle connections, the newest first. At most as many as it has slots; a further one is closed. What the
/// engine closes, and what nobody needs for long, is let go of by <see cref="Sweep"/>.
/// </summary>
internal sealed class UpstreamPool
{
    private readonly UpstreamConnector _connector;
    private readonly TimeProvider _time;
    private readonly TimeSpan _idleTimeMax;
    private readonly Lock _lock = new();
    private readonly List<Idle> _idle = [];
    private readonly int _idleMax;
    private readonly Uri _address;
    private bool _closed;

    /// <exception cref="ArgumentException">The replica's address or key is none.</exception>
    public UpstreamPool(UpstreamConnector connector, ReplicaRoute route, GatewayOptions options, TimeProvider time)
    {
        _connector = connector;
        _time = time;
        _idleTimeMax = options.IdleConnectionTimeMax;
        _address = new Uri(route.Address);
        _idleMax = Math.Max(1, route.Slots);
        if (!EngineKey.IsUsable(route.ApiKey))
        {
            throw new ArgumentException($"The key of replica {route.Id} cannot stand in a header.", nameof(route));
        }
        var path = _address.AbsolutePath.TrimEnd('/');
        var authorization = route.ApiKey.Length == 0 ? "" : $"Authorization: Bearer {route.ApiKey}\r\n";
        PathPrefix = Encoding.ASCII.GetBytes(path);
        FixedHeaders = Encoding.ASCII.GetBytes($"Host: {_address.Authority}\r\nContent-Type: application/json\r\n{authorization}");
    }

    /// <summary>What stands before the surface's path; empty for engines that Podvirt starts.</summary>
    public ReadOnlyMemory<byte> PathPrefix { get; }

    /// <summary>Headers that are the same for every request, the engine's own key among them.</summary>
    public ReadOnlyMemory<byte> FixedHeaders { get; }

    public int IdleCount
    {
        get
        {
            lock (_lock)
            {
                return _idle.Count;
            }
        }
    }

    /// <exception cref="IOException">No connection.</exception>
    public async ValueTask<UpstreamConnection> RentAsync(bool fresh, CancellationToken cancellationToken)
    {
        while (!fresh && TryPop() is { } idle)
        {
            if (idle.IsUsable())
            {
                idle.IsReused = true;
                return idle;
            }
            await idle.DisposeAsync();
        }
        return await _connector.ConnectAsync(_address, cancellationToken);
    }

    public async ValueTask ReturnAsync(UpstreamConnection connection)
    {
        lock (_lock)
        {
            if (!_closed && _idle.Count < _idleMax)
            {
                _idle.Add(new Idle(connection, _time.GetTimestamp()));
                return;
            }
        }
        await connection.DisposeAsync();
    }

    /// <summary>Lets go of idle connections that the engine has closed, or that nobody has needed for long.</summary>
    public void Sweep()
    {
        List<UpstreamConnection>? gone = null;
        lock (_lock)
        {
            for (var i = _idle.Count - 1; i >= 0; i--)
            {
                if (_time.GetElapsedTime(_idle[i].Since) < _idleTimeMax && _idle[i].Connection.IsUsable())
                {
                    continue;
                }
                (gone ??= []).Add(_idle[i].Connection);
                _idle.RemoveAt(i);
            }
        }
        LetGo(gone);
    }

    /// <summary>The replica is gone: idle connections are closed, rented ones end with their requests.</summary>
    public void Close()
    {
        List<UpstreamConnection> idle;
        lock (_lock)
        {
            _closed = true;
            idle = [.. _idle.Select(i => i.Connection)];
            _idle.Clear();
        }
        LetGo(idle);
    }

    // The socket closes here; giving the buffers back needs nobody to wait for it.
    private static void LetGo(List<UpstreamConnection>? connections)
    {
        foreach (var connection in connections ?? [])
        {
            connection.Cut();
            _ = connection.DisposeAsync().AsTask();
        }
    }

    private UpstreamConnection? TryPop()
    {
        lock (_lock)
        {
            if (_idle.Count == 0)
            {
                return null;
            }
            var newest = _idle[^1].Connection;
            _idle.RemoveAt(_idle.Count - 1);
            return newest;
        }
    }

    private readonly record struct Idle(UpstreamConnection Connection, long Since);
}
