using System.Collections.Concurrent;

namespace Podvirt.LocalCluster.Chaos.Faults;

/// <summary>Breaks one thing after the other by chance, and mends each; several of these break several things at a time.</summary>
internal sealed class ChaosDirector(ChaosCluster cluster, bool sparesNats, Action<string> say)
{
    private readonly ProcessFaults _processes = new(cluster);
    private readonly ServerFaults _servers = new(cluster);
    private readonly LineFaults _lines = new(cluster);
    private readonly NomadFaults _nomad = new(cluster);
    private readonly ConcurrentDictionary<string, bool> _held = new();
    private readonly ConcurrentDictionary<(string Component, string Kind), int> _done = new();

    /// <summary>What was broken, and how often.</summary>
    public IReadOnlyDictionary<(string Component, string Kind), int> Done => _done;

    /// <summary>Returns when what was broken last is mended.</summary>
    public async Task RunAsync(Random random, CancellationToken until)
    {
        while (!until.IsCancellationRequested)
        {
            var fault = Draw(random);
            if (_held.TryAdd(fault.Target, true))
            {
                await RunAsync(fault, until);
                _held.TryRemove(fault.Target, out _);
            }
            await PauseAsync(random.Between(0.1, 2), until);
        }
    }

    private Fault Draw(Random random) => random.Next(20) switch
    {
        < 8 => _processes.Draw(random),
        < 11 => sparesNats ? _lines.Draw(random) : _servers.DrawNats(random),
        < 12 => _servers.DrawClickHouse(random),
        < 15 => _lines.Draw(random),
        < 16 => _lines.DrawNatsPeers(random),
        < 18 => _nomad.DrawAgent(random),
        _ => _nomad.DrawEngine(random),
    };

    private async Task RunAsync(Fault fault, CancellationToken until)
    {
        if (await fault.BreakAsync() is not { } mend)
        {
            return;
        }
        say($"{fault.Target} {fault.Kind}, for {fault.Lasts.TotalSeconds:0.0} s");
        _done.AddOrUpdate((fault.Component, fault.Kind), 1, static (_, n) => n + 1);
        await PauseAsync(fault.Lasts, until);
        await mend();
    }

    private static async Task PauseAsync(TimeSpan time, CancellationToken until) =>
        await Task.Delay(time, until).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
