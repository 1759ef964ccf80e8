using Podvirt.Metering.Invoices;
using Podvirt.Metering.Invoices.Formats;

namespace Podvirt.Api;

/// <summary>An invoice in a list.</summary>
/// <param name="Number">Null: a draft.</param>
/// <param name="Status">draft or final.</param>
/// <param name="FinalAt">When it became final, or will.</param>
/// <param name="Exact">USD with twelve decimals: the sum of the lines' exact amounts.</param>
/// <param name="Amount">USD with two decimals, to be paid: the sum of the lines' rounded amounts.</param>
internal sealed record InvoiceHead(
    string Id, long? Number, string Status, string Project, string ProjectName, string Month, DateTimeOffset FinalAt, string Currency, string Exact, string Amount)
{
    public static InvoiceHead Of(Invoice invoice) => new(
        invoice.Id, invoice.Number, StatusOf(invoice), invoice.Project, invoice.ProjectName, invoice.Month.ToString(), FinalAtOf(invoice),
        Invoice.Currency, invoice.Exact.ToString(), InvoiceText.Amount(invoice.Cents));

    public static string StatusOf(Invoice invoice) => invoice.Number is null ? "draft" : "final";

    public static DateTimeOffset FinalAtOf(Invoice invoice) => invoice.IssuedAt ?? (invoice.Month.End + Invoice.Delay);
}

/// <param name="Requests">Of the month, as far as they are on this invoice.</param>
/// <param name="Unreported">Those of them that came without counts that can be billed.</param>
/// <param name="LateRequests">Of earlier months, which had been invoiced when they reached the ledger.</param>
internal sealed record InvoiceView(
    string Id, long? Number, string Status, string Project, string ProjectName, string Month, DateTimeOffset From, DateTimeOffset To, DateTimeOffset FinalAt,
    PartyView Seller, PartyView Customer, long Requests, long Unreported, long LateRequests,
    string Currency, string Exact, string Amount, IReadOnlyList<InvoiceLineView> Lines)
{
    public static InvoiceView Of(Invoice invoice) => new(
        invoice.Id, invoice.Number, InvoiceHead.StatusOf(invoice), invoice.Project, invoice.ProjectName, invoice.Month.ToString(),
        invoice.Month.Start, invoice.Month.End, InvoiceHead.FinalAtOf(invoice),
        PartyView.Of(invoice.Seller), PartyView.Of(invoice.Customer), invoice.Requests, invoice.Unreported, invoice.LateRequests,
        Invoice.Currency, invoice.Exact.ToString(), InvoiceText.Amount(invoice.Cents), [.. invoice.Lines.Select(InvoiceLineView.Of)]);
}

internal sealed record PartyView(string Name, IReadOnlyList<string> Address)
{
    public static PartyView Of(InvoiceParty party) => new(party.Name, party.Address);
}

/// <param name="Type">usage, late_usage, rerating or cold_start.</param>
/// <param name="Month">When it was used.</param>
/// <param name="Kind">prompt, cached, completion, embeddings, video_second or gpu_seconds.</param>
/// <param name="RateVersion">Whose price it is; of a re-rating the new one; null for cold starts.</param>
/// <param name="OldRateVersion">Of a re-rating.</param>
/// <param name="Quantity">Whole tokens, or seconds with six decimals.</param>
/// <param name="Unit">token, video_second or gpu_second.</param>
/// <param name="Price">USD for a million tokens, or for a second; of a re-rating the difference.</param>
/// <param name="Exact">USD with twelve decimals: quantity × price.</param>
/// <param name="Amount">That, rounded to whole cents, halves to the even one.</param>
internal sealed record InvoiceLineView(
    string Type, string Month, string Model, string Kind, int? RateVersion, int? OldRateVersion, string Quantity, string Unit, string Price, string Exact, string Amount)
{
    public static InvoiceLineView Of(InvoiceLine line) => new(
        InvoiceText.Type(line.Type), line.Month.ToString(), line.Model, InvoiceText.Kind(line.Kind),
        line.Type == InvoiceLineType.ColdStart ? null : line.RateVersion, line.OldRateVersion,
        InvoiceText.Quantity(line), InvoiceText.Unit(line), InvoiceText.Price(line), line.Exact.ToString(), InvoiceText.Amount(line.Cents));
}
