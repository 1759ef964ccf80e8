using Podvirt.Metering.Invoices;
using Podvirt.Metering.Invoices.ClickHouse;
using Podvirt.Metering.Invoices.Sqlite;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Ledger.ClickHouse;
using Podvirt.Metering.Ledger.Sqlite;
using Podvirt.Metering.Rating;
using Podvirt.Metering.Rating.ClickHouse;
using Podvirt.Metering.Rating.Sqlite;

namespace Podvirt.Metering.Tests;

/// <summary>A ledger with all that others need of it.</summary>
internal sealed record LedgerRooms(
    ILedger Ledger, IBillingLedger Billing, IReratingLedger Rerating, IColdStartTimes ColdStarts, Func<ValueTask> CloseAsync) : IAsyncDisposable
{
    /// <summary>In a file of its own, which goes with it.</summary>
    public static LedgerRooms Sqlite()
    {
        var directory = new TempDirectory();
        var ledger = SqliteLedger.Open(directory.File("ledger.db"), TimeProvider.System);
        return new LedgerRooms(
            ledger, new SqliteBillingLedger(ledger), new SqliteReratingLedger(ledger), new SqliteColdStartTimes(ledger),
            async () =>
            {
                await ledger.DisposeAsync();
                directory.Dispose();
            });
    }

    /// <summary>In a database of its own.</summary>
    public static LedgerRooms ClickHouse(ClickHouseDatabase database)
    {
        var ledger = new ClickHouseLedger(database);
        return new LedgerRooms(
            ledger, new ClickHouseBillingLedger(database), new ClickHouseReratingLedger(database), new ClickHouseColdStartTimes(ledger, database),
            () =>
            {
                database.Dispose();
                return ValueTask.CompletedTask;
            });
    }

    public ValueTask DisposeAsync() => CloseAsync();
}
