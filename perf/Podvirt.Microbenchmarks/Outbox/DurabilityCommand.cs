using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Core.Usage;
using Podvirt.Messaging;
using Podvirt.Metering;
using Podvirt.Metering.Outbox;

namespace Podvirt.Microbenchmarks.Outbox;

/// <summary>
/// <c>durability FOLDER [RESULTS]</c> times what an answer's end waits for: its usage record on the disk. Streams end one by one, each after
/// four seconds on average (a lone one after a tenth of a second, or there would be little to count), while the others' checkpoints are written; then all at one moment. Beside it stands what a plain sync of the
/// same disk takes.
/// </summary>
internal static class DurabilityCommand
{
    private static readonly TimeSpan s_streamTime = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan s_loneStreamTime = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_checkpointInterval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_runTime = TimeSpan.FromSeconds(15);
    private static readonly int[] s_streams = [1, 50, 500];

    private const int Rounds = 20;
    private const int Syncs = 500;
    private const int SyncBytes = 4096;

    public static async Task<int> RunAsync(string[] args)
    {
        if (args.Length is not (1 or 2))
        {
            await Console.Error.WriteLineAsync("durability FOLDER [RESULTS]");
            return 2;
        }
        var folder = Directory.CreateDirectory(args[0]).FullName;
        var now = TimeProvider.System.GetUtcNow();
        var lines = new List<string>
        {
            $"# What durable usage records cost, {now.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}",
            "",
            $"{Environment.ProcessorCount} cores, {RuntimeInformation.FrameworkDescription}; load average before: {(await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0]}. Milliseconds from an answer's end to its record on the disk.",
            "",
            "| | answers | p50 | p99 | max | answers a commit |",
            "|---|---:|---:|---:|---:|---:|",
            Row($"a plain sync of {SyncBytes / 1024} KiB", Sync(Path.Combine(folder, "sync")), commits: null),
        };
        foreach (var streams in s_streams)
        {
            lines.Add(await MeasureAsync(folder, $"{Name(streams)}, ending one by one", outbox => OneByOneAsync(outbox, streams)));
            lines.Add(await MeasureAsync(folder, $"{Name(streams)}, ending at one moment", outbox => AtOnceAsync(outbox, streams)));
        }
        lines.ForEach(Console.WriteLine);
        if (args is [_, var results])
        {
            await File.WriteAllLinesAsync(
                Path.Combine(results, $"durability-{now.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}.md"), lines);
        }
        return 0;
    }

    private static async Task<string> MeasureAsync(string folder, string name, Func<SqliteUsageOutbox, Task<List<double>>> run)
    {
        var data = Directory.CreateDirectory(Path.Combine(folder, Guid.NewGuid().ToString("N")));
        try
        {
            using var metrics = new MeteringMetrics();
            using var commits = new CommitCounter(metrics.Meter);
            await using var outbox = SqliteUsageOutbox.Open(
                new MeteringOptions { DataDirectory = data.FullName }, metrics, TimeProvider.System, NullLogger<SqliteUsageOutbox>.Instance);
            // The first ones pay for compiling the way and for growing the file.
            await AtOnceAsync(outbox, 200);
            commits.Reset();
            return Row(name, await run(outbox), commits);
        }
        finally
        {
            data.Delete(recursive: true);
        }
    }

    private static async Task<List<double>> OneByOneAsync(SqliteUsageOutbox outbox, int streams)
    {
        using var end = new CancellationTokenSource(s_runTime);
        var times = new ConcurrentBag<double>();
        var checkpoints = CheckpointAsync(outbox, streams, end.Token);
        await Task.WhenAll(Enumerable.Range(0, streams).Select(async n =>
        {
            var random = new Random(n);
            while (true)
            {
                await Task.Delay(2 * random.NextDouble() * (streams == 1 ? s_loneStreamTime : s_streamTime), end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (end.IsCancellationRequested)
                {
                    return;
                }
                times.Add(await AppendAsync(outbox));
            }
        }));
        await checkpoints;
        return [.. times];
    }

    private static async Task<List<double>> AtOnceAsync(SqliteUsageOutbox outbox, int streams)
    {
        var times = new List<double>();
        for (var round = 0; round < Rounds; round++)
        {
            times.AddRange(await Task.WhenAll(Enumerable.Range(0, streams).Select(_ => AppendAsync(outbox))));
        }
        return times;
    }

    private static async Task CheckpointAsync(SqliteUsageOutbox outbox, int streams, CancellationToken end)
    {
        IRunningUsage[] running = [.. Enumerable.Range(0, streams).Select(_ => new Running())];
        while (!end.IsCancellationRequested)
        {
            await outbox.CheckpointAsync(running, CancellationToken.None);
            await Task.Delay(s_checkpointInterval, end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task<double> AppendAsync(SqliteUsageOutbox outbox)
    {
        var record = NewRecord();
        var started = Stopwatch.GetTimestamp();
        await outbox.AppendAsync(record);
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    private static List<double> Sync(string path)
    {
        var bytes = new byte[SyncBytes];
        var times = new List<double>();
        using (var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            for (var i = 0; i < Syncs; i++)
            {
                var started = Stopwatch.GetTimestamp();
                file.Write(bytes);
                file.Flush(flushToDisk: true);
                times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }
        }
        File.Delete(path);
        return times;
    }

    private static string Name(int streams) => streams == 1 ? "1 stream" : $"{streams} streams";

    private static string Row(string name, List<double> times, CommitCounter? commits)
    {
        times.Sort();
        double At(int percent) => times[Math.Clamp((int)Math.Ceiling(times.Count * percent / 100.0) - 1, 0, times.Count - 1)];
        var each = commits is null ? "" : (times.Count / (double)Math.Max(1, commits.WithRecords)).ToString("0.0", CultureInfo.InvariantCulture);
        return string.Create(CultureInfo.InvariantCulture, $"| {name} | {times.Count:N0} | {At(50):0.00} | {At(99):0.00} | {times[^1]:0.00} | {each} |");
    }

    private static UsageRecord NewRecord() => new()
    {
        Id = Guid.CreateVersion7(),
        Project = "default",
        Key = "0123456789ab",
        Model = "qwen/qwen3-8b",
        Revision = 1,
        Replica = "r-0123456789abcdef0123456789abcdef",
        Surface = "chat.completions",
        Outcome = UsageOutcome.Completed,
        Status = 200,
        Streamed = true,
        Tokens = new TokenCounts(1_034, 512, 212, 0),
        Source = UsageSource.Engine,
        StartedAt = TimeProvider.System.GetUtcNow(),
        QueuedUs = 900,
        FirstTokenUs = 80_000,
        DurationUs = 4_000_000,
    };

    private sealed class Running : IRunningUsage
    {
        private readonly UsageRecord _record = NewRecord();

        public UsageRecord TakeCheckpoint() => _record;
    }
}
