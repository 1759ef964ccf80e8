using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Podvirt.LoadTest.Proxies;
using Podvirt.LoadTest.Reports;
using Podvirt.LoadTest.Sockets;
using Podvirt.Testing;
using Podvirt.Testing.Cluster;

namespace Podvirt.LoadTest.Scenarios;

/// <summary>
/// A wake in a cluster of processes, again and again: one gateway asks for it, the others have a request that waits for the same model. The
/// simulated engine notes when it was ready and when each gateway's request came, so that it is known when the last one had the news.
/// </summary>
internal sealed class ClusterWakeScenario(ScenarioOptions options) : IScenario
{
    private const string Model = "sleeper";
    private const int Gateways = 4;
    private const double SeenMaxMs = 100;

    /// <summary>Left out of the verdict, as in <see cref="WakeScenario"/>: the runtime still compiles.</summary>
    private const int FirstOnes = 32;

    private static readonly string[] s_engine =
        ["--sim-load-weights", "100ms", "--sim-load-compile", "0", "--sim-load-graphs", "0", "--sim-sleep", "20ms", "--sim-wake-level1", "200ms", "--sim-ttft", "5ms", "--sim-token-time", "1ms"];

    /// <summary>After it the wake is under way: whoever asks now waits for it, and has not caused it.</summary>
    private static readonly TimeSpan s_underWay = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Between a sleep that everybody has seen and the next wake.</summary>
    private static readonly TimeSpan s_rest = TimeSpan.FromMilliseconds(150);

    public string Name => "cluster-wake";

    public async Task<ScenarioReport> RunAsync()
    {
        var configuration = new PodvirtConfiguration().AddSleeper(Model, "24h", s_engine).ToString();
        await using var cluster = await LocalCluster.StartWholeAsync(configuration);
        for (var i = 3; i <= Gateways; i++)
        {
            await cluster.LaunchAsync($"gateway-{i}", "gateway");
        }
        var gateways = Enumerable.Range(1, Gateways).Select(i => cluster[$"gateway-{i}"]).ToList();
        await Task.WhenAll(gateways.Select(gateway => gateway.UntilReadyAsync()));
        await AskAsync(gateways[0]);
        var timeline = new EngineTimeline(() => EngineOfAsync(cluster));
        var (first, samples, late) = (new List<ClusterWakeSample>(), new List<ClusterWakeSample>(), 0);
        for (var i = 0; i < FirstOnes + options.Pick(300, quick: 40); i++)
        {
            await SendToSleepAsync(gateways);
            if (await WakeAsync(gateways, i % Gateways, timeline) is { } sample)
            {
                (i < FirstOnes ? first : samples).Add(sample);
            }
            else
            {
                late++;
            }
        }
        return Report(first, samples, late);
    }

    /// <param name="asking">The number of the one that asks for the wake.</param>
    private static async Task<ClusterWakeSample?> WakeAsync(List<PodvirtProcess> gateways, int asking, EngineTimeline timeline)
    {
        var asked = MonotonicClock.Now;
        var answers = new List<Task> { AskAsync(gateways[asking]) };
        await Task.Delay(s_underWay);
        answers.AddRange(gateways.Where((_, i) => i != asking).Select(AskAsync));
        var waiting = MonotonicClock.Now;
        await Task.WhenAll(answers);
        return ClusterWakeSample.Of(asked, waiting, gateways.Count, await timeline.ReadAsync());
    }

    private static async Task AskAsync(PodvirtProcess gateway)
    {
        using var response = await gateway.ChatAsync(Model, stream: false, more: new { max_tokens = 2 });
        if (!response.IsSuccessStatusCode)
        {
            throw new InvalidOperationException($"The request was not answered: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        }
        _ = await response.Content.ReadAsByteArrayAsync();
    }

    /// <summary>By an operator's order, once nobody counts the last answers as under way any more. Returns when every gateway knows that it sleeps.</summary>
    private static async Task SendToSleepAsync(List<PodvirtProcess> gateways)
    {
        await Until.TrueAsync(
            async () =>
            {
                using var answer = await gateways[0].Admin.PostAsync($"api/models/{Model}/sleep", null);
                return answer.IsSuccessStatusCode;
            },
            () => $"{Model} is not sent to sleep.");
        foreach (var gateway in gateways)
        {
            await gateway.UntilStatusAsync(Model, "Sleeping");
        }
        await Task.Delay(s_rest);
    }

    /// <summary>Where Nomad has put the one engine.</summary>
    private static async Task<string> EngineOfAsync(LocalCluster cluster)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = cluster.Nomad.Address };
        var allocations = await client.GetFromJsonAsync<JsonArray>("v1/allocations?resources=true");
        var port = allocations!.Single()!["AllocatedResources"]!["Shared"]!["Ports"]!.AsArray().Single()!;
        return $"http://{port["HostIP"]}:{port["Value"]}";
    }

    private ScenarioReport Report(List<ClusterWakeSample> first, List<ClusterWakeSample> samples, int late)
    {
        var report = new ScenarioReport(
            Name, $"{samples.Count} wakes of 200 ms at level 1 in a cluster of processes on this machine: {Gateways} gateways, two schedulers, two metering workers, a node agent, nats-server and ClickHouse; the Nomad double runs in the instrument. Each is asked for by one request at one gateway, in turn; 50 ms later each other gateway gets one that waits too. The engine is ready with its answer to the wake-up call; a gateway has the news when its request is at the engine. The first {first.Count} wakes are apart: the runtime still compiles.")
        { Raw = new { First = first, Samples = samples } };
        if (late > 0)
        {
            report.Note($"{late} more are left out: a request was sent too late to wait for the wake.");
        }
        var table = report.AddTable("Times in ms.", "", "p50", "p90", "p99", "max");
        Row(table, "the engine's wake", samples.Select(s => s.Wake));
        Row(table, "its answer to canary", samples.Select(s => s.ToCanary));
        Row(table, "the engine's canary", samples.Select(s => s.Canary));
        Row(table, "its answer to the first gateway's request", samples.Select(s => s.ToFirst));
        Row(table, "its answer to the last gateway's request", samples.Select(s => s.ToLast));
        Row(table, "the engine's readiness to the last gateway's request", samples.Select(s => s.SeenByAll));
        Row(table, $"the same, the first {first.Count}", first.Select(s => s.SeenByAll));
        var seen = Statistics.Percentile(samples.Select(s => s.SeenByAll), 99);
        report.Add(Verdict.Of("a wake is seen by all gateways after the engine's readiness, p99", $"at most {SeenMaxMs:0} ms", $"{seen:0.0} ms", seen <= SeenMaxMs));
        return report;
    }

    private static void Row(ReportTable table, string name, IEnumerable<double> values)
    {
        var all = values.ToList();
        string At(double percent) => $"{Statistics.Percentile(all, percent):0.0}";
        table.Add(name, At(50), At(90), At(99), At(100));
    }
}
