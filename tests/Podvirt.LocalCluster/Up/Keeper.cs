using Podvirt.Testing.Balancers;

namespace Podvirt.LocalCluster.Up;

/// <summary>Starts again what ends, in the same place with the same data, and passes on what the parts say.</summary>
internal static class Keeper
{
    /// <summary>As the job files have it: <c>restart { delay = "2s" }</c>.</summary>
    private static readonly TimeSpan s_delay = TimeSpan.FromSeconds(2);

    /// <summary>Until the token fires; then nothing is started any more.</summary>
    public static Task RunAsync(ClusterProcesses cluster, Balancer nginx, CancellationToken stopping) => Task.WhenAll([
        .. cluster.Names.Select(name => KeepPodvirtAsync(cluster, name, stopping)),
        .. cluster.NatsServers.Select((server, i) => KeepAsync($"nats-{i + 1}", () => server.Process, server.KillAsync, server.StartAgainAsync, stopping)),
        KeepAsync("clickhouse", () => cluster.ClickHouse.Process, cluster.ClickHouse.KillAsync, cluster.ClickHouse.StartAgainAsync, stopping),
        KeepAsync("nginx", () => nginx.Process, nginx.KillAsync, nginx.StartAgainAsync, stopping),
    ]);

    private static async Task KeepPodvirtAsync(ClusterProcesses cluster, string name, CancellationToken stopping)
    {
        // A part's name is its role and a number.
        var role = name.Split('-')[0];
        while (true)
        {
            var process = cluster[name];
            process.Logged = line => UpCommand.Say($"{name,-12} {line}");
            if (!await EndedAsync(process.WaitForExitAsync(stopping)))
            {
                // What they say of their own stop would read as this program's.
                process.Logged = null;
                return;
            }
            UpCommand.Say($"{name,-12} ended; it is started again.");
            await process.DisposeKeepingDataAsync();
            if (!await EndedAsync(Task.Delay(s_delay, stopping)))
            {
                return;
            }
            await cluster.LaunchAsync(name, role);
            UpCommand.Say($"{name,-12} is process {cluster[name].Id}.");
        }
    }

    private static async Task KeepAsync(string name, Func<ChildProcess?> process, Func<Task> clear, Func<Task> startAgain, CancellationToken stopping)
    {
        while (true)
        {
            if (process() is { } running && !await EndedAsync(running.WaitForExitAsync(stopping)))
            {
                return;
            }
            UpCommand.Say($"{name,-12} ended; it is started again.");
            await clear();
            if (!await EndedAsync(Task.Delay(s_delay, stopping)))
            {
                return;
            }
            try
            {
                await startAgain();
                UpCommand.Say($"{name,-12} is process {process()!.Id}.");
            }
            catch (InvalidOperationException error)
            {
                UpCommand.Say($"{name,-12} {error.Message}");
            }
        }
    }

    /// <summary>False: the token came first.</summary>
    private static async Task<bool> EndedAsync(Task wait)
    {
        await wait.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return !wait.IsCanceled;
    }
}
