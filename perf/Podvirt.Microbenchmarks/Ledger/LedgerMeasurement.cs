using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Ledger.Sqlite;

namespace Podvirt.Microbenchmarks.Ledger;

/// <summary>Times what is asked of a large ledger.</summary>
internal static class LedgerMeasurement
{
    /// <summary>What a dashboard may take.</summary>
    private const double TargetMs = 50;

    private const int WarmRuns = 100;

    private const int SlowRuns = 2;

    private const int Exported = 1_000_000;

    public static async Task RunAsync(string folder, string? results)
    {
        var lines = new List<string>();
        void Write(string line)
        {
            lines.Add(line);
            Console.WriteLine(line);
        }
        var file = LedgerFill.FileIn(folder);
        var commit = Output("git", "rev-parse", "--short=9", "HEAD");
        var at = TimeProvider.System.GetUtcNow();
        Write($"# A ledger of ten million records, {at.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}");
        Write("");
        Write($"Commit {commit}, {Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}; load average before: {File.ReadAllText("/proc/loadavg").Split(' ')[0]}.");
        await using (var ledger = Open(file))
        {
            var all = await ledger.RequestTotalsAsync();
            Write(
                $"{all.Values.Sum():N0} records of {RandomTraffic.Days} days, {RandomTraffic.Models} models, {RandomTraffic.Projects} projects and "
                + $"{RandomTraffic.Projects * RandomTraffic.KeysOfProject} keys; {new FileInfo(file).Length / 1e9:0.0} GB.");
        }
        Write("");
        Write("## What dashboards ask");
        Write("");
        Write($"Cold: the first run of a ledger just opened, none of its file in the system's memory. Then {WarmRuns} runs after it. Milliseconds; the target is {TargetMs:0}, for p95.");
        Write("");
        Write("| | cold | p50 | p95 | max | |");
        Write("|---|---:|---:|---:|---:|---|");
        foreach (var (name, ask) in LedgerQuestions.Dashboard())
        {
            var (cold, warm) = await TimeAsync(file, ask, WarmRuns);
            Write($"| {name} | {Cells(cold, warm)} | {(At(warm, 95) <= TargetMs ? "met" : "missed")} |");
        }
        Write("");
        Write("## Longer than the console's dashboards");
        Write("");
        Write("The API gives these series too; they have no target.");
        Write("");
        Write("| | cold | p50 | p95 | max |");
        Write("|---|---:|---:|---:|---:|");
        foreach (var (name, ask) in LedgerQuestions.LongSeries())
        {
            var (cold, warm) = await TimeAsync(file, ask, WarmRuns);
            Write($"| {name} | {Cells(cold, warm)} |");
        }
        Write("");
        Write("## What analytics ask");
        Write("");
        Write("Exact sums. The first ones come from rollups, the last ones go through every raw record of the time.");
        Write("");
        Write("| | cold | fastest | slowest |");
        Write("|---|---:|---:|---:|");
        foreach (var (name, ask) in LedgerQuestions.Analytics())
        {
            var (cold, warm) = await TimeAsync(file, ask, SlowRuns);
            Write($"| {name} | {cold:0} | {warm[0]:0} | {warm[^1]:0} |");
        }
        Write("");
        Write("## Long reads and writes");
        Write("");
        await using (var ledger = Open(file))
        {
            Write(await LedgerLongRuns.ExportAsync(ledger, Exported));
            Write(await LedgerLongRuns.ReconcileAsync(ledger));
        }
        Write(await LedgerLongRuns.MoveAsync(folder, file));
        if (results is not null)
        {
            var path = Path.Combine(results, $"ledger-{at.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}-{commit}.md");
            await File.WriteAllLinesAsync(path, lines);
        }
    }

    private static SqliteLedger Open(string file) => SqliteLedger.Open(file, TimeProvider.System);

    private static async Task<(double Cold, double[] Warm)> TimeAsync(string file, Func<ILedger, Task> ask, int runs)
    {
        // The advice that goes with it makes the system forget the file.
        Output("dd", $"of={file}", "oflag=nocache", "conv=notrunc,fdatasync", "count=0");
        await using var ledger = Open(file);
        var cold = await OnceAsync(ledger, ask);
        var warm = new double[runs];
        for (var i = 0; i < runs; i++)
        {
            warm[i] = await OnceAsync(ledger, ask);
        }
        Array.Sort(warm);
        return (cold, warm);
    }

    internal static async Task<double> OnceAsync(ILedger ledger, Func<ILedger, Task> ask)
    {
        var started = Stopwatch.GetTimestamp();
        await ask(ledger);
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    /// <summary>Of a table: the first run, and of those after it, sorted, the median, the 95th percentile and the slowest.</summary>
    internal static string Cells(double first, double[] sorted) => $"{first:0.0} | {At(sorted, 50):0.0} | {At(sorted, 95):0.0} | {sorted[^1]:0.0}";

    /// <summary>The smallest value that so many percent of all are not above.</summary>
    internal static double At(double[] sorted, int percent) => sorted[Math.Clamp((int)Math.Ceiling(sorted.Length * percent / 100.0) - 1, 0, sorted.Length - 1)];

    internal static string Output(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var text = process.StandardOutput.ReadToEnd() + process.StandardError.ReadToEnd();
        process.WaitForExit();
        return text.Trim();
    }
}
