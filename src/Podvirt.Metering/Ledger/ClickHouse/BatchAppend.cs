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
        var rows = new List<RatedRecord>(records.Count);
        var ids = new HashSet<Guid>(records.Count);
        foreach (var rated in records)
        {
            CostValue.Check(rated);
            if (ids.Add(rated.Record.Id))
            {
                rows.Add(rated);
            }
        }
        if (rows.Count == 0)
        {
            return;
        }
        var places = rows.ConvertAll(static r => RecordPlace.Of(r.Record));
        var known = (await RecordQueries.KnownAsync(store, places, but: batch, cancellationToken)).ToHashSet();
        if (known.Count > 0)
        {
            rows.RemoveAll(r => known.Contains(r.Record.Id));
        }
        if (rows.Count > 0)
        {
            await store.InsertOnceAsync("usage", token, UsageBlock.Columns, UsageBlock.Of(rows, batch), cancellationToken);
            await NoteCopiesAsync(TimeRanges.HoursOf(places), batch, cancellationToken);
        }
    }

    /// <summary>What stands for a token where a number must be enough: the same for the same token, and no other's in a ledger's life.</summary>
    public static ulong NumberOf(string token) => BitConverter.ToUInt64(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    private async Task NoteCopiesAsync(TimeRanges times, ulong batch, CancellationToken cancellationToken)
    {
        var hour = RollupTables.Floor("u.ended_us", Micros.Hour);
        var hours = await store.ReadAsync(
            $"SELECT {hour} AS hour_us, sum(copies) FROM usage AS u FINAL WHERE {times.Of("u.ended_us")} AND copies > 1 AND has(batches, {batch}) GROUP BY hour_us",
            SqlParameters.None, row => (row.GetInt64(0), $"copies-{batch}-{row.GetValue(1)}"), cancellationToken);
        if (hours.Count > 0)
        {
            await store.ExecuteAsync(LedgerState.Mark(hours, isCleared: false), cancellationToken);
        }
    }
}
