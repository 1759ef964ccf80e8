using System.Globalization;
using Podvirt.LoadTest.Generator;
using Podvirt.LoadTest.Proxies;
using Podvirt.LoadTest.Reports;

namespace Podvirt.LoadTest.Scenarios;

/// <summary>
/// Requests that wait for a cold model. Each size has a model of its own whose engine takes a while to load; the engine notes when its first answer
/// (the canary) was complete, which is when the replica is ready and nobody has been told yet.
/// </summary>
internal sealed class StormScenario(Workplace place, ScenarioOptions options) : IScenario
{
    /// <summary>What a large engine runs at once: parked requests are released as slots come free.</summary>
    private const int Concurrency = 256;

    private const double FirstAnswerMaxMs = 50;
    private const double ParkedBytesMax = 256 * 1024 * 1024;
    private const int Tokens = 4;
    private const int GapUs = 5_000;

    // Requests, and how long the engine loads: long enough for all of them to be parked before.
    private static readonly (int Requests, int LoadMs)[] s_sizes = [(1, 1_500), (5, 1_500), (25, 1_500), (100, 1_500), (1_000, 2_500), (10_000, 8_000)];

    private static readonly TimeSpan s_journalAllowance = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);

    public string Name => "storm";

    public async Task<ScenarioReport> RunAsync()
    {
        var sizes = options.Quick ? [s_sizes[2], s_sizes[^1]] : s_sizes;
        await using var bench = await Bench.StartAsync();
        var configuration = new PodvirtConfiguration().AddExternal(ProxySet.Model, bench.EnginePort);
        foreach (var (requests, loadMs) in sizes)
        {
            configuration.AddCommand(
                ModelOf(requests), Concurrency, Environment.ProcessPath!, "engine", "--port", "{port}", "--load-delay", loadMs.ToString(CultureInfo.InvariantCulture),
                "--while", Environment.ProcessId.ToString(CultureInfo.InvariantCulture), "--journal", JournalOf(requests));
        }
        await using var podvirt = await PodvirtServer.StartAsync(place, configuration.ToString());
        await WarmUp.RunAsync(bench, podvirt.Proxy);
        var samples = new List<StormSample>();
        foreach (var (requests, loadMs) in sizes)
        {
            var sample = await MeasureAsync(bench, podvirt, requests, loadMs);
            Console.WriteLine($"  {sample}");
            samples.Add(sample);
        }
        return Report(samples);
    }

    private static string ModelOf(int requests) => $"cold-{requests}";

    private string JournalOf(int requests) => Path.Combine(place.Scratch, $"storm-{requests}.ready");

    private async Task<StormSample> MeasureAsync(Bench bench, PodvirtServer podvirt, int requests, int loadMs)
    {
        File.Delete(JournalOf(requests));
        var before = podvirt.Proxy.Resident;
        ProcessAccount.ForgetPeak(podvirt.Proxy.Id);
        var load = await bench.RunAsync(new LoadPlan
        {
            Port = podvirt.Proxy.Port,
            Key = PodvirtServer.Key,
            Model = ModelOf(requests),
            Streams = requests,
            Requests = requests,
            Tokens = Tokens,
            GapUs = GapUs,
            // All are there well before the engine is.
            RampMs = Math.Min(loadMs / 2, requests),
            Details = true,
            TimeoutMs = loadMs + 60_000,
        });
        var ready = await ReadJournalAsync(requests);
        return StormSample.Of(requests, ready, load, podvirt.Proxy.Peak - before);
    }

    /// <summary>The engine looks every 50 ms whether it has something to note.</summary>
    private async Task<long> ReadJournalAsync(int requests)
    {
        var deadline = Environment.TickCount64 + (long)s_journalAllowance.TotalMilliseconds;
        while (Environment.TickCount64 < deadline)
        {
            if (File.Exists(JournalOf(requests)) && long.TryParse(await File.ReadAllTextAsync(JournalOf(requests)), NumberStyles.None, CultureInfo.InvariantCulture, out var ready))
            {
                return ready;
            }
            await Task.Delay(s_pause);
        }
        throw new InvalidOperationException($"The engine of {ModelOf(requests)} never answered its canary.");
    }

    private ScenarioReport Report(List<StormSample> samples)
    {
        var report = new ScenarioReport(
            Name, $"Requests parked on a cold model, released to one replica of {Concurrency} slots; answers of {Tokens} tokens, {GapUs / 1_000} ms apart. Ready: the engine's answer to the canary was complete.")
        { Raw = samples };
        var table = report.AddTable("Times in ms.", "requests", "lost", "ready to first request at the engine", "to first answer", "to last answer begun", "to all done", "first comment p50", "first comment p99", "memory MB", "KB per request");
        foreach (var s in samples)
        {
            table.Add($"{s.Requests}", $"{s.Requests - s.Clean}", $"{s.ReadyToEngine:0.0}", $"{s.ReadyToFirst:0.0}", $"{s.ReadyToLastBegun:0}", $"{s.ReadyToAll:0}", $"{s.CommentP50:0}", $"{s.CommentP99:0}", $"{s.Memory / 1e6:0.0}", $"{s.Memory / 1024 / s.Requests:0.0}");
        }
        var lost = samples.Sum(s => s.Requests - s.Clean);
        report.Add(Verdict.Of("requests lost, all sizes", "0", $"{lost}{string.Concat(samples.SelectMany(s => s.Failures).Select(f => $", {f.Value} × {f.Key}"))}", lost == 0));
        var worst = samples.MaxBy(s => s.ReadyToFirst)!;
        report.Add(Verdict.Of("from the replica's readiness to the first answer", $"at most {FirstAnswerMaxMs:0} ms", $"{samples[^1].ReadyToFirst:0.0} ms with {samples[^1].Requests} parked; {worst.ReadyToFirst:0.0} ms at worst ({worst.Requests})", worst.ReadyToFirst <= FirstAnswerMaxMs));
        report.Add(Verdict.Of($"memory for {samples[^1].Requests} parked requests, at the peak", $"at most {ParkedBytesMax / 1024 / 1024:0} MiB, the bound on parked bytes", $"{samples[^1].Memory / 1024 / 1024:0} MiB", samples[^1].Memory <= ParkedBytesMax));
        return report;
    }
}
