using Microsoft.Data.Sqlite;
using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger.Sqlite;

namespace Podvirt.Metering.Invoices.Sqlite;

/// <summary>Invoices in the ledger's file, by its writer and its readers.</summary>
internal sealed class SqliteBillingLedger(SqliteLedger ledger) : IBillingLedger
{
    public ValueTask<BillingState> StateAsync(CancellationToken cancellationToken = default) =>
        ledger.ReadAsync(BillingMarks.State, cancellationToken);

    public async ValueTask CloseAsync(UtcMonth month, DateTimeOffset now, CancellationToken cancellationToken = default) =>
        await ledger.WriteAsync(connection => Close(connection, month, now), cancellationToken);

    public async ValueTask<IReadOnlyList<BilledGroup>> SumAsync(UtcMonth month, string? project, CancellationToken cancellationToken = default) =>
        await ledger.ReadAsync(connection => BillingSums.Read(connection, month, project), cancellationToken);

    public async ValueTask IssueAsync(UtcMonth month, IReadOnlyList<Invoice> invoices, DateTimeOffset now, CancellationToken cancellationToken = default) =>
        await ledger.WriteAsync(connection => Issue(connection, month, invoices, now), cancellationToken);

    public async ValueTask<IReadOnlyList<Invoice>> ListAsync(string? project, UtcMonth? month, CancellationToken cancellationToken = default) =>
        await ledger.ReadAsync(
            connection => Read(
                connection, "($project IS NULL OR project = $project) AND ($month IS NULL OR month_us = $month) ORDER BY number DESC",
                ("$project", project), ("$month", month is { } m ? Micros.Of(m.Start) : null)),
            cancellationToken);

    public async ValueTask<Invoice?> FindAsync(long number, CancellationToken cancellationToken = default) =>
        (await ledger.ReadAsync(connection => Read(connection, "number = $number", ("$number", number)), cancellationToken)).FirstOrDefault();

    public ValueTask<(Cost Total, Cost Months)> BalanceAsync(CancellationToken cancellationToken = default) =>
        ledger.ReadAsync(BillingSums.Balance, cancellationToken);

    private static int Close(SqliteConnection connection, UtcMonth month, DateTimeOffset now) => Execute(
        connection,
        """
        INSERT INTO closed_month (month_us, end_us, closed_us, adjustments_to, late_to)
        SELECT $month, $end, $now, (SELECT coalesce(max(seq), 0) FROM adjustment), (SELECT coalesce(max(seq), 0) FROM late_usage)
        WHERE NOT EXISTS (SELECT 1 FROM closed_month WHERE month_us >= $month)
        """,
        ("$month", Micros.Of(month.Start)), ("$end", Micros.Of(month.End)), ("$now", Micros.Of(now)));

    /// <summary>In one transaction: the numbers are given out with the invoices that carry them, so none is left out.</summary>
    private static int Issue(SqliteConnection connection, UtcMonth month, IReadOnlyList<Invoice> invoices, DateTimeOffset now)
    {
        var isFirst = Execute(
            connection, "UPDATE closed_month SET issued_us = $now WHERE month_us = $month AND issued_us IS NULL",
            ("$now", Micros.Of(now)), ("$month", Micros.Of(month.Start))) == 1;
        foreach (var invoice in isFirst ? invoices : [])
        {
            var number = Number(connection);
            Execute(
                connection, "INSERT INTO invoice (number, project, month_us, document) VALUES ($number, $project, $month, $document)",
                ("$number", number), ("$project", invoice.Project), ("$month", Micros.Of(month.Start)),
                ("$document", InvoiceDocument.Write(invoice with { Number = number, IssuedAt = Micros.ToTime(Micros.Of(now)) })));
        }
        return isFirst ? invoices.Count : 0;
    }

    private static long Number(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT coalesce(max(number), 0) + 1 FROM invoice";
        return (long)command.ExecuteScalar()!;
    }

    private static List<Invoice> Read(SqliteConnection connection, string filter, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var command = Command(connection, $"SELECT document FROM invoice WHERE {filter}", parameters);
        using var reader = command.ExecuteReader();
        var invoices = new List<Invoice>();
        while (reader.Read())
        {
            invoices.Add(InvoiceDocument.Read(reader.GetString(0)));
        }
        return invoices;
    }

    private static int Execute(SqliteConnection connection, string sql, params ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        using var command = Command(connection, sql, parameters);
        return command.ExecuteNonQuery();
    }

    private static SqliteCommand Command(SqliteConnection connection, string sql, ReadOnlySpan<(string Name, object? Value)> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters)
        {
            command.Parameters.AddWithValue(name, value ?? DBNull.Value);
        }
        return command;
    }
}
