using Podvirt.LoadTest.Generator;
using Podvirt.LoadTest.MockEngine;
using Podvirt.LoadTest.Proxies;
using Podvirt.LoadTest.Reports;

namespace Podvirt.LoadTest.Scenarios;

/// <summary>
/// Some clients stop reading and some read slowly, of answers that would fill every buffer. 1. The others alone. 2. The others beside them.
/// The others must not notice, and what the slow ones do not take must not pile up in the gateway.
/// </summary>
internal sealed class SlowReadersScenario(Workplace place, ScenarioOptions options) : IScenario
{
    private const int Others = 460;
    private const int Stopped = 20;
    private const int Slow = 20;
    private const int SlowBytesPerSecond = 4_096;
    private const double DelayRatioMax = 1.5;

    /// <summary>Beside ratios of small times: a millisecond is what one busy moment of a shared machine costs.</summary>
    private const double DelayAllowanceUs = 1_000;

    /// <summary>A pipe on each side pauses at 64 KB; the rest is the connection and what the collector has not taken back yet.</summary>
    private const double KilobytesPerSlowMax = 512;

    // 8 KB every 5 ms are 1.6 MB a second for each: the kernel's buffers on the way, of a few megabytes, are full within seconds.
    private const int LargePadding = 8_000;
    private const int LargeGapUs = 5_000;

    private static readonly TimeSpan s_fillTime = TimeSpan.FromSeconds(8);

    public string Name => "slow-readers";

    public async Task<ScenarioReport> RunAsync()
    {
        await using var bench = await Bench.StartAsync();
        await using var slowOnes = await Bench.StartAsync();
        await using var proxies = await ProxySet.StartAsync(place, bench.EnginePort, [Proxy.Podvirt]);
        var podvirt = proxies.Podvirt!.Proxy;
        await WarmUp.RunAsync(bench, podvirt);

        var alone = await bench.RunAsync(OthersPlan(podvirt));
        var memoryBefore = podvirt.Resident;
        var stopped = slowOnes.RunAsync(SlowPlan(podvirt));
        await Task.Delay(s_fillTime);
        var full = await bench.AskEngineAsync();
        var beside = await bench.RunAsync(OthersPlan(podvirt));
        var memoryFull = podvirt.Resident;
        var later = await bench.AskEngineAsync();
        await stopped;
        return Report(alone, beside, full, later, memoryFull - memoryBefore);
    }

    private LoadPlan OthersPlan(Proxy podvirt) => new()
    {
        Port = podvirt.Port,
        Key = PodvirtServer.Key,
        Streams = Others,
        Requests = Others * options.Pick(4, quick: 2),
        Tokens = 100,
        GapUs = 20_000,
        RampMs = 1_000,
    };

    private static LoadPlan SlowPlan(Proxy podvirt) => new()
    {
        Port = podvirt.Port,
        Key = PodvirtServer.Key,
        Streams = Stopped + Slow,
        Requests = Stopped + Slow,
        Tokens = 100_000,
        GapUs = LargeGapUs,
        Padding = LargePadding,
        SlowStreams = Stopped + Slow,
        StoppedStreams = Stopped,
        SlowBytesPerSecond = SlowBytesPerSecond,
        TimeoutMs = 24_000,
    };

    private ScenarioReport Report(LoadResult alone, LoadResult beside, EngineReport full, EngineReport later, double memory)
    {
        var report = new ScenarioReport(
            Name, $"{Others} streams of 100 tokens, one every 20 ms, alone and beside {Stopped} clients that stop reading after their first token and {Slow} that read {SlowBytesPerSecond / 1024} KB a second, of answers of 1.6 MB a second.")
        {
            Raw = new { alone, beside, full, later, memory },
        };
        var table = report.AddTable("The others' events; µs.", "", "p50", "p99", "p99.9", "max", "answers not whole");
        foreach (var (name, load) in new[] { ("alone", alone), ("beside slow readers", beside) })
        {
            table.Add(name, $"{load.TokenDelay.P50:0}", $"{load.TokenDelay.P99:0}", $"{load.TokenDelay.P999:0}", $"{load.TokenDelay.Max:0}", $"{load.Started - load.Clean}");
        }
        var gone = Stopped + Slow - later.Running;
        report.Note($"{s_fillTime.TotalSeconds:0} s after they began, {full.Blocked} of the {Stopped + Slow} slow readers' answers stood still at the engine; at most {full.BlockedBytesMax / 1e6:0.0} MB had been taken for one of them, most of it by the kernel's buffers. Later {later.Blocked} stood still, and podvirt had cut {gone}.");
        var lost = alone.Started - alone.Clean + beside.Started - beside.Clean;
        report.Add(Verdict.Of("the others' answers that were not whole", "0", $"{lost}", lost == 0));
        report.Add(Verdict.Of("the others' delay of an event beside slow readers, p99", $"at most {DelayRatioMax} × alone, or 1 ms more", $"{beside.TokenDelay.P99:0} : {alone.TokenDelay.P99:0} µs", beside.TokenDelay.P99 <= Math.Max(DelayRatioMax * alone.TokenDelay.P99, alone.TokenDelay.P99 + DelayAllowanceUs)));
        report.Add(Verdict.Of("answers that nobody reads stand still at the engine, or were cut", $"all {Stopped}", $"{full.Blocked} stood still, then {later.Blocked} with {gone} cut", later.Blocked + gone >= Stopped));
        var perStream = memory / 1024 / (Stopped + Slow);
        report.Add(Verdict.Of("resident memory for each slow reader", $"at most {KilobytesPerSlowMax:0} KB", $"{perStream:0} KB", perStream <= KilobytesPerSlowMax));
        return report;
    }
}
