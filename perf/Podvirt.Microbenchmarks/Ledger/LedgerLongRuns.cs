using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Messaging.Sqlite;
using Podvirt.Metering;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Ledger.Sqlite;
using Podvirt.Metering.Outbox;
using Podvirt.Metering.Rating;

namespace Podvirt.Microbenchmarks.Ledger;

/// <summary>What takes seconds: each run says in one line what it did.</summary>
internal static class LedgerLongRuns
{
    /// <summary>Records that are moved, twice: at first code and caches are cold.</summary>
    private const int Moved = 100_000;

    /// <summary>Of the pump, by default.</summary>
    private const int MovedBatch = 2_000;

    public static async Task<string> ExportAsync(ILedger ledger, int records)
    {
        var watch = Stopwatch.StartNew();
        var read = 0;
        await foreach (var part in ledger.ReadAsync(new UsageQuery(RandomTraffic.Start, RandomTraffic.End)))
        {
            read += part.Count;
            if (read >= records)
            {
                break;
            }
        }
        return $"- Export: {read:N0} records read in parts in {watch.Elapsed.TotalSeconds:0.0} s, {read / watch.Elapsed.TotalSeconds:N0} a second.";
    }

    public static async Task<string> ReconcileAsync(ILedger ledger)
    {
        var before = Environment.WorkingSet;
        var watch = Stopwatch.StartNew();
        var (records, parts, differences, most, longest) = (0L, 0, 0, before, TimeSpan.Zero);
        var last = TimeSpan.Zero;
        await foreach (var step in ledger.ReconcileAsync())
        {
            records += step.Records;
            differences += step.Differences.Count;
            parts++;
            most = Math.Max(most, Environment.WorkingSet);
            longest = watch.Elapsed - last > longest ? watch.Elapsed - last : longest;
            last = watch.Elapsed;
        }
        return $"- Reconciliation: {records:N0} records in {parts:N0} parts in {watch.Elapsed.TotalSeconds:0.0} s (the longest part {longest.TotalSeconds:0.0} s), "
            + $"{differences} differences; the process grew by {(most - before) / 1e6:0} MB.";
    }

    /// <summary>New records of the last minutes, from the outbox by the pump into this ledger.</summary>
    public static async Task<string> MoveAsync(string folder, string file)
    {
        var options = new MeteringOptions { DataDirectory = Path.Combine(folder, "outbox") };
        using var metrics = new MeteringMetrics();
        await using var ledger = SqliteLedger.Open(file, TimeProvider.System);
        await using var store = SqliteStateStore.Open(Path.Combine(options.DataDirectory, "state.db"), TimeProvider.System);
        await using var rates = new RateBook(store, TimeProvider.System, NullLogger<RateBook>.Instance);
        await rates.CaughtUpAsync();
        await using var outbox = SqliteUsageOutbox.Open(options, metrics, TimeProvider.System, NullLogger<SqliteUsageOutbox>.Instance);
        using var pump = new OutboxPump(outbox, ledger, rates, options, metrics, TimeProvider.System, NullLogger<OutboxPump>.Instance);
        var traffic = new RandomTraffic(seed: 7);
        var rate = 0d;
        for (var round = 0; round < 2; round++)
        {
            var ended = RandomTraffic.End.AddMinutes(round);
            for (var done = 0; done < Moved; done += MovedBatch)
            {
                var first = done;
                await Task.WhenAll(Enumerable.Range(0, MovedBatch).Select(n => outbox.AppendAsync(traffic.Next(ended.AddMilliseconds((first + n) * 60_000d / Moved)).Record).AsTask()));
            }
            var watch = Stopwatch.StartNew();
            while (await pump.MoveBatchAsync(CancellationToken.None))
            {
                // Until the outbox is empty.
            }
            rate = Moved / watch.Elapsed.TotalSeconds;
        }
        return $"- New records: {rate:N0} a second from the outbox into this ledger, rollups included, in synced batches of {options.LedgerBatchMax:N0}.";
    }
}
