using System.Diagnostics;
using System.Text;
using Podvirt.Laboratory.Simulation;
using Podvirt.Laboratory.Traces;
using Podvirt.Scheduler.Idle;

namespace Podvirt.Laboratory.Reports;

/// <summary>The table, and where table and plot go.</summary>
internal static class ReportWriter
{
    public static void Write(LaboratoryReport report, string folder)
    {
        Directory.CreateDirectory(folder);
        var name = $"laboratory-{DateTime.UtcNow:yyyy-MM-dd}-{Commit()}";
        File.WriteAllText(Path.Combine(folder, name + ".svg"), SvgPlot.Draw(report));
        File.WriteAllText(Path.Combine(folder, name + ".md"), Markdown(report, name + ".svg"));
    }

    public static string Markdown(LaboratoryReport report, string? plot)
    {
        var (settings, text) = (report.Settings, new StringBuilder());
        text.AppendLine("# Laboratory").AppendLine();
        text.AppendLine(
            $"{settings.Models:N0} models on {settings.Nodes * TraceSettings.GpusPerNode:N0} gpus, {settings.Days} simulated days of which the first is for learning, "
            + $"{settings.RequestsPerDay:N0} requests a day. Constants compared on seeds {string.Join(", ", report.TuningSeeds)} at a tenth of that size, "
            + $"measured on {string.Join(", ", report.Seeds)} (means). Took {report.Took.TotalMinutes:0.0} min on {Environment.ProcessorCount} cores.");
        if (plot is not null)
        {
            text.AppendLine().AppendLine($"![Waiting over gpu-hours]({plot})");
        }

        AddComparison(text, report);
        AddPoints(text, report);
        AddCauses(text, report);
        text.AppendLine().AppendLine("## Tuning").AppendLine();
        text.AppendLine($"Waiting relative to the best candidate at equal gpu-hours. Podvirt was measured with the scheduler's own constants: memory of "
            + $"{IdleTuning.Default.GapMemory} gaps, fleet's weight {IdleTuning.Default.FleetWeight}, start factor {IdleTuning.Default.StartFactor}, "
            + $"eviction factor {IdleTuning.Default.EvictionFactor}.").AppendLine();
        text.AppendLine("| candidate | waiting |").AppendLine("|---|---:|");
        foreach (var (name, score) in report.Choice.Table)
        {
            text.AppendLine($"| {name} | {score:0.000} |");
        }

        return text.ToString();
    }

    private static void AddComparison(StringBuilder text, LaboratoryReport report)
    {
        var rows = report.Compare();
        text.AppendLine().AppendLine("## At equal gpu-hours").AppendLine();
        text.AppendLine("Hours of waiting at the gpu-hours of each fixed time-out that no other fixed one beats.").AppendLine();
        text.AppendLine("| fixed time-out | gpu-hours | fixed | Podvirt | less by | swap on demand | oracle | Podvirt over oracle |");
        text.AppendLine("|---|---:|---:|---:|---:|---:|---:|---:|");
        foreach (var row in rows)
        {
            text.AppendLine(
                $"| {row.Name} | {row.GpuHours:N0} | {row.Fixed:N0} | {Hours(row.Podvirt)} | {row.Reduction:P0} | {Hours(row.Swap)} | {Hours(row.Oracle)} "
                + $"| {(row is { Podvirt: { } podvirt, Oracle: { } oracle } ? $"{podvirt / oracle:0.00} ×" : "")} |");
        }

        // Where Podvirt's knob did not go that far there is nothing to compare.
        var least = rows.Min(row => row.Reduction) ?? 0;
        text.AppendLine().AppendLine(
            $"Target: at least {LaboratoryReport.ReductionMin:P0} less waiting than the best fixed time-out at each of these. The least is {least:P1}: "
            + (least >= LaboratoryReport.ReductionMin ? "met." : "missed."));
    }

    private static void AddPoints(StringBuilder text, LaboratoryReport report)
    {
        text.AppendLine().AppendLine("## Every point").AppendLine();
        text.AppendLine(
            "Waits are of all requests, most of which wait for nothing. Cold and woken: the share that waited for a start or a wake. Decision: "
            + "99th percentile of one decision of the real planner, with the bookkeeping that it waits for; the largest of the seeds, two simulations at a time.")
            .AppendLine();
        text.AppendLine("| policy | knob | gpu-hours | waiting h | cold | woken | wait p50 s | wait p99 s | starts | evictions | decision µs |");
        text.AppendLine("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        foreach (var point in report.Points)
        {
            text.AppendLine(
                $"| {point.Experiment.Family} | {point.Experiment.Knob} | {point.GpuHours:N0} | {point.WaitingHours:N0} | {point.ColdShare:P1} | {point.WokenShare:P1} "
                + $"| {point.P50:0.0} | {point.P99:0.0} | {point.Starts:N0} | {point.Evictions:N0} | {point.DecisionP99:0} |");
        }
    }

    private static void AddCauses(StringBuilder text, LaboratoryReport report)
    {
        text.AppendLine().AppendLine("## What was waited for, and what was held").AppendLine();
        text.AppendLine(
            "Hours of waiting for a model's first start ever, which only starting ahead could avoid; for a start after a stop as unused, after an eviction, "
            + "and elsewhere, because the sleeper's gpus were taken; for a wake of level 1 and of level 2. Then gpu-hours in use, awake without a request, "
            + "asleep, and in transitions.").AppendLine();
        text.AppendLine("| policy | knob | first start | unused | evicted | elsewhere | wake | deep wake | in use | awake | asleep | transitions |");
        text.AppendLine("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|");
        foreach (var point in report.Points)
        {
            var numbers = Enum.GetValues<RiseCause>().Select(cause => point.Causes[cause]).Concat(Enum.GetValues<HoldingUse>().Select(use => point.Uses[use]));
            text.AppendLine($"| {point.Experiment.Family} | {point.Experiment.Knob} | {string.Join(" | ", numbers.Select(number => $"{Math.Max(0, number):N0}"))} |");
        }
    }

    private static string Hours(double? hours) => hours is { } value ? $"{value:N0}" : "";

    private static string Commit()
    {
        using var git = Process.Start(new ProcessStartInfo("git", "rev-parse --short=9 HEAD") { RedirectStandardOutput = true, UseShellExecute = false })
            ?? throw new InvalidOperationException("git did not start.");
        var commit = git.StandardOutput.ReadToEnd().Trim();
        git.WaitForExit();
        return git.ExitCode == 0 ? commit : throw new InvalidOperationException("The results are named by commit: run this inside the repository.");
    }
}
