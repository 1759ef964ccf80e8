using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Podvirt.Metering;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Ledger.ClickHouse;

namespace Podvirt.Microbenchmarks.Ledger;

/// <summary>The same ledger in ClickHouse: how fast batches go in, and what dashboards wait for.</summary>
internal static class ClickHouseMeasurement
{
    /// <summary>What one worker should bring in, a second.</summary>
    private const double TargetRate = 200_000;

    private const double TargetMs = 50;

    private const int Batch = 100_000;

    private const int Runs = 100;

    private const int Seed = 20_261_120;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(200);

    public static async Task FillAsync(Uri url, int records)
    {
        using var database = Open(url);
        var ledger = new ClickHouseLedger(database);
        var traffic = new RandomTraffic(Seed);
        var step = (RandomTraffic.End - RandomTraffic.Start) / records;
        var spent = TimeSpan.Zero;
        for (var done = 0; done < records; done += Batch)
        {
            var first = done;
            var batch = Enumerable.Range(first, Math.Min(Batch, records - first)).Select(n => traffic.Next(RandomTraffic.Start + (step * n))).ToList();
            var watch = Stopwatch.StartNew();
            await ledger.AppendBatchAsync($"fill-{first}", batch);
            spent += watch.Elapsed;
            if ((done + Batch) % 1_000_000 == 0)
            {
                Console.WriteLine($"{done + Batch:N0} records, {(done + Batch) / spent.TotalSeconds:N0} a second");
            }
        }
    }

    /// <param name="url">Where it answers.</param>
    /// <param name="results">The folder for the table; null: none is written.</param>
    /// <param name="engine">The engine's process: on a machine that does other things, too, its time says more than what one waits.</param>
    public static async Task MeasureAsync(Uri url, string? results, int engine)
    {
        var lines = new List<string>();
        void Write(string line)
        {
            lines.Add(line);
            Console.WriteLine(line);
        }
        var commit = LedgerMeasurement.Output("git", "rev-parse", "--short=9", "HEAD");
        var at = TimeProvider.System.GetUtcNow();
        using var database = Open(url);
        var ledger = new ClickHouseLedger(database);
        var all = await ledger.RequestTotalsAsync();
        Write($"# A ledger of ten million records in ClickHouse, {at.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}");
        Write("");
        Write($"Commit {commit}, {Environment.ProcessorCount} cores that the engine shares with this program, {RuntimeInformation.FrameworkDescription}; "
            + $"load average before: {File.ReadAllText("/proc/loadavg").Split(' ')[0]}. {all.Values.Sum():N0} records of {RandomTraffic.Days} days, "
            + $"{RandomTraffic.Models} models, {RandomTraffic.Projects} projects and {RandomTraffic.Projects * RandomTraffic.KeysOfProject} keys.");
        Write("");
        await UntilMergedAsync(database);
        Write("## What goes in");
        Write("");
        Write("One worker, one batch after the other: ids looked up, one insert with all rollups, copies looked for. Processor time of the engine holds what it merges meanwhile.");
        Write("");
        foreach (var size in (int[])[2_000, 20_000, Batch])
        {
            Write(await AppendAsync(ledger, size, engine));
        }
        Write("");
        await UntilMergedAsync(database);
        Write("## What dashboards ask");
        Write("");
        Write($"{Runs} runs after a first one, when nothing is being merged any more. Milliseconds; the target is {TargetMs:0}, for p95. \"engine\" is its processor time for one run, in milliseconds.");
        Write("");
        Write("| | first | p50 | p95 | max | engine | |");
        Write("|---|---:|---:|---:|---:|---:|---|");
        foreach (var (name, ask) in LedgerQuestions.Dashboard())
        {
            var (times, p95) = await TimeAsync(ledger, ask, engine);
            Write($"| {name} | {times} | {(p95 <= TargetMs ? "met" : "missed")} |");
        }
        Write("");
        Write("## Longer than the console's dashboards");
        Write("");
        Write("The API gives these series too; they have no target.");
        Write("");
        Write("| | first | p50 | p95 | max | engine |");
        Write("|---|---:|---:|---:|---:|---:|");
        foreach (var (name, ask) in LedgerQuestions.LongSeries())
        {
            Write($"| {name} | {(await TimeAsync(ledger, ask, engine)).Cells} |");
        }
        if (results is not null)
        {
            await File.WriteAllLinesAsync(Path.Combine(results, $"ledger-clickhouse-{at.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}-{commit}.md"), lines);
        }
    }

    private static async Task<(string Cells, double P95)> TimeAsync(ClickHouseLedger ledger, Func<ILedger, Task> ask, int engine)
    {
        var first = await LedgerMeasurement.OnceAsync(ledger, ask);
        var warm = new double[Runs];
        var spent = Spent(engine);
        for (var i = 0; i < Runs; i++)
        {
            warm[i] = await LedgerMeasurement.OnceAsync(ledger, ask);
        }
        spent = Spent(engine) - spent;
        Array.Sort(warm);
        return ($"{LedgerMeasurement.Cells(first, warm)} | {spent.TotalMilliseconds / Runs:0.0}", LedgerMeasurement.At(warm, 95));
    }

    /// <summary>New records of the last minutes.</summary>
    private static async Task<string> AppendAsync(ClickHouseLedger ledger, int size, int engine)
    {
        const int RoundsMax = 10;
        var traffic = new RandomTraffic(size);
        var rounds = Math.Min(RoundsMax, 500_000 / size);
        var batches = Enumerable.Range(0, rounds)
            .Select(r => Enumerable.Range(0, size).Select(n => traffic.Next(RandomTraffic.End.AddMinutes(-rounds + r).AddMilliseconds(n * 30_000d / size))).ToList()).ToList();
        var (own, its) = (Spent(Environment.ProcessId), Spent(engine));
        var watch = Stopwatch.StartNew();
        foreach (var batch in batches)
        {
            await ledger.AppendBatchAsync($"new-{Stopwatch.GetTimestamp()}", batch);
        }
        var rate = rounds * size / watch.Elapsed.TotalSeconds;
        (own, its) = ((Spent(Environment.ProcessId) - own) / (rounds * size), (Spent(engine) - its) / (rounds * size));
        return $"- Batches of {size:N0}: {rate:N0} records a second, {watch.Elapsed.TotalMilliseconds / rounds:0} ms a batch ({(rate >= TargetRate ? "met" : "missed")}: {TargetRate:N0}). "
            + $"Processor time of a record: {own.TotalMicroseconds:0.0} µs of the worker, {its.TotalMicroseconds:0.0} µs of the engine.";
    }

    /// <summary>What went in before is still being merged for a while, on the cores that are measured.</summary>
    private static async Task UntilMergedAsync(ClickHouseDatabase database)
    {
        var store = await database.OpenAsync(CancellationToken.None);
        while ((await store.ReadAsync("SELECT toInt64(count()) FROM system.merges", SqlParameters.None, static row => row.GetInt64(0), CancellationToken.None))[0] > 0)
        {
            await Task.Delay(s_pause);
        }
    }

    private static TimeSpan Spent(int id)
    {
        using var process = Process.GetProcessById(id);
        return process.TotalProcessorTime;
    }

    private static ClickHouseDatabase Open(Uri url) => new(new ClickHouseOptions { Url = url, Timeout = TimeSpan.FromMinutes(2) });
}
