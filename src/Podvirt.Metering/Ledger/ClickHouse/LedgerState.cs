using Podvirt.Core.Projects;

namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>What a read must know of the ledger beforehand.</summary>
/// <param name="MinutesFromUs">Start of the first minute whose rollups were not removed.</param>
/// <param name="RawFrom">The first month whose raw rows were not removed; null: none were.</param>
/// <param name="StaleHours">Starts of the hours that must be read from the raw rows, in order.</param>
internal sealed record LedgerState(long MinutesFromUs, UtcMonth? RawFrom, IReadOnlyList<long> StaleHours)
{
    public const string MinutesFromMark = "minutes_from_us";

    public const string RawFromMark = "raw_from_month";

    private const string Sql =
        """
        SELECT name, max(value) AS value FROM ledger_mark GROUP BY name
        UNION ALL SELECT DISTINCT '', hour_us FROM stale_hour FINAL WHERE is_cleared = 0
        """;

    public static async Task<LedgerState> ReadAsync(ClickHouseStore store, CancellationToken cancellationToken)
    {
        var rows = await store.ReadAsync(Sql, SqlParameters.None, row => (Name: row.GetString(0), Value: row.GetInt64(1)), cancellationToken);
        long? Mark(string name) => rows.Where(r => r.Name == name).Select(r => (long?)r.Value).FirstOrDefault();
        return new LedgerState(
            Mark(MinutesFromMark) ?? long.MinValue,
            Mark(RawFromMark) is { } month ? new UtcMonth((int)month) : null,
            [.. rows.Where(r => r.Name.Length == 0).Select(r => r.Value).Order()]);
    }

    /// <summary>Raises a mark. It never goes back.</summary>
    public static string Raise(string mark, long value) => $"INSERT INTO ledger_mark (name, value) SELECT '{mark}', {SqlParameters.Of(value)}";

    /// <summary>A condition that leaves out the rollup rows of stale hours.</summary>
    public string NotStale(string bucket) => StaleHours.Count == 0
        ? ""
        : $" AND {RollupTables.Floor(bucket, Micros.Hour)} NOT IN ({string.Join(", ", StaleHours.Select(SqlParameters.Of))})";

    /// <summary>Marks hours as stale for a reason, or clears them of it.</summary>
    public static string Mark(IEnumerable<(long HourUs, string Reason)> hours, bool isCleared) =>
        "INSERT INTO stale_hour (hour_us, reason, is_cleared) VALUES " + string.Join(", ", hours.Select(h => $"({h.HourUs}, '{h.Reason}', {(isCleared ? 1 : 0)})"));
}
