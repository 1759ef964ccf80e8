using Microsoft.Data.Sqlite;
using Podvirt.Core.Projects;

namespace Podvirt.Metering.Invoices.Sqlite;

/// <summary>Up to where a closed month goes.</summary>
/// <param name="EndUs">The month's end.</param>
/// <param name="AdjustmentsTo">The last adjustment that may be on its invoices.</param>
/// <param name="LateTo">The last late record that is.</param>
internal sealed record BillingMarks(long EndUs, long AdjustmentsTo, long LateTo)
{
    private const string Columns = "SELECT end_us, adjustments_to, late_to FROM closed_month";

    /// <summary>Null: the month is not closed.</summary>
    public static BillingMarks? Of(SqliteConnection connection, UtcMonth month) => Read(connection, $"{Columns} WHERE month_us = $month", month);

    /// <summary>Of the closed month before; null: there is none.</summary>
    public static BillingMarks? Before(SqliteConnection connection, UtcMonth month) =>
        Read(connection, $"{Columns} WHERE month_us < $month ORDER BY month_us DESC LIMIT 1", month);

    public static BillingState State(SqliteConnection connection)
    {
        var closed = Month(connection, "SELECT max(month_us) FROM closed_month");
        var withRecords = new List<UtcMonth>();
        var from = closed is { } last ? Micros.Of(last.End) : long.MinValue;
        // One look into the index for each month with records.
        while (Month(connection, $"SELECT min(ended_us) FROM usage WHERE ended_us >= {from}") is { } month)
        {
            withRecords.Add(month);
            from = Micros.Of(month.End);
        }
        return new BillingState(
            closed, Month(connection, "SELECT min(month_us) FROM closed_month WHERE issued_us IS NULL"), withRecords,
            closed is { } newest && HasPending(connection, Of(connection, newest)!));
    }

    /// <summary>Every closed month, in order.</summary>
    public static List<UtcMonth> Closed(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT month_us FROM closed_month ORDER BY month_us";
        using var reader = command.ExecuteReader();
        var months = new List<UtcMonth>();
        while (reader.Read())
        {
            months.Add(UtcMonth.Of(Micros.ToTime(reader.GetInt64(0))));
        }
        return months;
    }

    private static bool HasPending(SqliteConnection connection, BillingMarks closed)
    {
        using var command = connection.CreateCommand();
        command.CommandText =
            "SELECT EXISTS (SELECT 1 FROM late_usage WHERE seq > $late) OR EXISTS (SELECT 1 FROM adjustment WHERE seq > $adjustments AND ended_us < $end)";
        command.Parameters.AddWithValue("$late", closed.LateTo);
        command.Parameters.AddWithValue("$adjustments", closed.AdjustmentsTo);
        command.Parameters.AddWithValue("$end", closed.EndUs);
        return (long)command.ExecuteScalar()! != 0;
    }

    private static UtcMonth? Month(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar() is long micros ? UtcMonth.Of(Micros.ToTime(micros)) : null;
    }

    private static BillingMarks? Read(SqliteConnection connection, string sql, UtcMonth month)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("$month", Micros.Of(month.Start));
        using var reader = command.ExecuteReader();
        return reader.Read() ? new BillingMarks(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2)) : null;
    }
}
