using Podvirt.Testing.Nats;
using Podvirt.Testing.Net;

namespace Podvirt.Testing.Cluster;

/// <summary>What a process of a cluster talks to.</summary>
public enum ClusterService
{
    Nats,
    ClickHouse,
    Nomad,
}

/// <summary>The lines between the processes of a cluster and its servers, each process has its own to each server, and between the servers of NATS.</summary>
public sealed class ClusterLines : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Process, ClusterService Service), TcpProxy[]> _lines = [];
    private readonly Dictionary<ClusterService, int[]> _ports;

    internal ClusterLines(NatsPeerLines natsPeers, IEnumerable<int> nats, int clickHouse, int nomad)
    {
        NatsPeers = natsPeers;
        _ports = new()
        {
            [ClusterService.Nats] = [.. nats],
            [ClusterService.ClickHouse] = [clickHouse],
            [ClusterService.Nomad] = [nomad],
        };
    }

    public NatsPeerLines NatsPeers { get; }

    /// <summary>Of a process to a service: one to each of its servers. They stay over the process's restarts.</summary>
    public IReadOnlyList<TcpProxy> Of(string process, ClusterService service)
    {
        lock (_gate)
        {
            if (!_lines.TryGetValue((process, service), out var lines))
            {
                lines = _lines[(process, service)] = Array.ConvertAll(_ports[service], TcpProxy.To);
            }
            return lines;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await NatsPeers.DisposeAsync();
        foreach (var line in _lines.Values.SelectMany(static l => l))
        {
            await line.DisposeAsync();
        }
    }
}
