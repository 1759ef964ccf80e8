namespace Podvirt.Metering.Tests.Invoices;

[Collection(ClickHouseCollection.Name)]
public sealed class ClickHouseInvoicePropertyTests(ClickHouseFixture clickHouse) : InvoicePropertyContract
{
    private protected override int Iterations => 2;

    private protected override bool IsKnownByItsEnd => true;

    private protected override LedgerRooms Open() => LedgerRooms.ClickHouse(clickHouse.NewDatabase());
}
