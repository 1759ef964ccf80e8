using Podvirt.Core.Usage;

namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>
/// The ledger's looks at single records. A page first finds where it ends, by keys alone and in their order, so that only what is on it is
/// read and merged, however long the ledger is; adjustments to its records are read beside them.
/// </summary>
internal static class RecordQueries
{
    private const string NothingAhead = "SETTINGS read_in_order_use_buffering = 0";

    public static async Task<RatedRecord?> FindAsync(ClickHouseStore store, Guid id, CancellationToken cancellationToken)
    {
        var rows = await store.ReadAsync(Records($"u.id = toUUID('{id}')"), SqlParameters.None, UsageTable.Read, cancellationToken);
        if (rows.Count == 0)
        {
            return null;
        }
        var at = SqlParameters.Of(Micros.Of(rows[0].Record.EndedAt));
        var adjustments = await AdjustmentsAsync(store, SqlParameters.None, $"a.ended_us = {at} AND a.usage_id = toUUID('{id}')", cancellationToken);
        return Adjusted(rows[0], adjustments);
    }

    /// <summary>Which of these are there, but for what one batch alone brought.</summary>
    /// <param name="store">The server.</param>
    /// <param name="places">Of the records.</param>
    /// <param name="but">That batch's number; null: none.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static Task<List<Guid>> KnownAsync(ClickHouseStore store, IReadOnlyList<RecordPlace> places, ulong? but, CancellationToken cancellationToken)
    {
        // As their bytes: as literals, the server spent more time on reading them than on the whole insert.
        var ids = new byte[places.Count * 16];
        for (var i = 0; i < places.Count; i++)
        {
            NativeColumns.WriteId(ids.AsSpan(i * 16, 16), places[i].Id);
        }
        var others = but is { } batch ? $"NOT has(batches, {batch}) AND " : "";
        return store.ReadAsync(
            $"SELECT DISTINCT id FROM usage AS u PREWHERE {TimeRanges.HoursOf(places).Of("u.ended_us")} WHERE {others}"
            + $"id IN (SELECT id FROM format(RowBinary, 'id UUID', base64Decode('{Convert.ToBase64String(ids)}')))",
            SqlParameters.None, row => row.GetGuid(0), cancellationToken);
    }

    public static Task<List<RatedRecord>> ListAsync(ClickHouseStore store, UsageQuery query, int limit, CancellationToken cancellationToken)
    {
        var toUs = Micros.FirstAt(query.To);
        if (query.After is { } after)
        {
            toUs = Math.Min(toUs, Micros.Of(after.EndedAt) + 1);
        }
        return PageAsync(store, query, (Micros.FirstAt(query.From), toUs), "", isNewestFirst: true, limit, cancellationToken);
    }

    /// <summary>The first records of the query behind a place, oldest first.</summary>
    public static Task<List<RatedRecord>> ReadPartAsync(
        ClickHouseStore store, UsageQuery query, RecordPlace? behind, int limit, CancellationToken cancellationToken)
    {
        var fromUs = Math.Max(Micros.FirstAt(query.From), behind is { } last ? Micros.Of(last.EndedAt) : long.MinValue);
        var condition = behind is { } place
            ? $" AND (u.ended_us > {SqlParameters.Of(Micros.Of(place.EndedAt))} OR toUInt128(u.id) > {UsageConditions.Number(place.Id)})"
            : "";
        return PageAsync(store, query, (fromUs, Micros.FirstAt(query.To)), condition, isNewestFirst: false, limit, cancellationToken);
    }

    /// <param name="store">The server.</param>
    /// <param name="query">Which records.</param>
    /// <param name="time">When they ended, in microseconds, without its end.</param>
    /// <param name="more">What else is asked of them, from its AND on.</param>
    /// <param name="isNewestFirst">Else the oldest come first.</param>
    /// <param name="limit">How many.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    private static async Task<List<RatedRecord>> PageAsync(
        ClickHouseStore store, UsageQuery query, (long FromUs, long ToUs) time, string more, bool isNewestFirst, int limit, CancellationToken cancellationToken)
    {
        // The server stops at so many rows, and at so many different keys it does not. Copies that are not merged yet are rows, too: seldom of many records.
        var rowsMax = limit + (limit / 8) + 1;
        var (page, rowsSeen) = await ReadAsync($"LIMIT {rowsMax}");
        if (page.Count < limit && rowsSeen == rowsMax)
        {
            (page, _) = await ReadAsync($"LIMIT 1 BY u.ended_us, u.id LIMIT {limit}");
        }
        return page;

        async Task<(List<RatedRecord> Page, long RowsSeen)> ReadAsync(string first)
        {
            var (order, last) = isNewestFirst ? ("DESC", "min") : ("ASC", "max");
            var parameters = new SqlParameters();
            var condition = UsageConditions.OfUsage(parameters, query, TimeRanges.Of(time.FromUs, time.ToUs)) + more;
            // What is read ahead would be behind the page's end.
            var (endUs, rows) = (await store.ReadAsync(
                $"SELECT {last}(at), toInt64(count()) FROM (SELECT u.ended_us AS at FROM usage AS u WHERE {condition} ORDER BY u.ended_us {order} {first}) {NothingAhead}",
                parameters, static row => (row.GetInt64(0), row.GetInt64(1)), cancellationToken))[0];
            if (rows == 0)
            {
                return ([], 0);
            }
            var times = isNewestFirst ? TimeRanges.Of(endUs, time.ToUs) : TimeRanges.Of(time.FromUs, endUs + 1);
            var ofAdjustments = new SqlParameters();
            var adjustments = AdjustmentsAsync(store, ofAdjustments, UsageConditions.OfAdjustments(ofAdjustments, query, times), cancellationToken);
            parameters = new SqlParameters();
            var records = store.ReadAsync(
                Records($"{UsageConditions.OfUsage(parameters, query, times)}{more} ORDER BY u.ended_us {order}, toUInt128(u.id) {order} LIMIT {limit} {NothingAhead}"),
                parameters, UsageTable.Read, cancellationToken);
            await Task.WhenAll(adjustments, records);
            var (added, page) = (await adjustments, await records);
            return (page.ConvertAll(r => Adjusted(r, added)), rows);
        }
    }

    /// <summary>Copies of a record are alike, so those not asked for are left out before they are merged: of what is looked through only few columns are read.</summary>
    private static string Records(string condition) => $"SELECT {UsageTable.Columns} FROM usage AS u FINAL PREWHERE {condition}";

    /// <summary>What each record's adjustments come to; none of most.</summary>
    private static async Task<Dictionary<Guid, Cost>> AdjustmentsAsync(
        ClickHouseStore store, SqlParameters parameters, string condition, CancellationToken cancellationToken)
    {
        var rows = await store.ReadAsync(
            $"SELECT a.usage_id, sum(a.cost) FROM adjustment AS a WHERE {condition} GROUP BY a.usage_id",
            parameters, static row => (Id: row.GetGuid(0), Cost: CostValue.ToCost(row.GetValue(1))), cancellationToken);
        return rows.ToDictionary(static r => r.Id, static r => r.Cost);
    }

    private static RatedRecord Adjusted(RatedRecord record, Dictionary<Guid, Cost> adjustments) =>
        adjustments.TryGetValue(record.Record.Id, out var cost) ? record with { Adjustment = cost } : record;
}
