using Microsoft.Data.Sqlite;

namespace Podvirt.Metering.Ledger.Sqlite;

/// <summary>Compares the rollups with sums of the raw rows.</summary>
internal static class LedgerReconciliation
{
    private const string Key = "bucket_us, project, model, revision, rate_version";

    /// <summary>One line for each rollup row that is missing, too much or different; empty when all agree.</summary>
    /// <param name="minutesFromUs">Minutes that begin before were removed.</param>
    public static List<string> Differences(SqliteConnection connection, long minutesFromUs)
    {
        var differences = new List<string>();
        Compare(connection, "rollup_minute", Micros.Minute, minutesFromUs, differences);
        Compare(connection, "rollup_hour", Micros.Hour, long.MinValue, differences);
        differences.AddRange(MonthConsumption.Differences(connection));
        return differences;
    }

    private static void Compare(SqliteConnection connection, string table, long bucket, long fromUs, List<string> differences)
    {
        using var transaction = connection.BeginTransaction(deferred: true);
        var kept = Read(connection, $"SELECT {Key}, {Rollup.Columns} FROM {table} WHERE bucket_us >= {fromUs}");
        var raw = Read(
            connection,
            $"""
            SELECT {Key}, {Rollup.Columns} FROM (
              SELECT ended_us - ((ended_us % {bucket}) + {bucket}) % {bucket} AS bucket_us, project, model, revision, rate_version,
                sum(outcome = '{UsageNames.Completed}') AS completed, sum(outcome = '{UsageNames.Cancelled}') AS cancelled,
                sum(outcome = '{UsageNames.Truncated}') AS truncated, sum(outcome = '{UsageNames.Failed}') AS failed,
                sum(source = '{UsageNames.None}') AS unreported,
                sum(prompt) AS prompt, sum(cached) AS cached, sum(completion) AS completion, sum(reasoning) AS reasoning,
                count(*) AS requests, sum(duration_us) AS duration_us,
                count(first_token_us) AS first_tokens, coalesce(sum(first_token_us), 0) AS first_token_us,
                sum(parked_us) AS parked_us, sum(cold_start) AS cold_starts
              FROM usage WHERE ended_us >= {fromUs} GROUP BY 1, 2, 3, 4, 5)
            """);
        foreach (var key in kept.Keys.Union(raw.Keys))
        {
            var (inTable, inRaw) = (kept.GetValueOrDefault(key), raw.GetValueOrDefault(key));
            if (inTable is null || inRaw is null || !inTable.Sums.SequenceEqual(inRaw.Sums))
            {
                differences.Add($"{table} {key}: {Show(inTable)} in the rollup, {Show(inRaw)} in the raw rows");
            }
        }
    }

    private static string Show(Rollup? rollup) => rollup is null ? "nothing" : string.Join(' ', rollup.Sums);

    private static Dictionary<RollupKey, Rollup> Read(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var rollups = new Dictionary<RollupKey, Rollup>();
        while (reader.Read())
        {
            var key = new RollupKey(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetInt32(3), reader.GetInt32(4));
            rollups.Add(key, Rollup.Read(reader, 5));
        }
        return rollups;
    }
}
