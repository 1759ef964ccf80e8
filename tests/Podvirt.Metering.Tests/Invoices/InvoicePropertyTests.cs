namespace Podvirt.Metering.Tests.Invoices;

public sealed class InvoicePropertyTests : InvoicePropertyContract
{
    private protected override LedgerRooms Open() => LedgerRooms.Sqlite();
}
