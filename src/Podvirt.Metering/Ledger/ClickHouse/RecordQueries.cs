using ClickHouse.Driver.ADO.Readers;

namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>
/// The ledger's looks at single records. A page first finds where it ends, by keys alone and in their order, so that only what is on it is
/// read and merged, however long the ledger is.
/// </summary>
internal static class RecordQueries
{
    public static async Task<RatedRecord?> FindAsync(ClickHouseStore store, Guid id, CancellationToken cancellationToken)
    {
        var rows = await store.ReadAsync(
            Select($"u.id = toUUID('{id}')", $"usage_id = toUUID('{id}')"), SqlParameters.None, UsageTable.Read, cancellationToken);
        return rows.Count > 0 ? rows[0] : null;
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
        var parameters = new SqlParameters();
        var condition = UsageConditions.OfUsage(parameters, query, TimeRanges.Of(Micros.FirstAt(query.From), Micros.FirstAt(query.To)));
        return PageAsync(store, parameters, condition, "DESC", limit, cancellationToken);
    }

    /// <summary>The first records of the query behind a place, oldest first.</summary>
    public static Task<List<RatedRecord>> ReadPartAsync(
        ClickHouseStore store, UsageQuery query, RecordPlace? behind, int limit, CancellationToken cancellationToken)
    {
        var parameters = new SqlParameters();
        var fromUs = Math.Max(Micros.FirstAt(query.From), behind is { } last ? Micros.Of(last.EndedAt) : long.MinValue);
        var condition = UsageConditions.OfUsage(parameters, query, TimeRanges.Of(fromUs, Micros.FirstAt(query.To)));
        if (behind is { } place)
        {
            condition += $" AND (u.ended_us > {SqlParameters.Of(Micros.Of(place.EndedAt))} OR toUInt128(u.id) > {UsageConditions.Number(place.Id)})";
        }
        return PageAsync(store, parameters, condition, "ASC", limit, cancellationToken);
    }

    private static async Task<List<RatedRecord>> PageAsync(
        ClickHouseStore store, SqlParameters parameters, string condition, string order, int limit, CancellationToken cancellationToken)
    {
        // The server stops at so many rows, and at so many different keys it does not. Copies that are not merged yet are rows, too: seldom of many records.
        var rowsMax = limit + (limit / 8) + 1;
        var page = await store.ReadAsync(Sql(condition, order, $"LIMIT {rowsMax}", limit), parameters, Row, cancellationToken);
        if (page.Count > 0 && page.Count < limit && page[0].RowsSeen == rowsMax)
        {
            page = await store.ReadAsync(Sql(condition, order, $"LIMIT 1 BY u.ended_us, u.id LIMIT {limit}", limit), parameters, Row, cancellationToken);
        }
        return page.ConvertAll(r => r.Record);
    }

    private static (RatedRecord Record, long RowsSeen) Row(ClickHouseDataReader row) => (UsageTable.Read(row), row.GetInt64(UsageTable.Count));

    /// <param name="condition">Which records.</param>
    /// <param name="order">By the moment of their end, then by id.</param>
    /// <param name="first">Which keys are looked at, to find where the page ends.</param>
    /// <param name="limit">How many records.</param>
    private static string Sql(string condition, string order, string first, int limit)
    {
        var (last, within) = order == "DESC" ? ("min", ">=") : ("max", "<=");
        var page = $"(SELECT ({last}(at), toInt64(count())) FROM (SELECT u.ended_us AS at FROM usage AS u WHERE {condition} ORDER BY u.ended_us {order} {first}))";
        var sorted = $" ORDER BY u.ended_us {order}, toUInt128(u.id) {order}";
        // What is read ahead here would be behind the page's end.
        return $"WITH {page} AS page " + Select($"{condition} AND u.ended_us {within} page.1{sorted} LIMIT {limit}", $"ended_us {within} page.1", ", page.2")
            + sorted + " SETTINGS read_in_order_use_buffering = 0";
    }

    /// <summary>
    /// Of what is looked through only the columns that are asked about are read: copies of a record are alike, so they may be left out before they are
    /// merged. Adjustments are looked up for the records that are returned.
    /// </summary>
    private static string Select(string records, string adjustments, string more = "") =>
        $"SELECT u.*, a.adjusted{more} FROM (SELECT {UsageTable.Columns} FROM usage AS u FINAL PREWHERE {records}) AS u "
        + $"LEFT JOIN (SELECT usage_id, sum(cost) AS adjusted FROM adjustment WHERE {adjustments} GROUP BY usage_id) AS a ON a.usage_id = u.id";
}
