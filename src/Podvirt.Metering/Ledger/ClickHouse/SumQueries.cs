using System.Globalization;
using Podvirt.Core.Usage;

namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>
/// Exact sums: whole hours from the rollups where these know the group and the filters, the rest from raw rows and adjustments, in
/// one statement.
/// </summary>
internal static class SumQueries
{
    private static readonly string s_raw =
        $"[{string.Join(", ", RollupTables.Counts.Take(RollupTables.BilledCounts).Select(c => c.Raw))}] AS counts, sum(u.cost) AS cost";

    private static readonly string s_adjusted = $"arrayWithConstant({RollupTables.BilledCounts}, toInt64(0)) AS counts, sum(a.cost) AS cost";

    private static readonly string s_rolled = $"{RollupTables.CountsOf("r")} AS counts, sum(r.cost) AS cost";

    public static async Task<List<UsageSum>> RunAsync(ClickHouseStore store, UsageQuery query, UsageGroup group, CancellationToken cancellationToken)
    {
        // A place has no meaning in a sum.
        query = query with { After = null };
        var state = await LedgerState.ReadAsync(store, cancellationToken);
        var (fromUs, toUs) = (Micros.FirstAt(query.From), Micros.FirstAt(query.To));
        var hours = IsQuick(query, group) ? WholeHours(fromUs, toUs) : default;
        var raw = hours.FromUs < hours.ToUs
            ? TimeRanges.Of(fromUs, hours.FromUs).And(TimeRanges.Of(hours.ToUs, toUs)).And(TimeRanges.Of(hours.FromUs, hours.ToUs).Within(state.StaleHours))
            : TimeRanges.Of(fromUs, toUs);
        var parameters = new SqlParameters();
        var parts = new List<string>();
        if (!raw.IsEmpty)
        {
            parts.Add($"SELECT {Group(group, "u", "u.ended_us")}, {s_raw} FROM usage AS u FINAL WHERE {UsageConditions.OfUsage(parameters, query, raw)} GROUP BY name, number");
            parts.Add($"SELECT {Group(group, "a", "a.ended_us")}, {s_adjusted} FROM adjustment AS a WHERE {UsageConditions.OfAdjustments(parameters, query, raw)} GROUP BY name, number");
        }
        if (hours.FromUs < hours.ToUs)
        {
            var table = query.Project is not null || group == UsageGroup.Project ? "hour_by_project" : "hour_by_model";
            parts.Add(
                $"SELECT {Group(group, "r", "r.bucket_us")}, {s_rolled} FROM {table} AS r WHERE {RollupTables.Within("hour", "r.bucket_us", TimeRanges.Of(hours.FromUs, hours.ToUs))}"
                + $"{state.NotStale("r.bucket_us")}{UsageConditions.Names("r", parameters, query)} GROUP BY name, number");
        }
        if (parts.Count == 0)
        {
            return [];
        }
        // A group of adjustments alone cannot be: what they adjust is in the same time.
        var sql = $"SELECT p.name, p.number, sumForEach(p.counts), sum(p.cost) FROM ({string.Join(" UNION ALL ", parts)}) AS p GROUP BY p.name, p.number ORDER BY p.name, p.number";
        return await store.ReadAsync(
            sql, parameters,
            row =>
            {
                var at = (long[])row.GetValue(2);
                return new UsageSum(
                    NameOf(group, row.GetString(0), row.GetInt64(1)), at[0] + at[1] + at[2] + at[3], at[0], at[1], at[2], at[3], at[4],
                    new TokenCounts(at[6], at[7], at[8], at[9]), CostValue.ToCost(row.GetValue(3)), at[10], at[11])
                {
                    Quarantined = at[5],
                };
            },
            cancellationToken);
    }

    private static bool IsQuick(UsageQuery query, UsageGroup group) =>
        query is { Key: null, Outcome: null, Source: null } && group is not (UsageGroup.Key or UsageGroup.Outcome);

    private static (long FromUs, long ToUs) WholeHours(long fromUs, long toUs)
    {
        var first = Micros.FloorTo(fromUs, Micros.Hour);
        return (first == fromUs ? first : first + Micros.Hour, Micros.FloorTo(toUs, Micros.Hour));
    }

    /// <summary>A name and a number: together they tell groups apart and order them.</summary>
    private static string Group(UsageGroup group, string table, string moment) => group switch
    {
        UsageGroup.Model => $"toString({table}.model) AS name, toInt64(0) AS number",
        UsageGroup.Key => $"toString({table}.key) AS name, toInt64(0) AS number",
        UsageGroup.Project => $"toString({table}.project) AS name, toInt64(0) AS number",
        UsageGroup.Outcome => $"toString({table}.outcome) AS name, toInt64(0) AS number",
        UsageGroup.Revision => $"toString({table}.model) AS name, toInt64({table}.revision) AS number",
        UsageGroup.Hour => $"'' AS name, {RollupTables.Floor(moment, Micros.Hour)} AS number",
        UsageGroup.Day => $"'' AS name, {RollupTables.Floor(moment, Micros.Day)} AS number",
        _ => throw new ArgumentOutOfRangeException(nameof(group), group, "unknown group"),
    };

    private static string NameOf(UsageGroup group, string name, long number) => group switch
    {
        UsageGroup.Revision => string.Create(CultureInfo.InvariantCulture, $"{name}@{number}"),
        UsageGroup.Hour => Micros.ToTime(number).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        UsageGroup.Day => Micros.ToTime(number).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        _ => name,
    };
}
