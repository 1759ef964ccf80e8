using Podvirt.LoadTest.Generator;
using Podvirt.LoadTest.Proxies;
using Podvirt.LoadTest.Reports;

namespace Podvirt.LoadTest.Scenarios;

/// <summary>Thousands of slow streams for minutes: none may be lost, none may stall, and each may cost only so much memory.</summary>
internal sealed class HoldScenario(Workplace place, ScenarioOptions options) : IScenario
{
    private const int Streams = 8_000;
    private const int PaceMs = 500;
    private const int StallFactor = 10;
    private const double KilobytesPerStreamMax = 40;

    /// <summary>Connections come in over this time, as they do when a fleet of clients reconnects.</summary>
    private const int RampMs = 8_000;

    /// <summary>A collection and the return of memory to the system take a moment after the last stream.</summary>
    private static readonly TimeSpan s_recovery = TimeSpan.FromSeconds(8);

    private static readonly TimeSpan s_sampling = TimeSpan.FromSeconds(2);

    public string Name => "hold";

    public async Task<ScenarioReport> RunAsync()
    {
        await using var bench = await Bench.StartAsync();
        await using var proxies = await ProxySet.StartAsync(place, bench.EnginePort, [Proxy.Podvirt]);
        var podvirt = proxies.Podvirt!;
        await WarmUp.RunAsync(bench, podvirt.Proxy);
        await Task.Delay(s_recovery);

        var seconds = options.Pick(120, quick: 20);
        var idle = podvirt.Proxy.Resident;
        ProcessAccount.ForgetPeak(podvirt.Proxy.Id);
        var run = bench.RunAsync(new LoadPlan
        {
            Port = podvirt.Proxy.Port,
            Key = PodvirtServer.Key,
            Streams = Streams,
            Requests = Streams,
            Tokens = seconds * 1_000 / PaceMs,
            GapUs = PaceMs * 1_000,
            RampMs = RampMs,
            TimeoutMs = (seconds * 1_000) + RampMs + 60_000,
        });
        await Task.WhenAny(run, Task.Delay(TimeSpan.FromMilliseconds(RampMs + 2_000)));
        var (before, cpuBefore) = (await podvirt.Admin.ReadCountersAsync(), podvirt.Proxy.Cpu);
        var samples = new List<double>();
        // As long as all streams run, and not into the time in which the first ones end.
        var steady = Task.Delay(TimeSpan.FromSeconds(seconds - ((RampMs / 1_000) + 4)));
        while (!steady.IsCompleted && !run.IsCompleted)
        {
            await Task.WhenAny(run, Task.Delay(s_sampling));
            samples.Add(podvirt.Proxy.Resident);
        }
        var (after, cpuAfter) = (await podvirt.Admin.ReadCountersAsync(), podvirt.Proxy.Cpu);
        var load = await run;
        var peak = podvirt.Proxy.Peak;
        await Task.Delay(s_recovery);
        return Report(load, new HoldMemory(idle, samples.DefaultIfEmpty(idle).Max(), peak, podvirt.Proxy.Resident), seconds, after.GenerationZero - before.GenerationZero, cpuAfter - cpuBefore, samples.Count * s_sampling.TotalSeconds);
    }

    private ScenarioReport Report(LoadResult load, HoldMemory memory, int seconds, double collections, long cpu, double steadySeconds)
    {
        var report = new ScenarioReport(Name, $"{Streams} streams at once through podvirt, one event each every {PaceMs} ms, for {seconds} s.") { Raw = new { load, memory, collections } };
        var table = report.AddTable("Memory of the process, in MB.", "idle", "loaded", "peak", "after", "KB per stream");
        var perStream = (memory.Loaded - memory.Idle) / 1024 / Streams;
        table.Add(Mega(memory.Idle), Mega(memory.Loaded), Mega(memory.Peak), Mega(memory.After), $"{perStream:0.0}");
        var delays = report.AddTable("Delay of an event, in ms.", "events", "p50", "p99", "p99.9", "max", "longest gap");
        delays.Add($"{load.Tokens}", Milli(load.TokenDelay.P50), Milli(load.TokenDelay.P99), Milli(load.TokenDelay.P999), Milli(load.TokenDelay.Max), Milli(load.Gap.Max));
        var lost = load.Started - load.Clean;
        report.Add(Verdict.Of("streams lost", "0", $"{lost} of {load.Started}{string.Concat(load.Failures.Select(f => $", {f.Value} × {f.Key}"))}", lost == 0));
        report.Add(Verdict.Of("tokens lost, doubled or out of order", "0", $"{load.TokensAstray} of {load.Tokens}", load.TokensAstray == 0));
        report.Add(Verdict.Of("longest gap in any stream", $"at most {StallFactor} × the pace ({StallFactor * PaceMs} ms)", $"{load.Gap.Max / 1e3:0} ms", load.Gap.Max <= StallFactor * PaceMs * 1e3));
        report.Add(Verdict.Of("(loaded − idle) resident memory per stream", $"at most {KilobytesPerStreamMax:0} KB", $"{perStream:0.0} KB", perStream <= KilobytesPerStreamMax));
        var tokens = steadySeconds * Streams * 1_000 / PaceMs;
        report.Add(Verdict.Of("collections of generation 0 while all streams run", "do not grow with tokens: at most 1 per 1,000,000", $"{collections:0} over {tokens / 1e6:0.0} million tokens", collections <= Math.Ceiling(tokens / 1e6)));
        report.Note($"While all streams ran podvirt took {cpu / 1e3 / tokens:0.0} µs of CPU per token.");
        return report;
    }

    private static string Mega(double bytes) => $"{bytes / 1e6:0}";

    private static string Milli(double microseconds) => $"{microseconds / 1e3:0.0}";
}

/// <summary>Resident bytes.</summary>
internal sealed record HoldMemory(double Idle, double Loaded, double Peak, double After);
