using System.Security.Cryptography;
using System.Text;

namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>
/// Adds one batch.
/// 1. Records that another batch brought are left out: what is there stays, and the rollups are not told again. That set never shrinks, so a
///    repetition sends the same rows.
/// 2. The rows go in one insert under the batch's token. A repetition of one that was done, in whole or up to some rollup, adds what is missing.
/// 3. Two batches with the same record may each have passed the first step before the other one's rows were there. The raw rows count
///    their copies: where one of the batch's has several, its hour is read from raw rows from now on, until it is rolled up anew.
/// </summary>
internal sealed class BatchAppend(ClickHouseStore store)
{
    public async Task RunAsync(string token, IReadOnlyList<RatedRecord> records, CancellationToken cancellationToken)
    {
        var batch = NumberOf(token);
        var rows = new Dictionary<Guid, UsageRow>(records.Count);
        foreach (var rated in records)
        {
            UsageRow.Check(rated);
            rows.TryAdd(rated.Record.Id, new UsageRow(rated, batch));
        }
        if (rows.Count == 0)
        {
            return;
        }
        foreach (var known in await KnownAsync(rows.Values, batch, cancellationToken))
        {
            rows.Remove(known);
        }
        if (rows.Count > 0)
        {
            await store.InsertOnceAsync("usage", token, rows.Values, cancellationToken);
            await NoteCopiesAsync(rows.Values, batch, cancellationToken);
        }
    }

    /// <summary>What stands for a token where a number must be enough: the same for the same token, and no other's in a ledger's life.</summary>
    public static ulong NumberOf(string token) => BitConverter.ToUInt64(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    private Task<List<Guid>> KnownAsync(Dictionary<Guid, UsageRow>.ValueCollection rows, ulong batch, CancellationToken cancellationToken)
    {
        var ids = new StringBuilder(rows.Count * 40);
        foreach (var row in rows)
        {
            ids.Append(ids.Length > 0 ? ",'" : "'").Append(row.Id).Append('\'');
        }
        return store.ReadAsync(
            $"SELECT DISTINCT id FROM usage AS u PREWHERE {TimesOf(rows).Of("u.ended_us")} WHERE NOT has(batches, {batch}) AND (id IN ({ids}))",
            SqlParameters.None, row => row.GetGuid(0), cancellationToken);
    }

    private async Task NoteCopiesAsync(Dictionary<Guid, UsageRow>.ValueCollection rows, ulong batch, CancellationToken cancellationToken)
    {
        var hour = RollupTables.Floor("u.ended_us", Micros.Hour);
        var hours = await store.ReadAsync(
            $"SELECT {hour} AS hour_us, sum(copies) FROM usage AS u FINAL WHERE {TimesOf(rows).Of("u.ended_us")} AND copies > 1 AND has(batches, {batch}) GROUP BY hour_us",
            SqlParameters.None, row => (row.GetInt64(0), $"copies-{batch}-{row.GetValue(1)}"), cancellationToken);
        if (hours.Count > 0)
        {
            await store.ExecuteAsync(LedgerState.Mark(hours, isCleared: false), cancellationToken);
        }
    }

    /// <summary>From the first to the last record of each hour: a late one does not stretch over all since.</summary>
    private static TimeRanges TimesOf(Dictionary<Guid, UsageRow>.ValueCollection rows)
    {
        var hours = new SortedDictionary<long, (long FromUs, long ToUs)>();
        foreach (var row in rows)
        {
            var hour = Micros.FloorTo(row.EndedUs, Micros.Hour);
            var (from, to) = hours.TryGetValue(hour, out var range) ? range : (row.EndedUs, row.EndedUs + 1);
            hours[hour] = (Math.Min(from, row.EndedUs), Math.Max(to, row.EndedUs + 1));
        }
        return new TimeRanges([.. hours.Values]);
    }
}
