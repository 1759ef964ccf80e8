using Podvirt.LoadTest.Generator;
using Podvirt.LoadTest.Proxies;
using Podvirt.LoadTest.Reports;

namespace Podvirt.LoadTest.Scenarios;

/// <summary>
/// Conversations of ten turns over several replicas, each with a prefix cache of its own: once with a session id for each conversation, and once with
/// another one for each turn, which routes them at random.
/// </summary>
internal sealed class AffinityScenario(Workplace place, ScenarioOptions options) : IScenario
{
    private const string Model = "chat";
    private const int Replicas = 4;
    private const int Conversations = 40;
    private const int Turns = 10;
    private const int Tokens = 16;

    /// <summary>About 150 tokens more with each turn; a token that is not cached costs the simulated engine 0.2 ms.</summary>
    private const int PromptGrowth = 600;

    private static readonly string[] s_engine = ["--sim-load-weights", "300ms", "--sim-load-compile", "100ms", "--sim-load-graphs", "100ms", "--sim-ttft", "20ms", "--sim-prefill-per-token", "200us", "--sim-token-time", "10ms"];

    private static readonly TimeSpan s_startAllowance = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    public string Name => "affinity";

    public async Task<ScenarioReport> RunAsync()
    {
        await using var bench = await Bench.StartAsync();
        await using var podvirt = await PodvirtServer.StartAsync(place, new PodvirtConfiguration { Gpus = Replicas }.AddSimulated(Model, Replicas, s_engine).ToString());
        await WaitForReplicasAsync(podvirt);
        _ = await bench.RunAsync(Plan(podvirt, SessionChoice.PerRequest, "warm-up"));
        var samples = new List<AffinitySample>();
        for (var round = 0; round < options.Pick(2, quick: 1); round++)
        {
            foreach (var choice in new[] { SessionChoice.PerSlot, SessionChoice.PerRequest })
            {
                var load = await bench.RunAsync(Plan(podvirt, choice, $"{choice}-{round}"));
                var sample = AffinitySample.Of(choice, load);
                Console.WriteLine($"  {sample}");
                samples.Add(sample);
            }
        }
        return Report(samples);
    }

    private static LoadPlan Plan(PodvirtServer podvirt, SessionChoice session, string label) => new()
    {
        Port = podvirt.Proxy.Port,
        Key = PodvirtServer.Key,
        Model = Model,
        Streams = Conversations,
        Requests = Conversations * Turns,
        Tokens = Tokens,
        RampMs = 1_000,
        Session = session,
        PromptGrowth = PromptGrowth,
        Label = label,
        Details = true,
        TimeoutMs = 120_000,
        IsNumbered = false,
    };

    private static async Task WaitForReplicasAsync(PodvirtServer podvirt)
    {
        var deadline = Environment.TickCount64 + (long)s_startAllowance.TotalMilliseconds;
        while (await podvirt.Admin.CountActiveAsync(Model) < Replicas)
        {
            if (Environment.TickCount64 > deadline)
            {
                throw new InvalidOperationException($"The {Replicas} replicas were not there within {s_startAllowance.TotalSeconds} s.");
            }
            await Task.Delay(s_pause);
        }
    }

    private ScenarioReport Report(List<AffinitySample> samples)
    {
        var report = new ScenarioReport(
            Name, $"{Conversations} conversations at once, {Turns} turns each, {Replicas} replicas of the simulated engine, each with its own prefix cache. At random: every turn has a session id of its own.")
        { Raw = samples };
        var table = report.AddTable("Time to first token from the second turn on, in ms.", "routing", "turns", "on the conversation's replica", "hit", "moved", "new", "p50", "p99", "answers not whole");
        foreach (var s in samples)
        {
            table.Add(
                s.Name, $"{s.Turns}", $"{s.Stayed}", $"{s.Marks.GetValueOrDefault("hit")}", $"{s.Marks.GetValueOrDefault("moved")}", $"{s.Marks.GetValueOrDefault("new")}", $"{s.FirstTokenP50:0.0}", $"{s.FirstTokenP99:0.0}", $"{s.Lost}");
        }
        var sticky = samples.Where(s => s.Choice == SessionChoice.PerSlot).ToList();
        var random = samples.Where(s => s.Choice == SessionChoice.PerRequest).ToList();
        report.Add(Verdict.Of("turns on the replica of their conversation's first turn", "all", $"{sticky.Sum(s => s.Stayed)} of {sticky.Sum(s => s.Turns)}", sticky.All(s => s.Stayed == s.Turns)));
        var (own, other) = (Statistics.Median(sticky.Select(s => s.FirstTokenP50)), Statistics.Median(random.Select(s => s.FirstTokenP50)));
        report.Add(Verdict.Of("median time to first token", "below random routing's", $"{own:0.0} : {other:0.0} ms", own < other));
        var lost = samples.Sum(s => s.Lost);
        report.Add(Verdict.Of("answers not whole", "0", $"{lost}", lost == 0));
        return report;
    }
}
