using Microsoft.Data.Sqlite;
using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger.Sqlite;

namespace Podvirt.Metering.Invoices.Sqlite;

/// <summary>
/// What a month's invoices hold. A closed month holds the records that came before it was closed, and of adjustments and late
/// records those up to its marks that no month before it holds; an adjustment waits for the month of its record. So each record
/// and each adjustment is held by one month, and which one follows from rows that never change.
/// </summary>
internal static class BillingSums
{
    /// <summary>As <see cref="BilledAmounts.Of(UsageRecord)"/>; a record without counts that can be is billed at zero.</summary>
    private const string Amounts =
        $"""
        sum(iif(u.source = '{UsageNames.Engine}' AND u.surface NOT IN ({BilledAmounts.EmbeddingSurfaces}), u.prompt - u.cached, 0)),
        sum(iif(u.source = '{UsageNames.Engine}' AND u.surface NOT IN ({BilledAmounts.EmbeddingSurfaces}), u.cached, 0)),
        sum(iif(u.source = '{UsageNames.Engine}', u.completion, 0)),
        sum(iif(u.source = '{UsageNames.Engine}' AND u.surface IN ({BilledAmounts.EmbeddingSurfaces}), u.prompt, 0)),
        sum(iif(u.source = '{UsageNames.Engine}', u.video_us, 0)),
        count(*), sum(u.source <> '{UsageNames.Engine}')
        """;

    /// <summary>Whole seconds, rounded down also before 1970.</summary>
    private const string MonthName =
        "strftime('%Y-%m', (u.ended_us - ((u.ended_us % 1000000) + 1000000) % 1000000) / 1000000, 'unixepoch')";

    public static List<BilledGroup> Read(SqliteConnection connection, UtcMonth month, string? project)
    {
        using var transaction = connection.BeginTransaction(deferred: true);
        return ReadMonth(connection, month, project);
    }

    /// <summary>All records and adjustments, and all months: the same, if nothing is lost and nothing is held twice.</summary>
    public static (Cost Total, Cost Months) Balance(SqliteConnection connection)
    {
        using var transaction = connection.BeginTransaction(deferred: true);
        var months = BillingMarks.Closed(connection).Concat(BillingMarks.State(connection).Open).Distinct()
            .SelectMany(month => ReadMonth(connection, month, project: null))
            .Aggregate(Cost.Zero, (sum, group) => sum + group.Cost);
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {CostColumns.Sums} FROM usage UNION ALL SELECT {CostColumns.Sums} FROM adjustment";
        using var reader = command.ExecuteReader();
        var total = Cost.Zero;
        while (reader.Read())
        {
            total += reader.IsDBNull(0) ? Cost.Zero : CostColumns.FromSums(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
        }
        return (total, months);
    }

    private static List<BilledGroup> ReadMonth(SqliteConnection connection, UtcMonth month, string? project)
    {
        var state = BillingMarks.State(connection);
        var (marks, before) = (BillingMarks.Of(connection, month), BillingMarks.Before(connection, month));
        var groups = new List<BilledGroup>();
        if (marks is null && month <= state.Closed)
        {
            // Passed over, because there was nothing in it.
            return groups;
        }
        // What waits goes to the month that is closed next.
        var takesPending = marks is not null || month == state.Next;
        var filter = project is null ? "" : " AND u.project = $project";

        void Add(InvoiceLineType type, string sql)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            command.Parameters.AddWithValue("$start", Micros.Of(month.Start));
            command.Parameters.AddWithValue("$end", Micros.Of(month.End));
            command.Parameters.AddWithValue("$adjustments_from", before?.AdjustmentsTo ?? 0);
            command.Parameters.AddWithValue("$adjustments_to", marks?.AdjustmentsTo ?? long.MaxValue);
            command.Parameters.AddWithValue("$late_from", before?.LateTo ?? 0);
            command.Parameters.AddWithValue("$late_to", marks?.LateTo ?? long.MaxValue);
            command.Parameters.AddWithValue("$before_end", before?.EndUs ?? long.MinValue);
            command.Parameters.AddWithValue("$project", (object?)project ?? DBNull.Value);
            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                groups.Add(ReadGroup(reader, type));
            }
        }

        var notLate = marks is null ? "" : " AND NOT EXISTS (SELECT 1 FROM late_usage l WHERE l.usage_id = u.id)";
        Add(InvoiceLineType.Usage, Sql("u", "u.rate_version, NULL", $"usage u WHERE u.ended_us >= $start AND u.ended_us < $end{notLate}{filter}"));
        if (takesPending)
        {
            Add(InvoiceLineType.LateUsage, Sql(
                "u", "u.rate_version, NULL", $"late_usage l JOIN usage u ON u.id = l.usage_id WHERE l.seq > $late_from AND l.seq <= $late_to{filter}"));
        }
        var adjusted = takesPending
            ? "((a.seq > $adjustments_from AND a.seq <= $adjustments_to AND a.ended_us < $end) "
              + "OR (a.seq <= $adjustments_from AND a.ended_us >= $before_end AND a.ended_us < $end))"
            : "(a.ended_us >= $start AND a.ended_us < $end)";
        Add(InvoiceLineType.Rerating, Sql(
            "a", "a.new_version, a.old_version", $"adjustment a JOIN usage u ON u.id = a.usage_id WHERE {adjusted}{filter}"));
        return groups;
    }

    /// <param name="cost">Whose costs are summed.</param>
    private static string Sql(string cost, string versions, string from) =>
        $"""
        SELECT u.project, {MonthName} AS month, u.model, {versions}, {Amounts}, {CostColumns.SumsOf(cost)}
        FROM {from} GROUP BY u.project, month, u.model, {(cost == "a" ? "a.new_version, a.old_version" : "u.rate_version")}
        """;

    private static BilledGroup ReadGroup(SqliteDataReader row, InvoiceLineType type)
    {
        if (!UtcMonth.TryParse(row.GetString(1), out var month))
        {
            throw new InvalidDataException($"'{row.GetString(1)}' is no month");
        }
        return new BilledGroup(
            type, row.GetString(0), month, row.GetString(2), row.GetInt32(3), row.IsDBNull(4) ? null : row.GetInt32(4),
            new BilledAmounts(row.GetInt64(5), row.GetInt64(6), row.GetInt64(7), row.GetInt64(8), row.GetInt64(9)),
            row.GetInt64(10), row.GetInt64(11),
            CostColumns.FromSums(row.GetInt64(12), row.GetInt64(13), row.GetInt64(14)));
    }
}
