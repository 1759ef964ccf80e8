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
        var rows = await ReadAsync(store, query, group, length, step == FiguresStep.Hour ? none : range, step == FiguresStep.Hour ? range : none, cancellationToken);
        return [.. rows.Select(r => new FiguresPoint(Micros.ToTime(r.AtUs), r.Model, r.Revision, r.Sum.ToFigures()))];
    }

    /// <param name="stepUs">How long a row's step of time is; null: there are no steps, and a row that says the total.</param>
    private static async Task<List<Row>> ReadAsync(
        ClickHouseStore store, FiguresQuery query, FiguresGroup group, long? stepUs, TimeRanges minutes, TimeRanges hours, CancellationToken cancellationToken)
    {
        var state = await LedgerState.ReadAsync(store, cancellationToken);
        Check(minutes, state.MinutesFromUs);
        var parameters = new SqlParameters();
        var names = new UsageQuery(default, default, query.Model, Project: query.Project);
        var tables = new List<string>();
        foreach (var (table, ranges) in ((string, TimeRanges)[])[("minute", minutes), ("hour", hours)])
        {
            if (!ranges.IsEmpty)
            {
                tables.Add(
                    $"{table}_by_{(query.Project is null ? "model" : "project")} AS p WHERE {RollupTables.Within(table, "p.bucket_us", ranges)}"
                    + state.NotStale("p.bucket_us") + UsageConditions.Names("p", parameters, names));
            }
        }
        var raw = minutes.And(hours).Within(state.StaleHours);
        var rows = new List<string>();
        if (!raw.IsEmpty)
        {
            var lengthUs = stepUs ?? Micros.Minute;
            rows.Add(RollupTables.OfUsage(lengthUs, $"usage AS u FINAL WHERE {UsageConditions.OfUsage(parameters, names, raw)}"));
            rows.Add(RollupTables.OfAdjustments(lengthUs, $"adjustment AS a WHERE {UsageConditions.OfAdjustments(parameters, names, raw)}"));
        }
        if (tables.Count == 0)
        {
            return [];
        }
        // Every column of every level costs the server time before it reads anything.
        var from = tables.Count == 1 && rows.Count == 0
            ? tables[0]
            : $"({string.Join(" UNION ALL ", tables.Select(t => $"SELECT {Columns("p.model")} FROM {t}").Concat(rows.Select(r => $"SELECT {Columns("toString(p.model)")} FROM ({r}) AS p")))}) AS p";
        string[] keys = group switch
        {
            FiguresGroup.None => [],
            FiguresGroup.Model => ["p.model"],
            _ => ["p.model", "p.revision"],
        };
        var (model, revision) = (keys.Length > 0 ? keys[0] : "''", keys.Length > 1 ? keys[1] : "toInt32(0)");
        // The total comes from the groups' states, so that each row is read and merged once. A model's revisions together are on the way there.
        var (at, isTotal, groups) = (stepUs, keys.Length) switch
        {
            ({ }, _) => ("p.bucket_us", "0", $" GROUP BY {string.Join(", ", keys.Prepend("at"))}"),
            (null, 0) => ("min(p.bucket_us)", "1", ""),
            _ => ("min(p.bucket_us)", "grouping(p.model)", $" GROUP BY ROLLUP({string.Join(", ", keys)}) HAVING grouping(p.model) = grouping({keys[^1]})"),
        };
        return await store.ReadAsync(
            $"SELECT {at} AS at, {model} AS of_model, {revision} AS of_revision, toUInt8({isTotal}), {RollupTables.Figures("p")} FROM {from}{groups} "
            + $"ORDER BY {(stepUs is null ? "" : "at, ")}of_model, of_revision",
            parameters, row => new Row(row.GetInt64(0), row.GetString(1), row.GetInt32(2), row.GetByte(3) != 0, FiguresSum.Read(row, 4)), cancellationToken);
    }

    private static string Columns(string model) =>
        $"p.bucket_us AS bucket_us, {model} AS model, p.revision AS revision, "
        + string.Join(", ", RollupTables.Columns.Select(c => $"p.{c} AS {c}"));

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
