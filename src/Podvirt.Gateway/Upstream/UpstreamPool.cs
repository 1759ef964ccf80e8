using System.Text;
using Podvirt.Core.Messages;

namespace Podvirt.Gateway.Upstream;

/// <summary>One replica's idle connections, newest first. At most as many as it has slots; a further one is closed.</summary>
internal sealed class UpstreamPool
{
    private readonly UpstreamConnector _connector;
    private readonly Lock _lock = new();
    private readonly Stack<UpstreamConnection> _idle = new();
    private readonly int _idleMax;
    private readonly Uri _address;
    private bool _closed;

    public UpstreamPool(UpstreamConnector connector, ReplicaRoute route)
    {
        _connector = connector;
        _address = new Uri(route.Address);
        _idleMax = Math.Max(1, route.Slots);
        var path = _address.AbsolutePath.TrimEnd('/');
        var authorization = route.ApiKey.Length == 0 ? "" : $"Authorization: Bearer {route.ApiKey}\r\n";
        PathPrefix = Encoding.ASCII.GetBytes(path);
        FixedHeaders = Encoding.ASCII.GetBytes($"Host: {_address.Authority}\r\nContent-Type: application/json\r\n{authorization}");
    }

    /// <summary>What stands before the surface's path; empty for engines that Podvirt starts.</summary>
    public ReadOnlyMemory<byte> PathPrefix { get; }

    /// <summary>Headers that are the same for every request, the engine's own key among them.</summary>
    public ReadOnlyMemory<byte> FixedHeaders { get; }

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
                _idle.Push(connection);
                return;
            }
        }
        await connection.DisposeAsync();
    }

    /// <summary>The replica is gone: idle connections are cut, rented ones end with their requests.</summary>
    public void Close()
    {
        UpstreamConnection[] idle;
        lock (_lock)
        {
            _closed = true;
            idle = [.. _idle];
            _idle.Clear();
        }
        foreach (var connection in idle)
        {
            connection.Cut();
        }
    }

    private UpstreamConnection? TryPop()
    {
        lock (_lock)
        {
            return _idle.TryPop(out var connection) ? connection : null;
        }
    }
}
