using Podvirt.LoadTest.Generator;
using Podvirt.LoadTest.Proxies;
using Podvirt.LoadTest.Reports;

namespace Podvirt.LoadTest.Scenarios;

/// <summary>
/// CPU per relayed token, side by side. 1. Start everything. 2. Warm each proxy up. 3. Rounds, in each of which every proxy has its turn, in
/// another order each time. 4. The same once more for clients that ask for usage on each chunk. 5. Compare.
/// </summary>
internal sealed class RelayScenario(Workplace place, ScenarioOptions options) : IScenario
{
    private const int Streams = 500;
    private const int Tokens = 100;
    private const double HaproxyRatioMax = 1.6;
    private const double YarpRatioMax = 0.7;

    // The proxies' CPU per token measured side by side before this instrument was made, as ratios to HAProxy's 9.55 µs: nginx 10.6 µs, YARP 22.5 µs.
    private const double NginxToHaproxy = 1.11;
    private const double YarpToHaproxy = 2.36;

    /// <summary>A run in which the peers' ratio to each other is off by more than this measures something else than relaying.</summary>
    private const double ToleratedDrift = 0.25;

    /// <summary>Without a proxy a token is there within tenths of a millisecond; microseconds above this mean that the machine has no time for us.</summary>
    private const double DirectDelayMax = 2_000;

    private readonly List<RelaySample> _samples = [];

    public string Name => "relay";

    public async Task<ScenarioReport> RunAsync()
    {
        await using var bench = await Bench.StartAsync();
        await using var proxies = await ProxySet.StartAsync(place, bench.EnginePort, options.Proxies);
        foreach (var proxy in proxies.All)
        {
            await WarmUp.RunAsync(bench, proxy);
        }
        var before = await ReadCountersAsync(proxies);
        await RunRoundsAsync(bench, proxies.All, UsageOption.Include, options.Pick(5, quick: 2));
        var after = await ReadCountersAsync(proxies);
        await RunRoundsAsync(bench, [.. proxies.All.Where(p => p.Name is Proxy.Haproxy or Proxy.Podvirt)], UsageOption.Continuous, options.Pick(2, quick: 1));
        return Report(before, after);
    }

    private static async Task<RuntimeCounters?> ReadCountersAsync(ProxySet proxies) => proxies.Podvirt is { } podvirt ? await podvirt.Admin.ReadCountersAsync() : null;

    private async Task RunRoundsAsync(Bench bench, IReadOnlyList<Proxy> proxies, UsageOption usage, int rounds)
    {
        for (var round = 0; round < rounds; round++)
        {
            for (var i = 0; i < proxies.Count; i++)
            {
                var sample = await MeasureAsync(bench, proxies[(i + round) % proxies.Count], usage, round);
                _samples.Add(sample);
                Console.WriteLine(sample);
            }
        }
    }

    private static async Task<RelaySample> MeasureAsync(Bench bench, Proxy proxy, UsageOption usage, int round)
    {
        var plan = new LoadPlan
        {
            Port = proxy.Port,
            Key = PodvirtServer.Key,
            Streams = Streams,
            Requests = Streams * 2,
            Tokens = Tokens,
            GapUs = 20_000,
            RampMs = 1_000,
            Usage = usage,
        };
        var (cpu, engine, generator) = (proxy.Cpu, bench.EngineCpu, bench.GeneratorCpu);
        var load = await bench.RunAsync(plan);
        return new RelaySample(proxy.Name, usage, round, proxy.Cpu - cpu, bench.EngineCpu - engine, bench.GeneratorCpu - generator, proxy.Resident, load);
    }

    private ScenarioReport Report(RuntimeCounters? before, RuntimeCounters? after)
    {
        var report = new ScenarioReport(
            Name, $"{Streams} streams at once, {Tokens} tokens each, one every 20 ms, one event per `send`; {2 * Streams} requests a round. CPU is user and system time of the proxy's processes over the tokens that reached the clients.")
        {
            Raw = _samples,
        };
        AddTable(report, UsageOption.Include, "Clients ask for `include_usage`. Podvirt asks the engine for usage on every chunk and takes it out again, so that its engine's events are larger than the others'.");
        AddTable(report, UsageOption.Continuous, "Clients ask for `continuous_usage_stats` too: the same bytes for everybody.");
        var costs = _samples.Where(s => s.Usage == UsageOption.Include).GroupBy(s => s.Proxy).ToDictionary(g => g.Key, g => Statistics.Median(g.Select(s => s.MicrosecondsPerToken)));
        if (costs.TryGetValue(Proxy.Podvirt, out var podvirt))
        {
            AddRatio(report, podvirt, Proxy.Haproxy, costs, HaproxyRatioMax);
            AddRatio(report, podvirt, Proxy.Yarp, costs, YarpRatioMax);
        }
        AddAllocation(report, before, after);
        CheckDrift(report, costs);
        var astray = _samples.Sum(s => s.Load.TokensAstray + (s.Load.Started - s.Load.Clean));
        report.Add(Verdict.Of("tokens lost, doubled or out of order, answers not whole, all proxies", "0", astray.ToString(), astray == 0));
        return report;
    }

    private void AddTable(ScenarioReport report, UsageOption usage, string title)
    {
        var table = report.AddTable(title, "proxy", "µs/token, median", "least", "most", "× HAProxy", "resident MB", "bytes/token to the client", "token delay p50 µs", "p99 µs");
        var groups = _samples.Where(s => s.Usage == usage).GroupBy(s => s.Proxy).ToList();
        var yardstick = groups.FirstOrDefault(g => g.Key == Proxy.Haproxy) is { } haproxy ? Statistics.Median(haproxy.Select(s => s.MicrosecondsPerToken)) : 0;
        foreach (var group in groups)
        {
            var costs = group.Select(s => s.MicrosecondsPerToken).ToList();
            var isProcess = group.Key != Proxy.Direct;
            table.Add(
                group.Key,
                isProcess ? $"{Statistics.Median(costs):0.00}" : "",
                isProcess ? $"{costs.Min():0.00}" : "",
                isProcess ? $"{costs.Max():0.00}" : "",
                isProcess && yardstick > 0 ? $"{Statistics.Median(costs) / yardstick:0.00}" : "",
                isProcess ? $"{group.Max(s => s.Resident) / 1e6:0}" : "",
                $"{Statistics.Median(group.Select(s => (double)s.Load.Bytes / Math.Max(1, s.Load.Tokens))):0}",
                $"{Statistics.Median(group.Select(s => s.Load.TokenDelay.P50)):0}",
                $"{Statistics.Median(group.Select(s => s.Load.TokenDelay.P99)):0}");
        }
    }

    private static void AddRatio(ScenarioReport report, double podvirt, string peer, Dictionary<string, double> costs, double atMost)
    {
        if (costs.TryGetValue(peer, out var cost))
        {
            report.Add(Verdict.Ratio("CPU per relayed token", podvirt, peer, cost, atMost, "µs"));
        }
    }

    private void AddAllocation(ScenarioReport report, RuntimeCounters? before, RuntimeCounters? after)
    {
        if (before is null || after is null)
        {
            return;
        }
        var samples = _samples.Where(s => s is { Proxy: Proxy.Podvirt, Usage: UsageOption.Include }).ToList();
        var tokens = samples.Sum(s => s.Load.Tokens);
        var requests = samples.Sum(s => s.Load.Started);
        report.Note($"Podvirt made {after.GenerationZero - before.GenerationZero:0} collections of generation 0 over {tokens} tokens in {requests} requests.");
        if (after.AllocatedBytes is { } end && before.AllocatedBytes is { } start)
        {
            report.Note($"It allocated {(end - start) / requests / 1024:0.0} KB for each request of {Tokens} tokens, connections, metering and background work included.");
        }
    }

    private void CheckDrift(ScenarioReport report, Dictionary<string, double> costs)
    {
        var direct = Statistics.Median(_samples.Where(s => s.Proxy == Proxy.Direct).Select(s => s.Load.TokenDelay.P50));
        if (direct > DirectDelayMax)
        {
            report.Invalid = $"half of the tokens took more than {direct:0} µs on a direct connection: the machine was busy with something else.";
            return;
        }
        if (!costs.TryGetValue(Proxy.Haproxy, out var haproxy))
        {
            return;
        }
        foreach (var (peer, expected) in new[] { (Proxy.Nginx, NginxToHaproxy), (Proxy.Yarp, YarpToHaproxy) })
        {
            if (costs.TryGetValue(peer, out var cost) && Math.Abs((cost / haproxy / expected) - 1) > ToleratedDrift)
            {
                report.Invalid = $"{peer} took {cost / haproxy:0.00} times HAProxy's CPU per token; between {expected * (1 - ToleratedDrift):0.00} and {expected * (1 + ToleratedDrift):0.00} is expected. The machine was busy with something else, or its kernel differs.";
            }
        }
    }
}
