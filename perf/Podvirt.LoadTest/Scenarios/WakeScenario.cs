using Podvirt.LoadTest.Generator;
using Podvirt.LoadTest.Proxies;
using Podvirt.LoadTest.Reports;
using Podvirt.LoadTest.Sockets;

namespace Podvirt.LoadTest.Scenarios;

/// <summary>
/// A request to a sleeping model, again and again. The simulated engine notes when each call came and went, so that the time it took for
/// waking and for the canary is known exactly, and what is left is Podvirt's.
/// </summary>
internal sealed class WakeScenario(Workplace place, ScenarioOptions options) : IScenario
{
    private const string Model = "sleeper";
    private const string Sleeping = "Sleeping";
    private const int Tokens = 4;
    private const double AddedMaxMs = 10;

    /// <summary>
    /// The wakes of a process that the verdict leaves out, shown in a row of their own: the runtime compiles a method anew once it
    /// was called thirty times, beside the request, and most of the way is gone once for each wake.
    /// </summary>
    private const int FirstOnes = 32;

    private static readonly string[] s_engine =
        ["--sim-load-weights", "100ms", "--sim-load-compile", "0", "--sim-load-graphs", "0", "--sim-sleep", "20ms", "--sim-wake-level1", "100ms", "--sim-ttft", "5ms", "--sim-token-time", "1ms"];

    private static readonly TimeSpan s_sleepAllowance = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_silence = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    public string Name => "wake";

    public async Task<ScenarioReport> RunAsync()
    {
        await using var bench = await Bench.StartAsync();
        await using var podvirt = await PodvirtServer.StartAsync(place, new PodvirtConfiguration().AddSleeper(Model, "1s", s_engine).ToString());
        _ = await SendAsync(bench, podvirt);
        var (first, samples) = (new List<WakeSample>(), new List<WakeSample>());
        for (var i = 0; i < FirstOnes + options.Pick(100, quick: 20); i++)
        {
            await WaitForSleepAsync(podvirt);
            var request = await SendAsync(bench, podvirt);
            var sample = WakeSample.Of(request, await podvirt.Timeline.ReadAsync());
            (i < FirstOnes ? first : samples).Add(sample);
        }
        return Report(first, samples);
    }

    private static async Task<RequestDetail> SendAsync(Bench bench, PodvirtServer podvirt)
    {
        var load = await bench.RunAsync(new LoadPlan
        {
            Port = podvirt.Proxy.Port,
            Key = PodvirtServer.Key,
            Model = Model,
            Tokens = Tokens,
            IsNumbered = false,
            Details = true,
        });
        return load.Clean == 1 ? load.Details[0] : throw new InvalidOperationException($"The request was not answered: {string.Join(", ", load.Failures.Keys)}");
    }

    private static async Task WaitForSleepAsync(PodvirtServer podvirt)
    {
        var deadline = Environment.TickCount64 + (long)s_sleepAllowance.TotalMilliseconds;
        while (await podvirt.Admin.ReadStatusAsync(Model) != Sleeping || !await IsLeftAloneAsync(podvirt))
        {
            if (Environment.TickCount64 > deadline)
            {
                throw new InvalidOperationException($"{Model} did not fall asleep within {s_sleepAllowance.TotalSeconds} s.");
            }
            await Task.Delay(s_pause);
        }
    }

    /// <summary>The status is the same while it falls asleep; once it sleeps, and Podvirt has seen it, nobody asks it anything.</summary>
    private static async Task<bool> IsLeftAloneAsync(PodvirtServer podvirt) =>
        MonotonicClock.Now - (await podvirt.Timeline.ReadAsync())[^1].Ended > s_silence.TotalMilliseconds * MonotonicClock.Millisecond;

    private ScenarioReport Report(List<WakeSample> first, List<WakeSample> samples)
    {
        var report = new ScenarioReport(
            Name, $"{samples.Count} requests, each to an engine that sleeps at level 1 and wakes in 100 ms. Added: from the sending of the request to its arrival at the engine, less what the engine took for the wake-up call and for the canary. The first {first.Count} of the process are apart: the runtime still compiles.")
        { Raw = new { First = first, Samples = samples } };
        var table = report.AddTable("Times in ms.", "", "p50", "p90", "p99", "max");
        Row(table, "request to wake-up call", samples.Select(s => s.ToWake));
        Row(table, "the engine's wake", samples.Select(s => s.Wake));
        Row(table, "its answer to canary", samples.Select(s => s.ToCanary));
        Row(table, "the engine's canary", samples.Select(s => s.Canary));
        Row(table, "its answer to request at the engine", samples.Select(s => s.ToEngine));
        Row(table, "added", samples.Select(s => s.Added));
        Row(table, "added, with the canary", samples.Select(s => s.AddedWithCanary));
        Row(table, $"added, the first {first.Count}", first.Select(s => s.Added));
        foreach (var percent in new[] { 50, 99 })
        {
            var added = Statistics.Percentile(samples.Select(s => s.Added), percent);
            report.Add(Verdict.Of($"added to the engine's own wake, p{percent}", $"at most {AddedMaxMs:0} ms", $"{added:0.0} ms", added <= AddedMaxMs));
        }
        return report;
    }

    private static void Row(ReportTable table, string name, IEnumerable<double> values)
    {
        var all = values.ToList();
        string At(double percent) => $"{Statistics.Percentile(all, percent):0.0}";
        table.Add(name, At(50), At(90), At(99), At(100));
    }
}
