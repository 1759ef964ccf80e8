using System.Globalization;

namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>
/// Compares rollups with the raw rows, some days at a time: minutes that were kept, hours, and hours by key. The server compares; only what
/// differs comes here. Stale hours are read from raw rows by everybody, so their rollups say nothing yet.
/// </summary>
internal static class LedgerReconciliation
{
    /// <summary>Records of one part, where it is more than a day: some hundred MiB on the server.</summary>
    private const int RecordsMax = 1_000_000;

    /// <summary>Null: nothing is left from the moment on.</summary>
    public static async Task<ComparedDays?> CompareNextAsync(ClickHouseStore store, long fromUs, CancellationToken cancellationToken)
    {
        var state = await LedgerState.ReadAsync(store, cancellationToken);
        // Where raw rows were removed there is nothing to compare the rollups with.
        var from = SqlParameters.Of(state.RawFrom is { } rawFrom ? Math.Max(fromUs, Micros.Of(rawFrom.Start)) : fromUs);
        string[] rollups = ["hour_by_project", "hour_by_model", "hour_by_key", "minute_by_project", "minute_by_model"];
        var firsts = rollups.Select(t => $"SELECT min(bucket_us) AS at, count() AS found FROM {t} WHERE bucket_us >= {from}")
            .Prepend($"SELECT min(ended_us) AS at, count() AS found FROM usage WHERE ended_us >= {from}");
        var first = await store.ReadAsync(
            $"SELECT at FROM ({string.Join(" UNION ALL ", firsts)}) WHERE found > 0 ORDER BY at LIMIT 1", SqlParameters.None, row => row.GetInt64(0), cancellationToken);
        if (first.Count == 0)
        {
            return null;
        }
        var startUs = Micros.FloorTo(first[0], Micros.Day);
        var beyond = await store.ReadAsync(
            $"SELECT ended_us FROM usage WHERE ended_us >= {from} ORDER BY ended_us LIMIT 1 OFFSET {RecordsMax}", SqlParameters.None, row => row.GetInt64(0), cancellationToken);
        var endUs = beyond.Count > 0 ? Math.Max(Micros.FloorTo(beyond[0], Micros.Day), startUs + Micros.Day) : long.MaxValue;
        var days = TimeRanges.Of(startUs, endUs);
        var kept = TimeRanges.Of(Math.Max(startUs, state.MinutesFromUs), endUs);
        var differences = new List<string>();
        foreach (var (prefix, length, times) in ((string, long, TimeRanges)[])[("hour", Micros.Hour, days), ("minute", Micros.Minute, kept)])
        {
            var raw = $"SELECT * FROM ({RollupTables.OfUsage(length, $"usage AS u FINAL WHERE {times.Of("u.ended_us")}{state.NotStale("u.ended_us")}")}) "
                + $"UNION ALL SELECT * FROM ({RollupTables.OfAdjustments(length, $"adjustment AS a WHERE {times.Of("a.ended_us")}{state.NotStale("a.ended_us")}")})";
            foreach (var (table, project) in ((string, string)[])[($"{prefix}_by_project", "toString(p.project)"), ($"{prefix}_by_model", "''")])
            {
                var rollup = $"SELECT * FROM {table} WHERE {times.Of("bucket_us")}{state.NotStale("bucket_us")}";
                differences.AddRange(await CompareAsync(store, table, Said(rollup, project), Said(raw, project), cancellationToken));
            }
        }
        differences.AddRange(await CompareAsync(
            store, "hour_by_key",
            KeySaid($"SELECT * FROM hour_by_key WHERE {days.Of("bucket_us")}{state.NotStale("bucket_us")}"),
            KeySaid(RollupTables.KeysOf($"usage AS u FINAL WHERE {days.Of("u.ended_us")}{state.NotStale("u.ended_us")}")),
            cancellationToken));
        var records = await store.ReadAsync(
            $"SELECT toInt64(count()) FROM usage FINAL WHERE {days.Of("ended_us")}", SqlParameters.None, row => row.GetInt64(0), cancellationToken);
        return new ComparedDays(startUs, endUs, records[0], differences);
    }

    /// <summary>A line for each group that does not say the same in both.</summary>
    private static Task<List<string>> CompareAsync(ClickHouseStore store, string table, string rollup, string raw, CancellationToken cancellationToken) => store.ReadAsync(
        $"""
        SELECT bucket_us, name, maxIf(said, origin = 1), maxIf(said, origin = 2)
        FROM (SELECT 1 AS origin, * FROM ({rollup}) UNION ALL SELECT 2 AS origin, * FROM ({raw}))
        GROUP BY bucket_us, name HAVING count() <> 2 OR min(said) <> max(said) ORDER BY bucket_us, name
        """,
        SqlParameters.None,
        row => string.Create(
            CultureInfo.InvariantCulture,
            $"{table} {Micros.ToTime(row.GetInt64(0)):yyyy-MM-dd'T'HH:mm:ss'Z'} {row.GetString(1)}: {Shown(row.GetString(2))} in the rollup, {Shown(row.GetString(3))} in the raw records"),
        cancellationToken);

    private static string Shown(string said) => said.Length == 0 ? "nothing" : said;

    private static string Said(string rows, string project) =>
        $"SELECT p.bucket_us AS bucket_us, concat({project}, ' ', p.model, '@', toString(p.revision)) AS name, {RollupTables.Said("p")} AS said "
        + $"FROM ({rows}) AS p GROUP BY bucket_us, name";

    private static string KeySaid(string rows) =>
        "SELECT p.bucket_us AS bucket_us, concat(p.project, ' ', p.key, ' ', p.model) AS name, toString(tuple(sum(p.tokens), sum(p.video_us), sum(p.cost))) AS said "
        + $"FROM ({rows}) AS p GROUP BY bucket_us, name";
}

/// <summary>Days that were compared.</summary>
/// <param name="StartUs">Their first microsecond.</param>
/// <param name="EndUs">The one behind them.</param>
internal sealed record ComparedDays(long StartUs, long EndUs, long Records, IReadOnlyList<string> Differences);
