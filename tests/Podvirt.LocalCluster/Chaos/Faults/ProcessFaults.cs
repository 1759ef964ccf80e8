namespace Podvirt.LocalCluster.Chaos.Faults;

/// <summary>Gateways, schedulers, metering workers and the node agent: killed, paused beyond their leases, or restarted in order.</summary>
internal sealed class ProcessFaults(ChaosCluster cluster)
{
    private readonly double _lease = ChaosCatalog.Lease.TotalSeconds;

    public Fault Draw(Random random)
    {
        var name = random.Of(ChaosCluster.Names);
        var component = name.Split('-')[0] switch
        {
            "metering" => "metering worker",
            "node" => "node agent",
            var other => other,
        };
        return random.Next(3) switch
        {
            0 => new Fault(component, "killed", name, random.Between(0, 3), async () =>
            {
                await cluster.KillAsync(name);
                return () => cluster.StartAgainAsync(name);
            }),
            1 => new Fault(component, "restarted", name, random.Between(0, 2), async () =>
            {
                await cluster.StopAsync(name);
                return () => cluster.StartAgainAsync(name);
            }),
            _ => new Fault(component, "paused beyond its lease", name, random.Between(1.2 * _lease, 3 * _lease), () => Task.FromResult(
                cluster.Pause(name) is { } absence ? Mending(() => cluster.Resume(name, absence)) : null)),
        };
    }

    private static Func<Task> Mending(Action mend) => () =>
    {
        mend();
        return Task.CompletedTask;
    };
}
