namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>What a read must know of the rollups before it uses them.</summary>
/// <param name="MinutesFromUs">Start of the first minute that was not removed.</param>
/// <param name="StaleHours">Starts of the hours that must be read from the raw rows, in order.</param>
internal sealed record LedgerState(long MinutesFromUs, IReadOnlyList<long> StaleHours)
{
    public const string MinutesFrom = "minutes_from_us";

    private const string Sql =
        $"""
        SELECT 0 AS is_hour, max(value) AS value FROM ledger_mark WHERE name = '{MinutesFrom}' HAVING count() > 0
        UNION ALL SELECT 1, hour_us FROM stale_hour FINAL WHERE is_stale = 1
        """;

    public static async Task<LedgerState> ReadAsync(ClickHouseStore store, CancellationToken cancellationToken)
    {
        var rows = await store.ReadAsync(Sql, SqlParameters.None, row => (IsHour: row.GetByte(0) == 1, Value: row.GetInt64(1)), cancellationToken);
        return new LedgerState(
            rows.Where(r => !r.IsHour).Select(r => r.Value).DefaultIfEmpty(long.MinValue).Max(), [.. rows.Where(r => r.IsHour).Select(r => r.Value).Order()]);
    }

    /// <summary>A condition that leaves out the rollup rows of stale hours.</summary>
    public string NotStale(string bucket) => StaleHours.Count == 0
        ? ""
        : $" AND {RollupTables.Floor(bucket, Micros.Hour)} NOT IN ({string.Join(", ", StaleHours.Select(SqlParameters.Of))})";

    public static string Mark(bool isStale, IEnumerable<long> hours, long nowUs) =>
        "INSERT INTO stale_hour (hour_us, is_stale, changed_us) VALUES "
        + string.Join(", ", hours.Select(h => $"({h}, {(isStale ? 1 : 0)}, {nowUs})"));
}
