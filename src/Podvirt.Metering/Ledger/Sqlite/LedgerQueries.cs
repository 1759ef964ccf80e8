using System.Globalization;
using Microsoft.Data.Sqlite;
using Podvirt.Core.Usage;

namespace Podvirt.Metering.Ledger.Sqlite;

/// <summary>
/// The ledger's reads. Money is summed from the raw rows' exact costs and the adjustments to them, which stand at their records' times. A row's cost is tokens × rate version, which is
/// linear, so the sum of costs is the sum of tokens × rate version; and the costs are at hand, where the prices of each
/// version are not.
/// </summary>
internal static class LedgerQueries
{
    private const string Row =
        $"""
        {UsageColumns.List}, rate_version, cost_usd, cost_pico,
        (SELECT sum(a.cost_usd) FROM adjustment a WHERE a.usage_id = usage.id), (SELECT sum(a.cost_pico) FROM adjustment a WHERE a.usage_id = usage.id)
        """;

    public static RatedRecord? Find(SqliteConnection connection, Guid id)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {Row} FROM usage WHERE id = $id";
        command.Parameters.AddWithValue("$id", id.ToByteArray(bigEndian: true));
        using var reader = command.ExecuteReader();
        return reader.Read() ? ReadRow(reader) : null;
    }

    public static List<RatedRecord> List(SqliteConnection connection, UsageQuery query, int limit)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {Row} FROM usage WHERE {Filter(command, query)} ORDER BY ended_us DESC, id DESC LIMIT {limit}";
        using var reader = command.ExecuteReader();
        var records = new List<RatedRecord>();
        while (reader.Read())
        {
            records.Add(ReadRow(reader));
        }
        return records;
    }

    public static List<UsageSum> Sum(SqliteConnection connection, UsageQuery query, UsageGroup group)
    {
        using var command = connection.CreateCommand();
        command.CommandText =
            $"""
            SELECT {GroupColumn(group)} AS grouped, count(*),
              sum(outcome = '{UsageNames.Completed}'), sum(outcome = '{UsageNames.Cancelled}'),
              sum(outcome = '{UsageNames.Truncated}'), sum(outcome = '{UsageNames.Failed}'),
              sum(source = '{UsageNames.None}'),
              sum(prompt), sum(cached), sum(completion), sum(reasoning), {CostColumns.Sums}, sum(source = '{UsageNames.Quarantined}')
            FROM usage WHERE {Filter(command, query)} GROUP BY grouped ORDER BY grouped
            """;
        using var reader = command.ExecuteReader();
        var sums = new List<UsageSum>();
        while (reader.Read())
        {
            sums.Add(new UsageSum(
                group == UsageGroup.Hour ? HourName(reader.GetInt64(0)) : reader.GetString(0),
                reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5), reader.GetInt64(6),
                new TokenCounts(reader.GetInt64(7), reader.GetInt64(8), reader.GetInt64(9), reader.GetInt64(10)),
                CostColumns.FromSums(reader.GetInt64(11), reader.GetInt64(12), reader.GetInt64(13)))
            {
                Quarantined = reader.GetInt64(14),
            });
        }
        var adjusted = Adjustments(connection, query, group);
        return adjusted.Count == 0 ? sums : sums.ConvertAll(s => s with { Cost = s.Cost + adjusted.GetValueOrDefault(s.Group) });
    }

    /// <summary>The adjustments to the query's records, by the same groups.</summary>
    private static Dictionary<string, Cost> Adjustments(SqliteConnection connection, UsageQuery query, UsageGroup group)
    {
        using var command = connection.CreateCommand();
        command.CommandText =
            $"SELECT {GroupColumn(group)} AS grouped, {CostColumns.Sums} FROM adjustment WHERE {Filter(command, query)} GROUP BY grouped";
        using var reader = command.ExecuteReader();
        var sums = new Dictionary<string, Cost>(StringComparer.Ordinal);
        while (reader.Read())
        {
            sums.Add(
                group == UsageGroup.Hour ? HourName(reader.GetInt64(0)) : reader.GetString(0),
                CostColumns.FromSums(reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3)));
        }
        return sums;
    }

    public static Dictionary<string, long> RequestTotals(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT model, sum(requests) FROM rollup_hour GROUP BY model";
        using var reader = command.ExecuteReader();
        var totals = new Dictionary<string, long>(StringComparer.Ordinal);
        while (reader.Read())
        {
            totals.Add(reader.GetString(0), reader.GetInt64(1));
        }
        return totals;
    }

    private static string Filter(SqliteCommand command, UsageQuery query)
    {
        command.Parameters.AddWithValue("$from", Micros.FirstAt(query.From));
        command.Parameters.AddWithValue("$to", Micros.FirstAt(query.To));
        var filter = "ended_us >= $from AND ended_us < $to";
        foreach (var (column, value) in ((string, string?)[])[("model", query.Model), ("key", query.Key), ("project", query.Project)])
        {
            if (value is not null)
            {
                command.Parameters.AddWithValue("$" + column, value);
                filter += $" AND {column} = ${column}";
            }
        }
        return filter;
    }

    private static string GroupColumn(UsageGroup group) => group switch
    {
        UsageGroup.Model => "model",
        UsageGroup.Key => "key",
        UsageGroup.Project => "project",
        UsageGroup.Outcome => "outcome",
        // The remainder is made positive, so that hours before 1970 begin at their beginning too.
        UsageGroup.Hour => $"ended_us - ((ended_us % {Micros.Hour}) + {Micros.Hour}) % {Micros.Hour}",
        _ => throw new ArgumentOutOfRangeException(nameof(group), group, "unknown group"),
    };

    private static string HourName(long micros) => Micros.ToTime(micros).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static RatedRecord ReadRow(SqliteDataReader reader) => new(
        UsageColumns.Read(reader, 0),
        reader.GetInt32(UsageColumns.Count),
        CostColumns.Join(reader.GetInt64(UsageColumns.Count + 1), reader.GetInt64(UsageColumns.Count + 2)))
    {
        Adjustment = reader.IsDBNull(UsageColumns.Count + 3)
            ? Cost.Zero
            : CostColumns.Join(reader.GetInt64(UsageColumns.Count + 3), reader.GetInt64(UsageColumns.Count + 4)),
    };
}
