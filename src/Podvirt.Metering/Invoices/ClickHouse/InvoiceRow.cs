using ClickHouse.Driver;

namespace Podvirt.Metering.Invoices.ClickHouse;

/// <summary>A final invoice as a row of <c>invoice</c>.</summary>
internal sealed class InvoiceRow(Invoice invoice)
{
    [ClickHouseColumn(Name = "number", Type = "Int64")]
    public long Number => invoice.Number ?? throw new InvalidOperationException("a draft is not kept");

    [ClickHouseColumn(Name = "project", Type = "String")]
    public string Project => invoice.Project;

    [ClickHouseColumn(Name = "month", Type = "Int32")]
    public int Month => invoice.Month.Number;

    [ClickHouseColumn(Name = "document", Type = "String")]
    public string Document => InvoiceDocument.Write(invoice);
}
