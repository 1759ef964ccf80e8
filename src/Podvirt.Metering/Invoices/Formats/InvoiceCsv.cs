using System.Globalization;
using System.Text;

namespace Podvirt.Metering.Invoices.Formats;

/// <summary>An invoice's lines as comma-separated values (RFC 4180).</summary>
public static class InvoiceCsv
{
    private const string Header =
        "invoice,status,project,month,type,line_month,model,kind,rate_version,old_rate_version,quantity,unit,price,exact,amount,currency";

    public static string Write(Invoice invoice)
    {
        ArgumentNullException.ThrowIfNull(invoice);
        var text = new StringBuilder(Header).Append("\r\n");
        foreach (var line in invoice.Lines)
        {
            string[] fields =
            [
                invoice.Id, invoice.Number is null ? "draft" : "final", invoice.Project, invoice.Month.ToString(),
                InvoiceText.Type(line.Type), line.Month.ToString(), line.Model, InvoiceText.Kind(line.Kind),
                line.Type == InvoiceLineType.ColdStart ? "" : line.RateVersion.ToString(CultureInfo.InvariantCulture),
                line.OldRateVersion?.ToString(CultureInfo.InvariantCulture) ?? "",
                InvoiceText.Quantity(line), InvoiceText.Unit(line), InvoiceText.Price(line), line.Exact.ToString(), InvoiceText.Amount(line.Cents), Invoice.Currency,
            ];
            text.AppendJoin(',', fields.Select(Field)).Append("\r\n");
        }
        return text.ToString();
    }

    private static string Field(string value) =>
        value.AsSpan().IndexOfAny("\",\r\n") < 0 ? value : $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
