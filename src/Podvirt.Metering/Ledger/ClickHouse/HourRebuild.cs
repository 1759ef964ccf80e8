namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>
/// Rolls stale hours up anew from their raw rows, by one process at a time.
/// 1. An hour that still gets records waits: an insert under way is between its raw rows and their rollups, and could be counted twice.
/// 2. Its rollups go, and come back from the raw rows; everybody reads the raw rows meanwhile.
/// 3. It is cleared of the reasons that were known at the beginning, if it got nothing since and says what the raw rows say. Else it
///    stays stale, for the next attempt.
/// </summary>
internal sealed class HourRebuild(ClickHouseStore store, TimeSpan quiet, TimeProvider time)
{
    private static readonly string[] s_tables = ["minute_by_project", "hour_by_project", "minute_by_model", "hour_by_model", "hour_by_key"];

    private static readonly string s_columns = string.Join(", ", RollupTables.Columns.Prepend("bucket_us, project, model, revision"));

    /// <summary>Returns how many hours were cleared.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var reasons = await store.ReadAsync(
            "SELECT hour_us, reason FROM stale_hour FINAL WHERE is_cleared = 0 ORDER BY hour_us", SqlParameters.None,
            row => (HourUs: row.GetInt64(0), Reason: row.GetString(1)), cancellationToken);
        var cleared = 0;
        foreach (var hour in reasons.GroupBy(r => r.HourUs))
        {
            if (await RebuildAsync(hour.Key, cancellationToken))
            {
                await store.ExecuteAsync(LedgerState.Mark(hour, isCleared: true), cancellationToken);
                cleared++;
            }
        }
        return cleared;
    }

    private async Task<bool> RebuildAsync(long hourUs, CancellationToken cancellationToken)
    {
        if (!await IsQuietAsync(hourUs, cancellationToken))
        {
            return false;
        }
        var hour = TimeRanges.Of(hourUs, hourUs + Micros.Hour);
        foreach (var table in s_tables)
        {
            await store.ExecuteAsync($"DELETE FROM {table} WHERE {hour.Of("bucket_us")}", cancellationToken);
        }
        // A token of its own: what was rolled up before must not be taken for this.
        var token = $"rebuild-{hourUs}-{Guid.CreateVersion7(time.GetUtcNow()):N}";
        await InsertAsync("minute_by_project", token + "-usage", RollupTables.OfUsage(Micros.Minute, $"usage AS u FINAL WHERE {hour.Of("u.ended_us")}"), cancellationToken);
        await InsertAsync("minute_by_project", token + "-adjustment", RollupTables.OfAdjustments(Micros.Minute, $"adjustment AS a WHERE {hour.Of("a.ended_us")}"), cancellationToken);
        await InsertAsync("hour_by_key", token + "-key", RollupTables.KeysOf($"usage AS u FINAL WHERE {hour.Of("u.ended_us")}"), cancellationToken);
        return await IsQuietAsync(hourUs, cancellationToken) && await AgreesAsync(hour, cancellationToken);
    }

    private Task InsertAsync(string table, string token, string select, CancellationToken cancellationToken) => store.ExecuteOnceAsync(
        token, $"INSERT INTO {table} ({(table == "hour_by_key" ? "bucket_us, project, key, model, tokens, video_us, cost" : s_columns)}) {select}",
        SqlParameters.None, cancellationToken);

    private async Task<bool> IsQuietAsync(long hourUs, CancellationToken cancellationToken)
    {
        var rows = await store.ReadAsync(
            $"SELECT count() FROM usage WHERE {TimeRanges.Of(hourUs, hourUs + Micros.Hour).Of("ended_us")} AND appended_at >= now('UTC') - {(long)Math.Ceiling(quiet.TotalSeconds)}",
            SqlParameters.None, row => Convert.ToUInt64(row.GetValue(0), null), cancellationToken);
        return rows[0] == 0 || quiet == TimeSpan.Zero;
    }

    private async Task<bool> AgreesAsync(TimeRanges hour, CancellationToken cancellationToken)
    {
        const string requests = "sum(requests), sum(cost)";
        var rows = await store.ReadAsync(
            $"""
            SELECT toString(tuple({requests})) FROM hour_by_project WHERE {hour.Of("bucket_us")}
            UNION ALL SELECT toString(tuple({requests})) FROM hour_by_model WHERE {hour.Of("bucket_us")}
            UNION ALL SELECT toString(tuple(toInt64(count()), sum(cost) + (SELECT sum(cost) FROM adjustment WHERE {hour.Of("ended_us")}))) FROM usage FINAL WHERE {hour.Of("ended_us")}
            """,
            SqlParameters.None, row => row.GetString(0), cancellationToken);
        return rows.Distinct(StringComparer.Ordinal).Count() == 1;
    }
}
