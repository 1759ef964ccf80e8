using Podvirt.Laboratory.Policies;
using Podvirt.Laboratory.Reports;
using Podvirt.Laboratory.Simulation;
using Podvirt.Laboratory.Traces;
using Podvirt.Scheduler.Idle;
using Stopwatch = System.Diagnostics.Stopwatch;

namespace Podvirt.Laboratory;

/// <summary>
/// 1. On the tuning seeds, with small fleets: the scheduler's constants beside others, and how long the fixed policy keeps its sleepers.
/// 2. On other seeds, with the whole fleet: every policy at every setting of its knob.
/// 3. The report.
/// </summary>
internal static class LaboratoryRun
{
    private static readonly int[] s_tuningSeeds = [1, 2];
    private static readonly int[] s_reportSeeds = [51, 52];
    private static readonly double[] s_prices = [0.001, 0.003, 0.01, 0.02, 0.03, 0.04, 0.06, 0.1, 0.3];
    private static readonly double[] s_timeouts = [5, 60, 300, 900];

    public static int Run(bool isQuick, string? results)
    {
        var began = Stopwatch.GetTimestamp();
        var choice = Tune();
        var settings = isQuick ? TraceSettings.Quick : TraceSettings.Full;
        var seeds = isQuick ? s_reportSeeds[..1] : s_reportSeeds;
        var points = Measure(Experiments(choice), seeds, settings);
        var report = new LaboratoryReport(settings, s_tuningSeeds, seeds, choice, points, Stopwatch.GetElapsedTime(began));
        Console.WriteLine(ReportWriter.Markdown(report, plot: null));
        if (results is not null)
        {
            ReportWriter.Write(report, results);
        }

        return 0;
    }

    private static List<Experiment> Experiments(TuningChoice choice) =>
    [
        .. s_prices.Select(price => Podvirt(price, IdleTuning.Default)),
        .. s_timeouts.Select(time => new Experiment(Families.FixedStop, Time(time), _ => new FixedPolicy(null, time))),
        .. s_timeouts.Select(time => FixedSleep(time, choice.SleeperSeconds)),
        .. new[] { 1, 0.8, 0.6, 0.5 }.Select(share => new Experiment(Families.Swap, $"{share:P0} of the fleet", _ => new SwapPolicy(), share)),
        .. s_prices.Select(price => new Experiment(Families.Oracle, $"{price}", trace => new OraclePolicy(price, trace))),
    ];

    private static Experiment Podvirt(double price, IdleTuning tuning) => new(
        Families.Podvirt, $"{price}",
        trace => new WorthPolicy(price, trace.Settings.Nodes * TraceSettings.GpusPerNode, tuning));

    private static Experiment FixedSleep(double time, double sleeper) =>
        new(Families.FixedSleep, Time(time), _ => new FixedPolicy(time, time + sleeper));

    /// <summary>Each candidate's waiting, at the gpu-hours of the others' points, relative to the best there: the mean decides.</summary>
    private static TuningChoice Tune()
    {
        var tunings =
            from memory in new[] { 96.0, 288 }
            from weight in new[] { 1.0, 2, 4 }
            from factor in new[] { 1.0, 4, 16 }
            from eviction in new[] { 1.0, 8, 32 }
            let tuning = new IdleTuning { GapMemory = memory, FleetWeight = weight, StartFactor = factor, EvictionFactor = eviction }
            where Differences(tuning, IdleTuning.Default) <= 1
            select tuning;
        var podvirt = tunings.Select(tuning => (
            Choice: tuning, Points: Measure([.. s_prices[1..].Select(price => Podvirt(price, tuning))], s_tuningSeeds, TraceSettings.Quick))).ToList();
        var sleepers = new double[] { 900, 3600, 6 * 3600, 24 * 3600, 72 * 3600 }.Select(sleeper => (
            Choice: sleeper, Points: Measure([.. s_timeouts.Select(time => FixedSleep(time, sleeper))], s_tuningSeeds, TraceSettings.Quick))).ToList();
        var (_, table) = Best(podvirt, tuning => $"memory of {tuning.GapMemory} gaps, fleet's weight {tuning.FleetWeight}, start factor {tuning.StartFactor}, "
            + $"eviction factor {tuning.EvictionFactor}");
        var (sleeperSeconds, sleeperTable) = Best(sleepers, seconds => $"sleepers stop after {Time(seconds)}");
        return new TuningChoice(sleeperSeconds, [.. table, .. sleeperTable]);
    }

    private static int Differences(IdleTuning one, IdleTuning other) =>
        (one.GapMemory == other.GapMemory ? 0 : 1) + (one.FleetWeight == other.FleetWeight ? 0 : 1) + (one.StartFactor == other.StartFactor ? 0 : 1)
        + (one.EvictionFactor == other.EvictionFactor ? 0 : 1);

    private static (T Choice, IReadOnlyList<(string Name, double Score)> Table) Best<T>(
        List<(T Choice, List<Point> Points)> candidates, Func<T, string> name)
    {
        var curves = candidates.Select(candidate => new Curve(candidate.Points)).ToList();
        var grid = curves.SelectMany(curve => curve.Points).Select(point => point.GpuHours).Where(hours => curves.TrueForAll(c => c.At(hours) is not null)).ToList();
        var scores = curves.Select(curve => grid.Average(hours => curve.At(hours)!.Value / curves.Min(c => c.At(hours)!.Value))).ToList();
        var best = scores.IndexOf(scores.Min());
        return (candidates[best].Choice, [.. candidates.Select((candidate, i) => (name(candidate.Choice), scores[i]))]);
    }

    /// <summary>All experiments on all seeds, one simulation on each core.</summary>
    private static List<Point> Measure(List<Experiment> experiments, int[] seeds, TraceSettings settings)
    {
        var outcomes = experiments.ToDictionary(experiment => experiment, _ => new Outcome[seeds.Length]);
        for (var i = 0; i < seeds.Length; i++)
        {
            var trace = Trace.Make(seeds[i], settings);
            var seed = i;
            Parallel.ForEach(
                experiments, new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, Environment.ProcessorCount) },
                experiment =>
                {
                    var outcome = experiment.Run(trace);
                    outcomes[experiment][seed] = outcome;
                    Console.Error.WriteLine(
                        $"seed {trace.Seed}: {experiment.Family}, {experiment.Knob}: {outcome.GpuHours:0} gpu-hours, {outcome.WaitingHours:0} h waiting");
                });
        }

        return [.. experiments.Select(experiment => Point.Of(experiment, outcomes[experiment]))];
    }

    private static string Time(double seconds) => seconds switch
    {
        < 60 => $"{seconds} s",
        < 3600 => $"{seconds / 60} min",
        _ => $"{seconds / 3600} h",
    };
}

/// <summary>Whose curves are compared.</summary>
internal static class Families
{
    public const string Podvirt = "Podvirt";
    public const string FixedStop = "fixed, stop";
    public const string FixedSleep = "fixed, sleep";
    public const string Swap = "swap on demand";
    public const string Oracle = "oracle";
}

/// <param name="SleeperSeconds">How long the fixed policy's sleepers are kept.</param>
/// <param name="Table">Every candidate, and its waiting relative to the best at equal gpu-hours.</param>
internal sealed record TuningChoice(double SleeperSeconds, IReadOnlyList<(string Name, double Score)> Table);
