using System.Diagnostics;
using Podvirt.LoadTest.Proxies;
using Podvirt.LoadTest.Reports;

namespace Podvirt.LoadTest.Scenarios;

/// <summary>Runs scenarios one after the other, says what they found, and writes it down.</summary>
internal static class RunCommand
{
    public const string Usage = """
        usage: Podvirt.LoadTest run [--scenario NAME,NAME] [--quick] [--only PROXY,PROXY] [--podvirt EXECUTABLE] [--results FOLDER]
        Without --results nothing is written.
        """;

    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new ArgumentList(args);
        var place = new Workplace(arguments.Text("--podvirt"));
        var options = new ScenarioOptions(arguments.Has("--quick"), arguments.Text("--only")?.Split(',') ?? ScenarioOptions.AllProxies);
        var all = All(place, options);
        var chosen = arguments.Text("--scenario")?.Split(',').Select(name => Find(all, name)).ToList() ?? all;
        var machine = MachineFacts.Read(place.Root, TimeProvider.System);
        var reports = new List<ScenarioReport>();
        foreach (var scenario in chosen)
        {
            Console.WriteLine($"{scenario.Name} ...");
            var watch = Stopwatch.StartNew();
            var others = await OtherLoad.SampleAsync();
            var report = await RunAsync(scenario);
            report.Seconds = watch.Elapsed.TotalSeconds;
            others = Math.Max(others, await OtherLoad.SampleAsync());
            if (others > OtherLoad.CoresMax)
            {
                report.Invalid ??= $"other programs kept {others:0.0} cores busy right before or after.";
            }
            reports.Add(report);
            Print(ReportWriter.RenderScenario(report).Append($"{report.Seconds:0} s").Append(""));
        }
        Print(ReportWriter.Summarise(reports).Lines());
        if (arguments.Text("--results") is { } folder)
        {
            Console.WriteLine($"Written to {ReportWriter.Write(folder, machine, reports)}");
        }
        return reports.Exists(r => r.Invalid is not null) ? 1 : 0;
    }

    /// <summary>A scenario that breaks takes nothing but itself with it.</summary>
    private static async Task<ScenarioReport> RunAsync(IScenario scenario)
    {
        try
        {
            return await scenario.RunAsync();
        }
        catch (Exception error) when (error is not OutOfMemoryException)
        {
            Console.Error.WriteLine(error);
            return new ScenarioReport(scenario.Name, "It did not come to its end.") { Invalid = error.Message.Split('\n')[0] };
        }
    }

    private static IReadOnlyList<IScenario> All(Workplace place, ScenarioOptions options) =>
    [
        new RelayScenario(place, options),
        new FirstTokenScenario(place, options),
        new HoldScenario(place, options),
        new StormScenario(place, options),
        new AbortScenario(place, options),
        new SlowReadersScenario(place, options),
        new AffinityScenario(place, options),
        new WakeScenario(place, options),
        new ClusterWakeScenario(options),
    ];

    private static IScenario Find(IReadOnlyList<IScenario> all, string name) =>
        all.FirstOrDefault(s => s.Name == name) ?? throw new UsageException($"There is no scenario '{name}'; there are {string.Join(", ", all.Select(s => s.Name))}.");

    private static void Print(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            Console.WriteLine(line);
        }
    }
}
