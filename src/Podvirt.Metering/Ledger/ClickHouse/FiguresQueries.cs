using Podvirt.Core.Usage;

namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>
/// What dashboards show, from rollups: minutes up to the first whole hour, hours, and the minutes after the last one; of stale hours
/// from raw rows. The server sums each group up, so a day is a row for each group or step.
/// </summary>
internal static class FiguresQueries
{
    public static async Task<FiguresReport> FiguresAsync(ClickHouseStore store, FiguresQuery query, FiguresGroup group, CancellationToken cancellationToken)
    {
        var (fromUs, toUs) = Bounds(query, Micros.Minute);
        var firstHour = Math.Min(toUs, Micros.FloorTo(fromUs + Micros.Hour - 1, Micros.Hour));
        var endHour = Math.Max(firstHour, Micros.FloorTo(toUs, Micros.Hour));
        var rows = await ReadAsync(
            store, query, group, null, TimeRanges.Of(fromUs, firstHour).And(TimeRanges.Of(endHour, toUs)), TimeRanges.Of(firstHour, endHour), cancellationToken);
        return new FiguresReport(
            (rows.Find(r => r.IsTotal)?.Sum ?? new FiguresSum()).ToFigures(),
            [.. rows.Where(r => !r.IsTotal).Select(r => new FiguresRow(r.Model, r.Revision, Micros.ToTime(r.AtUs), r.Sum.ToFigures()))]);
    }

    public static async Task<List<FiguresPoint>> SeriesAsync(
        ClickHouseStore store, FiguresQuery query, FiguresStep step, FiguresGroup group, CancellationToken cancellationToken)
    {
        var length = step == FiguresStep.Hour ? Micros.Hour : Micros.Minute;
        var (fromUs, toUs) = Bounds(query, length);
        var (range, none) = (TimeRanges.Of(fromUs, toUs), TimeRanges.Of(0, 0));
        var rows = await ReadAsync(
            store, query, group, RollupTables.Floor("p.bucket_us", length), step == FiguresStep.Hour ? none : range, step == FiguresStep.Hour ? range : none, cancellationToken);
        return [.. rows.Select(r => new FiguresPoint(Micros.ToTime(r.AtUs), r.Model, r.Revision, r.Sum.ToFigures()))];
    }

    /// <param name="step">Where a row's step of time begins; null: there are no steps, and a row that says the total.</param>
    private static async Task<List<Row>> ReadAsync(
        ClickHouseStore store, FiguresQuery query, FiguresGroup group, string? step, TimeRanges minutes, TimeRanges hours, CancellationToken cancellationToken)
    {
        var state = await LedgerState.ReadAsync(store, cancellationToken);
        Check(minutes, state.MinutesFromUs);
        var parameters = new SqlParameters();
        var names = new UsageQuery(default, default, query.Model, Project: query.Project);
        var parts = new List<string>();
        foreach (var (table, ranges) in ((string, TimeRanges)[])[("minute", minutes), ("hour", hours)])
        {
            if (!ranges.IsEmpty)
            {
                parts.Add(
                    $"SELECT r.bucket_us AS bucket_us, toString(r.model) AS model, r.revision AS revision, {Columns("r")} "
                    + $"FROM {table}_by_{(query.Project is null ? "model" : "project")} AS r WHERE {ranges.Of("r.bucket_us")}"
                    + state.NotStale("r.bucket_us") + UsageConditions.Names("r", parameters, names));
            }
        }
        var raw = minutes.And(hours).Within(state.StaleHours);
        if (!raw.IsEmpty)
        {
            parts.Add(Of(RollupTables.OfUsage(Micros.Minute, $"usage AS u FINAL WHERE {UsageConditions.OfUsage(parameters, names, raw)}")));
            parts.Add(Of(RollupTables.OfAdjustments(Micros.Minute, $"adjustment AS a WHERE {UsageConditions.OfAdjustments(parameters, names, raw)}")));
        }
        if (parts.Count == 0)
        {
            return [];
        }
        var key = group switch
        {
            FiguresGroup.None => "'' AS of_model, toInt32(0) AS of_revision",
            FiguresGroup.Model => "p.model AS of_model, toInt32(0) AS of_revision",
            _ => "p.model AS of_model, p.revision AS of_revision",
        };
        var from = $"({string.Join(" UNION ALL ", parts)}) AS p";
        var sql = (step, group) switch
        {
            ({ } at, _) => $"SELECT {at} AS at, {key}, toUInt8(0) AS is_total, {RollupTables.Figures("p")} FROM {from} "
                + "GROUP BY at, of_model, of_revision ORDER BY at, of_model, of_revision",
            (null, FiguresGroup.None) => $"SELECT min(p.bucket_us) AS at, '' AS of_model, toInt32(0) AS of_revision, toUInt8(1) AS is_total, {RollupTables.Figures("p")} FROM {from}",
            // The groups come first, and the total from them: most of a histogram is merged once.
            _ => $"SELECT min(g.at) AS at, g.of_model, g.of_revision, toUInt8(grouping(g.of_model, g.of_revision) > 0) AS is_total, {RollupTables.Figures("g")} "
                + $"FROM (SELECT min(p.bucket_us) AS at, {key}, {RollupTables.Totals("p")} FROM {from} GROUP BY of_model, of_revision) AS g "
                + "GROUP BY GROUPING SETS ((g.of_model, g.of_revision), ()) ORDER BY is_total, g.of_model, g.of_revision",
        };
        return await store.ReadAsync(
            sql, parameters, row => new Row(row.GetInt64(0), row.GetString(1), row.GetInt32(2), row.GetByte(3) != 0, FiguresSum.Read(row, 4)), cancellationToken);
    }

    private static string Of(string rows) => $"SELECT s.bucket_us, toString(s.model), s.revision, {Columns("s")} FROM ({rows}) AS s";

    private static string Columns(string table) =>
        string.Join(", ", RollupTables.Sums.Select(s => s.Name).Concat(RollupTables.Histograms.Select(h => h.Name)).Select(c => $"{table}.{c} AS {c}"));

    private static void Check(TimeRanges minutes, long minutesFromUs)
    {
        if (minutes.All.Any(r => r.FromUs < minutesFromUs))
        {
            throw new ArgumentException(
                $"The minutes before {Micros.ToTime(minutesFromUs):yyyy-MM-dd HH:mm}Z were removed; from there back there are whole hours only.", nameof(minutes));
        }
    }

    private static (long FromUs, long ToUs) Bounds(FiguresQuery query, long length) =>
        IsAt(query.From, length) && IsAt(query.To, length)
            ? (Micros.Of(query.From), Micros.Of(query.To))
            : throw new ArgumentException(
                $"The bounds {query.From:O} and {query.To:O} do not stand at the beginning of a {(length == Micros.Hour ? "UTC hour" : "minute")}.", nameof(query));

    private static bool IsAt(DateTimeOffset bound, long length) => bound.UtcTicks % (length * TimeSpan.TicksPerMicrosecond) == 0;

    private sealed record Row(long AtUs, string Model, int Revision, bool IsTotal, FiguresSum Sum);
}
