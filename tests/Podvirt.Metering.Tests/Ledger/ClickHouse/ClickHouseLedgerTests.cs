using Podvirt.Metering.Ledger;
using Podvirt.Metering.Ledger.ClickHouse;

namespace Podvirt.Metering.Tests.Ledger.ClickHouse;

[Collection(ClickHouseCollection.Name)]
public sealed class ClickHouseLedgerTests : LedgerContract
{
    private readonly ClickHouseFixture _clickHouse;
    private readonly ClickHouseDatabase _database;
    private readonly ClickHouseLedger _ledger;

    public ClickHouseLedgerTests(ClickHouseFixture clickHouse)
    {
        _clickHouse = clickHouse;
        _database = clickHouse.NewDatabase();
        _ledger = new ClickHouseLedger(_database);
    }

    protected override ILedger Ledger => _ledger;

    protected override int Iterations => 4;

    protected override bool IsKnownByItsEnd => true;

    protected override ILedger OpenAnother() => new ClickHouseLedger(_clickHouse.NewDatabase());

    public override ValueTask DisposeAsync()
    {
        _database.Dispose();
        return ValueTask.CompletedTask;
    }
}
