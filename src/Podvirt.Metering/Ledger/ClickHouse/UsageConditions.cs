using Podvirt.Core.Usage;

namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>A query as conditions. Every one begins with what stands before it: they are joined by AND.</summary>
internal static class UsageConditions
{
    /// <summary>On raw rows <c>u</c>.</summary>
    public static string OfUsage(SqlParameters parameters, UsageQuery query, TimeRanges times)
    {
        var condition = times.Of("u.ended_us") + Names("u", parameters, query) + Outcome("u", query);
        if (query.Source is { } source)
        {
            condition += $" AND u.source = '{UsageNames.Of(source)}'";
        }
        if (query.After is { } after)
        {
            var at = SqlParameters.Of(Micros.Of(after.EndedAt));
            condition += $" AND u.ended_us <= {at} AND (u.ended_us < {at} OR toUInt128(u.id) < {Number(after.Id)})";
        }
        return condition;
    }

    /// <summary>On the adjustments <c>a</c> to the same records. What is billed at zero is never adjusted.</summary>
    public static string OfAdjustments(SqlParameters parameters, UsageQuery query, TimeRanges times) =>
        times.Of("a.ended_us") + Names("a", parameters, query) + Outcome("a", query) + (query.Source is null or UsageSource.Engine ? "" : " AND 0");

    /// <summary>What is asked of models, keys, projects and revisions: these stand in rollups, too.</summary>
    public static string Names(string table, SqlParameters parameters, UsageQuery query)
    {
        var condition = "";
        foreach (var (column, value) in ((string, string?)[])[("model", query.Model), ("key", query.Key), ("project", query.Project)])
        {
            condition += value is null ? "" : $" AND {table}.{column} = {parameters.Add(value)}";
        }
        return condition + (query.Revision is { } revision ? $" AND {table}.revision = {SqlParameters.Of(revision)}" : "");
    }

    /// <summary>An id as the number by which ids are ordered: its bytes from the first one on.</summary>
    public static string Number(Guid id) => $"toUInt128(toUUID('{id}'))";

    private static string Outcome(string table, UsageQuery query) => query.Outcome is { } outcome ? $" AND {table}.outcome = '{UsageNames.Of(outcome)}'" : "";
}

/// <summary>Times in microseconds, each with its start and without its end. None holds nothing.</summary>
internal readonly record struct TimeRanges(IReadOnlyList<(long FromUs, long ToUs)> All)
{
    public static TimeRanges Of(long fromUs, long toUs) => new(fromUs < toUs ? [(fromUs, toUs)] : []);

    /// <summary>From the first to the last record of each hour: a late one does not stretch over all since.</summary>
    public static TimeRanges HoursOf(IEnumerable<RecordPlace> places)
    {
        var hours = new SortedDictionary<long, (long FromUs, long ToUs)>();
        foreach (var hour in places.Select(static p => Micros.Of(p.EndedAt)).GroupBy(us => Micros.FloorTo(us, Micros.Hour)))
        {
            hours[hour.Key] = (hour.Min(), hour.Max() + 1);
        }
        return new TimeRanges([.. hours.Values]);
    }

    public bool IsEmpty => All.Count == 0;

    public TimeRanges And(TimeRanges others) => new([.. All, .. others.All]);

    /// <summary>What of them lies in hours that are in the list.</summary>
    public TimeRanges Within(IReadOnlyList<long> hours) => new(
    [
        .. All.SelectMany(r => hours.Select(h => (FromUs: Math.Max(r.FromUs, h), ToUs: Math.Min(r.ToUs, h + Micros.Hour)))).Where(r => r.FromUs < r.ToUs),
    ]);

    /// <summary>As a condition.</summary>
    public string Of(string column) => IsEmpty
        ? "0"
        : $"({string.Join(" OR ", All.Select(r => $"({column} >= {SqlParameters.Of(r.FromUs)} AND {column} < {SqlParameters.Of(r.ToUs)})"))})";
}
