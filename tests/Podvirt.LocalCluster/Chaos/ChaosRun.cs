using System.Diagnostics;
using Podvirt.LocalCluster.Chaos.Faults;
using Podvirt.LocalCluster.Chaos.Judges;
using Podvirt.LocalCluster.Chaos.Load;
using Podvirt.LocalCluster.Chaos.Summaries;

namespace Podvirt.LocalCluster.Chaos;

/// <summary>
/// A whole cluster under load, of which one or two things are broken at any moment, and what its clients and operators may expect all the same:
/// 1. the cluster starts, and clients call;
/// 2. two directors break and mend for as long as is asked, while the gpus are watched;
/// 3. everything comes back without hands, and the clients finish;
/// 4. every call is held against its promises, and the ledger against every call.
/// </summary>
internal sealed class ChaosRun(ChaosOptions options, Action<string> say)
{
    private const int Directors = 2;

    private readonly Findings _findings = new();

    public async Task<ChaosSummary> RunAsync(CancellationToken stop)
    {
        var began = DateTimeOffset.UtcNow;
        var folder = options.Results is { } results ? Directory.CreateDirectory(results) : Directory.CreateTempSubdirectory("podvirt-chaos-");
        try
        {
            return await RunAsync(began, new ChaosLogs(folder.FullName), stop);
        }
        finally
        {
            if (options.Results is null)
            {
                folder.Delete(recursive: true);
            }
        }
    }

    private async Task<ChaosSummary> RunAsync(DateTimeOffset began, ChaosLogs logs, CancellationToken stop)
    {
        ChaosSummary summary;
        var cluster = await ChaosCluster.StartAsync(_findings, logs);
        await using (cluster)
        {
            summary = await RunAsync(cluster, began, stop);
        }
        var words = new EngineWords(_findings);
        foreach (var name in ChaosCluster.Schedulers)
        {
            words.Judge(name, logs.Lines(name));
        }
        return summary with { Findings = _findings.All };
    }

    private async Task<ChaosSummary> RunAsync(ChaosCluster cluster, DateTimeOffset began, CancellationToken stop)
    {
        var random = new Random(options.Seed);
        var clients = ChaosCluster.Gateways.ToDictionary(static g => g, g => new ChaosClient(cluster[g].Address));
        await using var gpus = new GpuJudge(cluster.Parts.GpuFolder, ChaosCatalog.GpuBytes, _findings);
        var load = new ChaosLoad(clients, ChaosCatalog.Models, new Random(random.Next()));
        var recovery = new RecoveryJudge(cluster, _findings);
        var director = new ChaosDirector(cluster, say);

        gpus.Start();
        await recovery.JudgePartsAsync();
        await recovery.JudgeModelsAsync(load);
        say("the cluster serves; from now on it is broken");
        using var calling = new CancellationTokenSource();
        using var breaking = CancellationTokenSource.CreateLinkedTokenSource(stop);
        breaking.CancelAfter(options.Time);
        var calls = load.RunAsync(calling.Token);
        await Task.WhenAll(Enumerable.Range(0, Directors).Select(_ => new Random(random.Next())).ToArray().Select(own => director.RunAsync(own, breaking.Token)));

        say("everything is mended");
        var mendedAt = Stopwatch.GetTimestamp();
        await recovery.JudgePartsAsync();
        await calling.CancelAsync();
        await calls;
        await recovery.JudgeModelsAsync(load);
        await recovery.JudgeEnginesAsync();
        var recovered = Stopwatch.GetElapsedTime(mendedAt);

        say("the ledger is read");
        var answers = new AnswerJudge(cluster.Absences, _findings);
        foreach (var call in load.Calls)
        {
            answers.Judge(call);
        }
        var records = await new LedgerReader(cluster, began, _findings).ReadAsync(
            [.. load.Calls.Where(static c => c.End is CallEnd.Finished or CallEnd.ToldOfError).Select(static c => c.Id!)]);
        var usage = new UsageJudge(cluster.Absences, _findings);
        usage.Judge(load.Calls, records);
        foreach (var client in clients.Values)
        {
            client.Dispose();
        }
        return ChaosSummary.Of(options, director.Done, load.Calls, records, usage, gpus, cluster.FailedStarts, recovered);
    }
}
