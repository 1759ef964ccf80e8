using Podvirt.LoadTest.Generator;
using Podvirt.LoadTest.MockEngine;
using Podvirt.LoadTest.Proxies;
using Podvirt.LoadTest.Reports;

namespace Podvirt.LoadTest.Scenarios;

/// <summary>Clients that leave: how soon the engine knows, and whether what it had generated until then is what is billed.</summary>
internal sealed class AbortScenario(Workplace place, ScenarioOptions options) : IScenario
{
    private const int Streams = 500;
    private const double CancelMaxMs = 10;
    private const int GapUs = 20_000;

    /// <summary>The ledger is written behind the outbox, in batches.</summary>
    private static readonly TimeSpan s_ledgerAllowance = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    // All 500 are in flight when the first leaves, and they leave over one second; in the last case all at the same moment.
    private static readonly (string Name, LoadPlan Plan)[] s_cases =
    [
        ("streaming, after 75 tokens", Plan() with { AbortAfterTokens = 75 }),
        ("streaming, before the first token", Plan() with { FirstUs = 6_000_000, AbortAfterTokens = 0, AbortAfterMs = 1_500 }),
        ("not streaming", Plan() with { Stream = false, AbortAfterTokens = 0, AbortAfterMs = 1_500 }),
        ("streaming, all at once", Plan() with { RampMs = 0, AbortAfterTokens = 0, AbortAfterMs = 1_500 }),
    ];

    public string Name => "abort";

    public async Task<ScenarioReport> RunAsync()
    {
        await using var bench = await Bench.StartAsync();
        await using var proxies = await ProxySet.StartAsync(place, bench.EnginePort, [Proxy.Podvirt]);
        var podvirt = proxies.Podvirt!;
        await WarmUp.RunAsync(bench, podvirt.Proxy);
        // The ways of leaving are code too, which compiles while it is first used.
        foreach (var (_, plan) in s_cases)
        {
            _ = await MeasureAsync(bench, podvirt, plan);
        }
        var samples = new List<AbortSample>();
        for (var round = 0; round < options.Pick(2, quick: 1); round++)
        {
            foreach (var (name, plan) in s_cases)
            {
                var sample = await MeasureAsync(bench, podvirt, plan) with { Case = name };
                samples.Add(sample);
                Console.WriteLine($"  {name}: {sample.Seen} of {sample.Closed} closes seen, p50 {Statistics.Median(sample.Delays):0.0} p99 {Statistics.Percentile(sample.Delays, 99):0.0} ms");
            }
        }
        return Report(samples);
    }

    private static LoadPlan Plan() => new() { Port = 0, Key = PodvirtServer.Key, Streams = Streams, Requests = Streams, Tokens = 400, GapUs = GapUs, RampMs = 1_000, Details = true };

    private static async Task<AbortSample> MeasureAsync(Bench bench, PodvirtServer podvirt, LoadPlan plan)
    {
        _ = await bench.AskEngineAsync();
        var load = await bench.RunAsync(plan with { Port = podvirt.Proxy.Port });
        var seen = await WaitForEngineAsync(bench, load.Aborted);
        var closes = load.Details.Where(d => d.Closed > 0).ToDictionary(d => d.Id, d => d.Closed);
        var delays = seen.Where(a => closes.ContainsKey(a.Id)).Select(a => (a.Closed - closes[a.Id]) / 1e6).ToList();
        var ledger = await WaitForLedgerAsync(podvirt, seen);
        var matched = seen.Where(a => a.RequestId is not null && ledger.ContainsKey(a.RequestId)).Select(a => (a.Sent, Billed: ledger[a.RequestId!])).ToList();
        return new AbortSample(
            "", load.Aborted, delays.Count, delays, matched.Count, matched.Sum(m => (long)m.Sent), matched.Sum(m => m.Billed.CompletionTokens),
            matched.Count(m => m.Billed.CompletionTokens > m.Sent), matched.Select(m => m.Sent - m.Billed.CompletionTokens).DefaultIfEmpty(0).Max(), matched.Count(m => m.Billed.Outcome != "cancelled"));
    }

    private static async Task<List<AbandonedStream>> WaitForEngineAsync(Bench bench, int expected)
    {
        var seen = new List<AbandonedStream>();
        var deadline = Environment.TickCount64 + (long)s_ledgerAllowance.TotalMilliseconds;
        do
        {
            seen.AddRange((await bench.AskEngineAsync()).Abandoned);
            await Task.Delay(s_pause);
        }
        while (seen.Count < expected && Environment.TickCount64 < deadline);
        return seen;
    }

    private static async Task<Dictionary<string, LedgerRecord>> WaitForLedgerAsync(PodvirtServer podvirt, List<AbandonedStream> seen)
    {
        var deadline = Environment.TickCount64 + (long)s_ledgerAllowance.TotalMilliseconds;
        while (true)
        {
            var ledger = (await podvirt.Admin.ReadLedgerAsync()).ToDictionary(r => r.Id);
            if (Environment.TickCount64 > deadline || seen.TrueForAll(s => s.RequestId is not null && ledger.ContainsKey(s.RequestId)))
            {
                return ledger;
            }
            await Task.Delay(s_pause);
        }
    }

    private ScenarioReport Report(List<AbortSample> samples)
    {
        var report = new ScenarioReport(Name, $"{Streams} requests in flight whose clients close their connections; from the client's close to the engine's end of file, on one clock.") { Raw = samples };
        var table = report.AddTable("All rounds together; times in ms.", "case", "closed", "seen by the engine", "p50", "p99", "max", "on the ledger", "tokens sent", "tokens billed", "billed above sent", "most sent but not billed");
        foreach (var group in samples.GroupBy(s => s.Case))
        {
            var all = group.ToList();
            var delays = all.SelectMany(s => s.Delays).ToList();
            var p99 = Statistics.Percentile(delays, 99);
            table.Add(
                group.Key, $"{all.Sum(s => s.Closed)}", $"{all.Sum(s => s.Seen)}", $"{Statistics.Median(delays):0.0}", $"{p99:0.0}", $"{delays.DefaultIfEmpty(0).Max():0.0}",
                $"{all.Sum(s => s.OnLedger)}", $"{all.Sum(s => s.Sent)}", $"{all.Sum(s => s.Billed)}", $"{all.Sum(s => s.Overbilled)}", $"{all.Max(s => s.UnbilledMax)}");
            report.Add(Verdict.Of($"client's close to engine's end of file, p99, {group.Key}", $"at most {CancelMaxMs:0} ms", $"{p99:0.0} ms", p99 <= CancelMaxMs && all.All(s => s.Seen == s.Closed)));
        }
        report.Add(Verdict.Of("cancelled requests missing on the ledger, or with another outcome", "0", $"{samples.Sum(s => s.Closed - s.OnLedger + s.OtherOutcome)}", samples.All(s => s.Closed == s.OnLedger && s.OtherOutcome == 0)));
        report.Add(Verdict.Of("requests billed for more tokens than the engine had sent", "0", $"{samples.Sum(s => s.Overbilled)}", samples.All(s => s.Overbilled == 0)));
        report.Note("Billed is the last count that was read from the engine. Tokens that were on the way when the client left are not in it; a plain answer reports usage at its end only, so that one cut short is billed at zero.");
        return report;
    }
}

/// <summary>One round of one case.</summary>
/// <param name="Delays">From close to end of file, in ms.</param>
internal sealed record AbortSample(
    string Case, int Closed, int Seen, IReadOnlyList<double> Delays, int OnLedger, long Sent, long Billed, int Overbilled, long UnbilledMax, int OtherOutcome);
