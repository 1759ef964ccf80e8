using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Podvirt.LocalCluster.Chaos.Load;

namespace Podvirt.LocalCluster.Chaos.Judges;

/// <summary>When nothing is broken any more, everything comes back without hands: all parts are ready, one scheduler leads, every model is served, and nothing is left over.</summary>
internal sealed class RecoveryJudge(ChaosCluster cluster, Findings findings)
{
    /// <summary>After many kills, servers of NATS 2.9 took up to two and a half minutes until a stream of theirs had a leader again.</summary>
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(8);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    private const int CallTokens = 10;

    public async Task JudgePartsAsync()
    {
        string[] away = [];
        await HoldAsync(
            async () =>
            {
                var ready = await Task.WhenAll(ChaosCluster.Names.Select(async name => (name, isReady: await cluster.IsReadyAsync(name))));
                away = [.. ready.Where(static r => !r.isReady).Select(static r => r.name)];
                return away.Length == 0;
            },
            () => $"not ready again: {string.Join(", ", away)}");
        IReadOnlyList<string> leaders = [];
        await HoldAsync(
            async () => (leaders = await cluster.LeadersAsync()).Count == 1,
            () => $"{leaders.Count} schedulers lead");
    }

    public async Task JudgeModelsAsync(ChaosLoad load)
    {
        foreach (var model in ChaosCatalog.Models)
        {
            foreach (var gateway in ChaosCluster.Gateways)
            {
                ChaosCall? call = null;
                await HoldAsync(
                    async () => (call = await load.CallAsync(new CallPlan(gateway, model.Id, IsStream: false, CallTokens, null, "last"))).End == CallEnd.Finished,
                    () => $"{model.Id} is not served again: {call}");
            }
        }
    }

    /// <summary>Every engine that runs is a replica that the scheduler knows, and the other way round.</summary>
    public async Task JudgeEnginesAsync()
    {
        var (known, running) = (0, 0);
        await HoldAsync(
            async () =>
            {
                var list = await cluster[ChaosCluster.Gateways[0]].Admin.GetFromJsonAsync<JsonObject>("api/replicas");
                known = list!["data"]!.AsArray().Count;
                running = cluster.Parts.Nomad.TaskProcesses().Count;
                return known == running;
            },
            () => $"{running} engines run, and the scheduler knows {known} replicas");
    }

    private async Task HoldAsync(Func<Task<bool>> condition, Func<string> what)
    {
        var began = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            if (Stopwatch.GetElapsedTime(began) > s_limit)
            {
                findings.Add($"within {s_limit.TotalMinutes} min: {what()}");
                return;
            }
            await Task.Delay(s_pause);
        }
    }
}
