using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using Podvirt.Core.Usage;

namespace Podvirt.Metering.Invoices.Formats;

/// <summary>An invoice as a page of its own: for A4 paper, for a screen, and for a phone. No script, nothing from elsewhere.</summary>
public static class InvoiceHtml
{
    private static readonly HtmlEncoder _encoder = HtmlEncoder.Create(UnicodeRanges.All);

    public static string Write(Invoice invoice)
    {
        ArgumentNullException.ThrowIfNull(invoice);
        var html = new StringBuilder();
        var title = invoice.Number is null ? "Draft invoice" : "Invoice";
        html.Append(CultureInfo.InvariantCulture, $"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{title} {Text(invoice.Id)} · {Text(invoice.ProjectName)} · {invoice.Month}</title>
            <style>
            {InvoiceStyle.Css}
            </style>
            </head>
            <body>
            <main>
            <header>
            <div>
            <h1>{title}</h1>
            <p class="id">{(invoice.Number is null ? $"{MonthName(invoice)} so far" : $"No. {Text(invoice.Id)}")}</p>
            </div>
            {Party("seller", "", invoice.Seller)}
            </header>

            """);
        AppendFacts(html, invoice);
        AppendLines(html, invoice);
        AppendNotes(html, invoice);
        return html.Append("</main>\n</body>\n</html>\n").ToString();
    }

    private static void AppendFacts(StringBuilder html, Invoice invoice)
    {
        html.Append("<section class=\"facts\">\n");
        html.Append(invoice.Customer.Name.Length > 0
            ? Party("customer", "Billed to", invoice.Customer)
            : Party("customer", "Billed to", new InvoiceParty(invoice.ProjectName, [])));
        html.Append("<dl>\n");
        Fact("Project", invoice.ProjectName == invoice.Project ? invoice.Project : $"{invoice.ProjectName} ({invoice.Project})");
        Fact("Period", $"{Date(invoice.Month.Start)} – {Date(invoice.Month.End.AddDays(-1))} (UTC)");
        Fact(invoice.IssuedAt is null ? "Final from" : "Issued", Minute(invoice.IssuedAt ?? (invoice.Month.End + Invoice.Delay)));
        Fact("Requests", Grouped(invoice.Requests));
        html.Append("</dl>\n</section>\n");
        html.Append(CultureInfo.InvariantCulture, $"""
            <p class="due"><span>{(invoice.Number is null ? "Due so far" : "Amount due")}</span> <strong>{Money(invoice.Cents)} {Invoice.Currency}</strong></p>

            """);

        void Fact(string name, string value) => html.Append(CultureInfo.InvariantCulture, $"<div><dt>{name}</dt><dd>{Text(value)}</dd></div>\n");
    }

    private static void AppendLines(StringBuilder html, Invoice invoice)
    {
        if (invoice.Lines.Count == 0)
        {
            html.Append("<p class=\"empty\">Nothing was used that has a count.</p>\n");
            return;
        }
        html.Append("""
            <table>
            <thead><tr><th>Model</th><th>What</th><th class="n">Quantity</th><th class="n">Price</th><th class="n">Exact</th><th class="n">Amount</th></tr></thead>

            """);
        foreach (var section in invoice.Lines.GroupBy(l => l.Type))
        {
            html.Append("<tbody>\n");
            if (section.Key != InvoiceLineType.Usage)
            {
                html.Append(CultureInfo.InvariantCulture, $"<tr class=\"section\"><th colspan=\"6\">{SectionName(section.Key)}</th></tr>\n");
            }
            foreach (var line in section)
            {
                AppendLine(html, line, invoice);
            }
            html.Append("</tbody>\n");
        }
        html.Append(CultureInfo.InvariantCulture, $"""
            <tfoot><tr><th colspan="4">Total</th><td class="n exact" data-label="Exact">{Grouped(invoice.Exact)}</td><td class="n" data-label="Amount">{Money(invoice.Cents)}</td></tr></tfoot>
            </table>

            """);
    }

    private static void AppendLine(StringBuilder html, InvoiceLine line, Invoice invoice)
    {
        var month = line.Month == invoice.Month ? "" : $" of {MonthName(line.Month.Start)}";
        var version = line switch
        {
            { Type: InvoiceLineType.ColdStart } => "",
            { OldRateVersion: { } old } => $"rate {Version(old)} → {Version(line.RateVersion)}",
            _ => $"rate {Version(line.RateVersion)}",
        };
        html.Append(CultureInfo.InvariantCulture, $"""
            <tr><td class="model">{Text(line.Model)}</td><td data-label="What">{KindName(line.Kind)}{month}{(version.Length > 0 ? $" <small>{version}</small>" : "")}</td><td class="n" data-label="Quantity">{Quantity(line)}</td><td class="n" data-label="Price">{Price(line)}</td><td class="n exact" data-label="Exact">{Grouped(line.Exact)}</td><td class="n" data-label="Amount">{Money(line.Cents)}</td></tr>

            """);
    }

    private static void AppendNotes(StringBuilder html, Invoice invoice)
    {
        html.Append("<footer>\n");
        if (invoice.Number is null)
        {
            Note("This is a draft: it shows what is on the ledger at this moment, and changes until it is final.");
        }
        Note($"All amounts in US dollars, without tax. Each line is rounded once, to the nearest cent, halves to the even one; exact amounts stand beside. Due is the sum of the rounded lines.");
        if (invoice.Unreported > 0)
        {
            Note($"{Grouped(invoice.Unreported)} of the requests came without counts that can be billed from their engine: they are not charged.");
        }
        if (invoice.LateRequests > 0)
        {
            Note($"{Grouped(invoice.LateRequests)} requests of earlier months reached the ledger after those had been invoiced.");
        }
        html.Append("</footer>\n");

        void Note(string text) => html.Append(CultureInfo.InvariantCulture, $"<p>{Text(text)}</p>\n");
    }

    private static string Party(string name, string label, InvoiceParty party)
    {
        var lines = string.Concat(party.Address.Select(l => $"<br>{Text(l)}"));
        var head = label.Length > 0 ? $"<span class=\"label\">{label}</span>" : "";
        return party.Name.Length == 0 ? "" : $"<address class=\"{name}\">{head}<strong>{Text(party.Name)}</strong>{lines}</address>\n";
    }

    private static string SectionName(InvoiceLineType type) => type switch
    {
        InvoiceLineType.LateUsage => "Earlier months, recorded late",
        InvoiceLineType.Rerating => "Corrections by re-rating",
        InvoiceLineType.ColdStart => "Not charged: gpu time of cold starts",
        _ => "Usage",
    };

    private static string KindName(UsageKind? kind) => kind switch
    {
        UsageKind.Prompt => "Prompt tokens",
        UsageKind.Cached => "Cached prompt tokens",
        UsageKind.Completion => "Completion tokens",
        UsageKind.Embedding => "Embedded tokens",
        UsageKind.Video => "Seconds of video",
        _ => "Gpu seconds",
    };

    private static string Version(int version) => version == 0 ? "none" : $"v{version.ToString(CultureInfo.InvariantCulture)}";

    private static string Quantity(InvoiceLine line) =>
        InvoiceText.Unit(line) == "token" ? Grouped(line.Quantity) : WithGroups(Trimmed(InvoiceText.Quantity(line), 1));

    private static string Price(InvoiceLine line) =>
        line.Type == InvoiceLineType.ColdStart ? "free" : $"{Trimmed(InvoiceText.Price(line), 2)}<small>{(line.Kind == UsageKind.Video ? " / s" : " / M")}</small>";

    /// <summary>Without final zeros, but with so many decimals at least.</summary>
    private static string Trimmed(string number, int decimals)
    {
        var point = number.IndexOf('.', StringComparison.Ordinal);
        return Minus(number[..Math.Max(point + 1 + decimals, number.AsSpan().TrimEnd('0').Length)]);
    }

    private static string Money(long cents) => WithGroups(InvoiceText.Amount(cents));

    private static string Grouped(Cost cost) => WithGroups(cost.ToString());

    private static string Grouped(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string WithGroups(string amount)
    {
        var point = amount.IndexOf('.', StringComparison.Ordinal);
        var whole = Int128.Parse(amount.AsSpan(0, point).TrimStart('-'), CultureInfo.InvariantCulture).ToString("N0", CultureInfo.InvariantCulture);
        return Minus($"{(amount[0] == '-' ? "-" : "")}{whole}{amount[point..]}");
    }

    /// <summary>A minus that is as wide as a figure.</summary>
    private static string Minus(string number) => number.Replace('-', '−');

    private static string MonthName(Invoice invoice) => MonthName(invoice.Month.Start);

    private static string MonthName(DateTimeOffset month) => month.ToString("MMMM yyyy", CultureInfo.InvariantCulture);

    private static string Date(DateTimeOffset moment) => moment.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string Minute(DateTimeOffset moment) => moment.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    private static string Text(string text) => _encoder.Encode(text);
}
