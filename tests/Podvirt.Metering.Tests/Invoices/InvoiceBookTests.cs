using Microsoft.Data.Sqlite;
using Podvirt.Metering.Ledger.Sqlite;

namespace Podvirt.Metering.Tests.Invoices;

public sealed class InvoiceBookTests : InvoiceBookContract
{
    private protected override LedgerRooms Open() => LedgerRooms.Sqlite();

    [Theory]
    [InlineData("UPDATE invoice SET project = 'q'")]
    [InlineData("DELETE FROM invoice")]
    [InlineData("UPDATE adjustment SET cost_usd = 0")]
    [InlineData("DELETE FROM adjustment")]
    public async Task FinalInvoiceAndAdjustment_CannotBeChanged(string sql)
    {
        await Accounts.AppendAsync(1, Record(1, "2026-01-05"));
        await RerateAsync("2026-01-01", "2026-02-01", 2);
        await Accounts.FinaliseDueAsync();

        var error = await Assert.ThrowsAnyAsync<Exception>(async () => await ((SqliteLedger)Accounts.Ledger).WriteAsync(c => Run(c, sql), Ended));

        Assert.Contains("stays as it was made", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("UPDATE usage SET completion = completion + 1, cost_pico = cost_pico + 300000", "is not what the records say")]
    [InlineData("UPDATE usage SET project = 'q'", "records that are on no invoice")]
    public async Task RawRecordsThatWereTamperedWith_AreReported(string sql, string expected)
    {
        await Accounts.AppendAsync(1, Record(1, "2026-01-05"));
        await Accounts.FinaliseDueAsync();
        Assert.Empty(await Accounts.ReconcileAsync());

        await ((SqliteLedger)Accounts.Ledger).WriteAsync(c => Run(c, sql), Ended);

        Assert.Contains(await Accounts.ReconcileAsync(), d => d.Contains(expected, StringComparison.Ordinal));
    }

    private static int Run(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteNonQuery();
    }
}
