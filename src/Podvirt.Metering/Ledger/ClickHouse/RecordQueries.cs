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
            Select($"id = toUUID('{id}')", $"usage_id = toUUID('{id}')"), SqlParameters.None, UsageTable.Read, cancellationToken);
        return rows.Count > 0 ? rows[0] : null;
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

    private static Task<List<RatedRecord>> PageAsync(
        ClickHouseStore store, SqlParameters parameters, string condition, string order, int limit, CancellationToken cancellationToken)
    {
        var isDown = order == "DESC";
        var end =
            $"(SELECT {(isDown ? "min" : "max")}(at) FROM (SELECT u.ended_us AS at FROM usage AS u WHERE {condition} "
            + $"ORDER BY u.ended_us {order} LIMIT 1 BY u.ended_us, u.id LIMIT {limit}))";
        var sql = $"WITH {end} AS page_end "
            + Select($"{condition} AND u.ended_us {(isDown ? ">=" : "<=")} page_end", "ended_us " + (isDown ? ">=" : "<=") + " page_end")
            + $" ORDER BY u.ended_us {order}, toUInt128(u.id) {order} LIMIT {limit}";
        return store.ReadAsync(sql, parameters, UsageTable.Read, cancellationToken);
    }

    private static string Select(string condition, string adjustments) =>
        $"SELECT {UsageTable.Columns} FROM usage AS u FINAL "
        + $"LEFT JOIN (SELECT usage_id, sum(cost) AS adjusted FROM adjustment WHERE {adjustments} GROUP BY usage_id) AS a ON a.usage_id = u.id "
        + $"WHERE {condition}";
}
