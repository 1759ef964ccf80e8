namespace Podvirt.Metering.Tests.Invoices;

[Collection(ClickHouseCollection.Name)]
public sealed class ClickHouseInvoiceBookTests(ClickHouseFixture clickHouse) : InvoiceBookContract
{
    private protected override LedgerRooms Open() => LedgerRooms.ClickHouse(clickHouse.NewDatabase());
}
