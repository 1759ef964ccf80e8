
namespace Podvirt.LocalCluster.Chaos.Faults;

/// <summary>The servers of NATS, one of three, and ClickHouse: killed, stopped in order, or paused.</summary>
internal sealed class ServerFaults(ChaosCluster cluster)
{
    public Fault DrawNats(Random random)
    {
        var number = random.Next(cluster.Parts.NatsServers.Count);
        var server = cluster.Parts.NatsServers[number];
        return Draw(random, "nats-server", $"nats-{number + 1}", () => server.Process!, server.KillAsync, server.StartAgainAsync);
    }

    public Fault DrawClickHouse(Random random)
    {
        var server = cluster.Parts.ClickHouse;
        return Draw(random, "ClickHouse", "clickhouse", () => server.Process!, server.KillAsync, server.StartAgainAsync);
    }

    private static Fault Draw(Random random, string component, string target, Func<ChildProcess> process, Func<Task> kill, Func<Task> start) => random.Next(3) switch
    {
        0 => new Fault(component, "killed", target, random.Between(0, 4), async () =>
        {
            await kill();
            return start;
        }),
        1 => new Fault(component, "restarted", target, random.Between(0, 2), async () =>
        {
            await process().StopAsync();
            // What is left of it is its handle.
            await kill();
            return start;
        }),
        _ => new Fault(component, "paused", target, random.Between(2, 8), () =>
        {
            process().Pause();
            return Task.FromResult<Func<Task>?>(() =>
            {
                process().Resume();
                return Task.CompletedTask;
            });
        }),
    };
}
