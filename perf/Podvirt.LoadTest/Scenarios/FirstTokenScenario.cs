using Podvirt.LoadTest.Generator;
using Podvirt.LoadTest.Proxies;
using Podvirt.LoadTest.Reports;

namespace Podvirt.LoadTest.Scenarios;

/// <summary>
/// What a proxy adds to the time to first token and to each event, against a direct connection in the same run. The engine's own time is known from
/// its stamps and left out, so that what remains is the way there and back.
/// </summary>
internal sealed class FirstTokenScenario(Workplace place, ScenarioOptions options) : IScenario
{
    private const double RatioMax = 1.5;

    // Streams at once, requests of each in a round, tokens, and microseconds between them. One stream alone gets short answers,
    // so that there are enough first tokens to speak of a 99th percentile.
    private static readonly (int Streams, int Turns, int Tokens, int GapUs)[] s_loads = [(1, 200, 8, 2_000), (50, 5, 32, 20_000), (500, 2, 64, 20_000)];

    private readonly List<FirstTokenSample> _samples = [];

    public string Name => "ttft";

    public async Task<ScenarioReport> RunAsync()
    {
        await using var bench = await Bench.StartAsync();
        await using var proxies = await ProxySet.StartAsync(place, bench.EnginePort, options.Proxies);
        foreach (var proxy in proxies.All)
        {
            await WarmUp.RunAsync(bench, proxy);
        }
        for (var round = 0; round < options.Pick(3, quick: 1); round++)
        {
            foreach (var load in s_loads)
            {
                for (var i = 0; i < proxies.All.Count; i++)
                {
                    await MeasureAsync(bench, proxies.All[(i + round) % proxies.All.Count], round, load);
                }
            }
        }
        return Report();
    }

    private async Task MeasureAsync(Bench bench, Proxy proxy, int round, (int Streams, int Turns, int Tokens, int GapUs) load)
    {
        var result = await bench.RunAsync(new LoadPlan
        {
            Port = proxy.Port,
            Key = PodvirtServer.Key,
            Streams = load.Streams,
            Requests = load.Streams * load.Turns,
            Tokens = load.Tokens,
            GapUs = load.GapUs,
            RampMs = load.Streams == 1 ? 0 : 600,
        });
        _samples.Add(new FirstTokenSample(proxy.Name, load.Streams, round, result));
        Console.WriteLine($"  {round}  {proxy.Name,-8} {load.Streams,3} streams  first token p50 {result.FirstTokenPath.P50:0} p99 {result.FirstTokenPath.P99:0} us  event p50 {result.TokenDelay.P50:0} p99 {result.TokenDelay.P99:0} us  clean {result.Clean}/{result.Started}");
    }

    private ScenarioReport Report()
    {
        var report = new ScenarioReport(
            Name, "Time from a request to its first token without the time spent in the engine, and from the engine's send of an event to its receipt, in µs. Added: what is above the direct connection's figure in the same run.")
        {
            Raw = _samples,
        };
        var table = report.AddTable("Median over the rounds.", "streams", "proxy", "first token p50", "p99", "added p50", "added p99", "event p50", "p99", "added p50", "added p99", "gap p50", "gap p99");
        foreach (var load in s_loads)
        {
            var added = new Dictionary<string, double[]>(StringComparer.Ordinal);
            var figures = _samples.Where(s => s.Streams == load.Streams).GroupBy(s => s.Proxy).ToDictionary(g => g.Key, g => FirstTokenSample.MedianOf([.. g]));
            var direct = figures.GetValueOrDefault(Proxy.Direct) ?? new double[6];
            foreach (var (proxy, own) in figures)
            {
                added[proxy] = [.. own.Zip(direct, (mine, theirs) => mine - theirs)];
                var isDirect = proxy == Proxy.Direct;
                string Added(int i) => isDirect ? "" : $"{added[proxy][i]:0}";
                table.Add($"{load.Streams}", proxy, $"{own[0]:0}", $"{own[1]:0}", Added(0), Added(1), $"{own[2]:0}", $"{own[3]:0}", Added(2), Added(3), $"{own[4]:0}", $"{own[5]:0}");
            }
            AddVerdicts(report, load.Streams, added);
        }
        var lost = _samples.Sum(s => s.Load.TokensAstray + (s.Load.Started - s.Load.Clean));
        report.Add(Verdict.Of("tokens astray, answers not whole, all proxies", "0", $"{lost}", lost == 0));
        report.Note("The gap between two events is the engine's pace plus the change of delay from one event to the next; the delay of each event is the stricter measure, and the verdicts are on it.");
        return report;
    }

    private static void AddVerdicts(ScenarioReport report, int streams, Dictionary<string, double[]> added)
    {
        if (!added.TryGetValue(Proxy.Podvirt, out var podvirt) || !added.TryGetValue(Proxy.Haproxy, out var haproxy))
        {
            return;
        }
        string[] names = ["added time to first token, p50", "added time to first token, p99", "added delay of an event, p50", "added delay of an event, p99"];
        for (var i = 0; i < names.Length; i++)
        {
            report.Add(Verdict.Ratio($"{names[i]}, {streams} {(streams == 1 ? "stream" : "streams")}", podvirt[i], Proxy.Haproxy, haproxy[i], RatioMax, "µs"));
        }
    }
}

internal sealed record FirstTokenSample(string Proxy, int Streams, int Round, LoadResult Load)
{
    /// <summary>First token p50, p99; event p50, p99; gap p50, p99.</summary>
    private double[] Figures => [Load.FirstTokenPath.P50, Load.FirstTokenPath.P99, Load.TokenDelay.P50, Load.TokenDelay.P99, Load.Gap.P50, Load.Gap.P99];

    public static double[] MedianOf(IReadOnlyList<FirstTokenSample> rounds) =>
        [.. Enumerable.Range(0, 6).Select(i => Statistics.Median(rounds.Select(r => r.Figures[i])))];
}
