using Podvirt.Testing.Cluster;
using Podvirt.Testing.Net;

namespace Podvirt.LocalCluster.Chaos.Faults;

/// <summary>The lines between one process and NATS, ClickHouse or Nomad, or between one server of NATS and the others: cut, frozen or slow.</summary>
internal sealed class LineFaults(ChaosCluster cluster)
{
    private static readonly TimeSpan s_slowness = TimeSpan.FromMilliseconds(100);

    public Fault Draw(Random random)
    {
        var name = random.Of(ChaosCluster.Names);
        var service = random.Of(ServicesOf(name));
        var lines = cluster.Lines.Of(name, service);
        // Away from one server of several, or from all of them.
        var hit = lines.Count > 1 && random.Next(3) == 0 ? [random.Of(lines)] : lines;
        var component = $"line to {(service == ClusterService.Nats ? "NATS" : service)}";
        var target = $"{name} {service}";
        return Draw(random, component, target, hit);
    }

    /// <summary>One server away from the other two: clients still reach it.</summary>
    public Fault DrawNatsPeers(Random random)
    {
        var server = random.Next(cluster.Parts.NatsServers.Count);
        return Draw(random, "lines between NATS servers", $"nats-{server + 1} peers", cluster.Lines.NatsPeers.Of(server));
    }

    private static Fault Draw(Random random, string component, string target, IReadOnlyList<TcpProxy> hit)
    {
        var lasts = random.Between(1, 8);
        return random.Next(3) switch
        {
            0 => Of("cut", static line => line.Cut()),
            1 => Of("frozen", static line => line.Freeze()),
            _ => Of("slow", static line => line.Slow(s_slowness)),
        };

        Fault Of(string kind, Action<TcpProxy> hurt) => new(component, kind, target, lasts, () =>
        {
            foreach (var line in hit)
            {
                hurt(line);
            }
            return Task.FromResult<Func<Task>?>(() =>
            {
                foreach (var line in hit)
                {
                    line.Mend();
                }
                return Task.CompletedTask;
            });
        });
    }

    private static IReadOnlyList<ClusterService> ServicesOf(string name) => name.Split('-')[0] switch
    {
        "gateway" or "metering" => [ClusterService.Nats, ClusterService.ClickHouse],
        "scheduler" => [ClusterService.Nats, ClusterService.Nomad],
        _ => [ClusterService.Nats],
    };
}
