using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using Podvirt.Core.Usage;

namespace Podvirt.Metering.Ledger.Sqlite;

/// <summary>
/// Exact sums. A row's cost is tokens × rate version, which is linear, so the sum of costs is the sum of tokens × rate version;
/// and the costs are at hand, where the prices of each version are not. Adjustments stand at their records' times. Whole hours come from the rollups where these know
/// the group and the filters, what is left at both ends from raw rows.
/// </summary>
internal static class LedgerSums
{
    private const string RawSums =
        $"""
        count(*),
          sum(outcome = '{UsageNames.Completed}'), sum(outcome = '{UsageNames.Cancelled}'),
          sum(outcome = '{UsageNames.Truncated}'), sum(outcome = '{UsageNames.Failed}'), sum(source = '{UsageNames.None}'),
          sum(prompt), sum(cached), sum(completion), sum(reasoning),
          sum(iif(surface IN ({BilledAmounts.EmbeddingSurfaces}), prompt, 0)), sum(video_us), {CostColumns.Sums}, sum(source = '{UsageNames.Quarantined}')
        """;

    private const string RollupSums =
        """
        sum(completed + cancelled + truncated + failed),
          sum(completed), sum(cancelled), sum(truncated), sum(failed), sum(unreported),
          sum(prompt), sum(cached), sum(completion), sum(reasoning), sum(embedding), sum(video_us),
          sum(cost_usd), sum(cost_high), sum(cost_low), sum(quarantined)
        """;

    /// <summary>Whether rollups can answer: no need to go through the raw rows of the whole time.</summary>
    public static bool IsQuick(UsageQuery query, UsageGroup group) =>
        query is { Key: null, Outcome: null, Source: null } && group is not (UsageGroup.Key or UsageGroup.Outcome);

    public static List<UsageSum> Sum(SqliteConnection connection, UsageQuery query, UsageGroup group)
    {
        // A place has no meaning in a sum.
        query = query with { After = null };
        var sums = new Dictionary<GroupKey, UsageSum>();
        var (fromUs, toUs) = (Micros.FirstAt(query.From), Micros.FirstAt(query.To));
        var firstHour = Micros.FloorTo(fromUs, Micros.Hour) == fromUs ? fromUs : Micros.FloorTo(fromUs, Micros.Hour) + Micros.Hour;
        var endHour = Micros.FloorTo(toUs, Micros.Hour);
        using var moment = connection.BeginTransaction(deferred: true);
        if (!IsQuick(query, group) || firstHour >= endHour)
        {
            AddRaw(connection, query, fromUs, toUs, group, sums);
        }
        else
        {
            AddRaw(connection, query, fromUs, firstHour, group, sums);
            AddHours(connection, query, firstHour, endHour, group, sums);
            AddRaw(connection, query, endHour, toUs, group, sums);
        }
        return [.. sums.OrderBy(s => s.Key.Name, StringComparer.Ordinal).ThenBy(s => s.Key.Number).Select(s => s.Value)];
    }

    /// <summary>A day at a time: SQLite sorts what it groups, and a day of records fits into memory.</summary>
    private static void AddRaw(
        SqliteConnection connection, UsageQuery query, long fromUs, long toUs, UsageGroup group, Dictionary<GroupKey, UsageSum> sums)
    {
        using var raw = new RawReader(connection);
        while (fromUs < toUs && raw.Next(fromUs) is { } firstUs && firstUs < toUs)
        {
            var endUs = Math.Min(toUs, Micros.FloorTo(firstUs, Micros.Day) + Micros.Day);
            AddPart(connection, query, firstUs, endUs, group, sums);
            AddAdjustments(connection, query, firstUs, endUs, group, sums);
            fromUs = endUs;
        }
    }

    private static void AddPart(
        SqliteConnection connection, UsageQuery query, long fromUs, long toUs, UsageGroup group, Dictionary<GroupKey, UsageSum> sums)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {Columns(group, "ended_us")}, {RawSums} FROM usage WHERE {UsageFilter.Of(command, query, fromUs, toUs)} GROUP BY 1, 2";
        AddRows(command, group, sums);
    }

    private static void AddAdjustments(
        SqliteConnection connection, UsageQuery query, long fromUs, long toUs, UsageGroup group, Dictionary<GroupKey, UsageSum> sums)
    {
        using var command = connection.CreateCommand();
        command.CommandText =
            $"SELECT {Columns(group, "ended_us")}, {CostColumns.Sums} FROM adjustment WHERE {UsageFilter.OfAdjustments(command, query, fromUs, toUs)} GROUP BY 1, 2";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var key = new GroupKey(reader.GetString(0), reader.GetInt64(1));
            var cost = CostColumns.FromSums(reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4));
            sums[key] = sums[key] with { Cost = sums[key].Cost + cost };
        }
    }

    private static void AddHours(
        SqliteConnection connection, UsageQuery query, long fromUs, long toUs, UsageGroup group, Dictionary<GroupKey, UsageSum> sums)
    {
        using var command = connection.CreateCommand();
        command.Parameters.AddWithValue("$from", fromUs);
        command.Parameters.AddWithValue("$to", toUs);
        var table = query.Project is not null || group == UsageGroup.Project ? RollupTable.HourByProject : RollupTable.HourByModel;
        command.CommandText =
            $"SELECT {Columns(group, "bucket_us")}, {RollupSums} FROM {table.Name} "
            + $"WHERE bucket_us >= $from AND bucket_us < $to{UsageFilter.Names(command, query)} GROUP BY 1, 2";
        AddRows(command, group, sums);
    }

    private static void AddRows(SqliteCommand command, UsageGroup group, Dictionary<GroupKey, UsageSum> sums)
    {
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            var key = new GroupKey(reader.GetString(0), reader.GetInt64(1));
            var sum = new UsageSum(
                NameOf(key, group),
                reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5), reader.GetInt64(6), reader.GetInt64(7),
                new TokenCounts(reader.GetInt64(8), reader.GetInt64(9), reader.GetInt64(10), reader.GetInt64(11)),
                CostColumns.FromSums(reader.GetInt64(14), reader.GetInt64(15), reader.GetInt64(16)),
                reader.GetInt64(12), reader.GetInt64(13))
            {
                Quarantined = reader.GetInt64(17),
            };
            ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(sums, key, out _);
            known = known is null ? sum : known + sum;
        }
    }

    /// <summary>A name and a number: together they tell groups apart and order them.</summary>
    private static string Columns(UsageGroup group, string time) => group switch
    {
        UsageGroup.Model => "model, 0",
        UsageGroup.Key => "key, 0",
        UsageGroup.Project => "project, 0",
        UsageGroup.Outcome => "outcome, 0",
        UsageGroup.Revision => "model, revision",
        UsageGroup.Hour => $"'', {Bucket(time, Micros.Hour)}",
        UsageGroup.Day => $"'', {Bucket(time, Micros.Day)}",
        _ => throw new ArgumentOutOfRangeException(nameof(group), group, "unknown group"),
    };

    /// <summary>The remainder is made positive, so that hours before 1970 begin at their beginning too.</summary>
    private static string Bucket(string time, long length) => $"{time} - (({time} % {length}) + {length}) % {length}";

    private static string NameOf(GroupKey key, UsageGroup group) => group switch
    {
        UsageGroup.Revision => $"{key.Name}@{key.Number}",
        UsageGroup.Hour => Micros.ToTime(key.Number).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        UsageGroup.Day => Micros.ToTime(key.Number).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        _ => key.Name,
    };

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct GroupKey(string Name, long Number);
}
