using Microsoft.Data.Sqlite;

namespace Podvirt.Metering.Ledger.Sqlite;

/// <summary>Gpu time as intervals. They grow in place while they last, so that nothing counts twice.</summary>
internal static class GpuTimeTable
{
    public const string Migration =
        """
        CREATE TABLE gpu_time (
          replica TEXT NOT NULL,
          from_us INTEGER NOT NULL,
          to_us INTEGER NOT NULL,
          model TEXT NOT NULL,
          revision INTEGER NOT NULL,
          use TEXT NOT NULL,
          gpus INTEGER NOT NULL,
          PRIMARY KEY (replica, from_us)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX gpu_time_by_end ON gpu_time (to_us);
        """;

    public static int Append(SqliteConnection connection, IReadOnlyList<GpuInterval> intervals)
    {
        using var command = connection.CreateCommand();
        command.CommandText =
            """
            INSERT INTO gpu_time (replica, from_us, to_us, model, revision, use, gpus) VALUES ($replica, $from, $to, $model, $revision, $use, $gpus)
            ON CONFLICT (replica, from_us) DO UPDATE SET to_us = max(to_us, excluded.to_us)
            """;
        foreach (var interval in intervals)
        {
            command.Parameters.Clear();
            command.Parameters.AddWithValue("$replica", interval.Replica);
            command.Parameters.AddWithValue("$from", Micros.Of(interval.From));
            command.Parameters.AddWithValue("$to", Micros.Of(interval.To));
            command.Parameters.AddWithValue("$model", interval.Model);
            command.Parameters.AddWithValue("$revision", interval.Revision);
            command.Parameters.AddWithValue("$use", UsageNames.Of(interval.Use));
            command.Parameters.AddWithValue("$gpus", interval.Gpus);
            command.ExecuteNonQuery();
        }
        return intervals.Count;
    }

    public static List<GpuSeconds> Sum(SqliteConnection connection, GpuTimeQuery query)
    {
        using var command = connection.CreateCommand();
        var filter = "";
        foreach (var (column, value) in ((string, string?)[])[("model", query.Model), ("replica", query.Replica)])
        {
            if (value is not null)
            {
                command.Parameters.AddWithValue("$" + column, value);
                filter += $" AND {column} = ${column}";
            }
        }
        command.Parameters.AddWithValue("$from", Micros.Of(query.From));
        command.Parameters.AddWithValue("$to", Micros.Of(query.To));

        // No interval is longer than an hour, so what ends later than that behind the range began behind it, too.
        command.CommandText =
            $"""
            SELECT from_us - ((from_us % {Micros.Hour}) + {Micros.Hour}) % {Micros.Hour} AS hour_us, model, revision, replica, use,
              sum((min(to_us, $to) - max(from_us, $from)) * gpus)
            FROM gpu_time WHERE to_us > $from AND to_us <= $to + {Micros.Hour} AND from_us < $to{filter}
            GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
            """;
        using var reader = command.ExecuteReader();
        var sums = new List<GpuSeconds>();
        while (reader.Read())
        {
            sums.Add(new GpuSeconds(
                Micros.ToTime(reader.GetInt64(0)), reader.GetString(1), reader.GetInt32(2), reader.GetString(3), UsageNames.Use(reader.GetString(4)), reader.GetInt64(5)));
        }
        return sums;
    }
}

internal sealed partial class SqliteLedger
{
    public async ValueTask AppendGpuTimeAsync(IReadOnlyList<GpuInterval> intervals, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(intervals);
        await RunAsync(session => GpuTimeTable.Append(session.Database, intervals), cancellationToken);
    }

    public async ValueTask<IReadOnlyList<GpuSeconds>> GpuSecondsAsync(GpuTimeQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        return await RunAsync(_scanner, c => GpuTimeTable.Sum(c, query), cancellationToken);
    }
}
