using Podvirt.Testing.Net;

namespace Podvirt.Testing.Nats;

/// <summary>The lines between the servers of a NATS cluster: two for each pair, as either may have connected to the other.</summary>
public sealed class NatsPeerLines : IAsyncDisposable
{
    private readonly Dictionary<(int From, int To), TcpProxy> _lines = [];

    /// <summary>All between this server and the others.</summary>
    public IReadOnlyList<TcpProxy> Of(int server) => [.. _lines.Where(l => l.Key.From == server || l.Key.To == server).Select(static l => l.Value)];

    public async ValueTask DisposeAsync()
    {
        foreach (var line in _lines.Values)
        {
            await line.DisposeAsync();
        }
    }

    /// <summary>Where one finds the other.</summary>
    internal int Open(int from, int to, int port) => (_lines[(from, to)] = TcpProxy.To(port)).Port;
}
