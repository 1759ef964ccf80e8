using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Podvirt.Access;
using Podvirt.Api.OpenApi;
using Podvirt.Core.Projects;
using Podvirt.Metering.Invoices;
using Podvirt.Metering.Invoices.Formats;

namespace Podvirt.Api;

/// <summary><c>/api/invoices</c>: the list, and one as JSON, as CSV or as a page for printing.</summary>
internal sealed class InvoiceEndpoints(AccessGate gate, InvoiceBook book)
{
    private const string Csv = ".csv";
    private const string Html = ".html";

    /// <summary>The page has its own style and nothing else: no script of anybody's runs in it.</summary>
    private const string PagePolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

    public void Map(IEndpointRouteBuilder api)
    {
        gate.Guard(api.MapGet("/invoices", (Delegate)ListAsync), Entry.Member).Describe(
            new ApiOperation("List invoices, drafts first")
            {
                Query = [UsageParameters.Project, new("month", "Only of this UTC month, such as 2026-01")],
                Answer = typeof(InvoiceList),
                Refusals = UsageParameters.Refusals,
            });
        gate.Guard(api.MapGet("/invoices/{**id}", (Delegate)ShowAsync), Entry.Member).Describe(
            new ApiOperation("Show one invoice, by its number or a draft's id") { Path = "/api/invoices/{id}", Answer = typeof(InvoiceView), Refusals = [404] },
            new ApiOperation("Export an invoice's lines as CSV") { Path = "/api/invoices/{id}.csv", ContentType = "text/csv", Refusals = [404] },
            new ApiOperation("Show an invoice as a page for printing") { Path = "/api/invoices/{id}.html", ContentType = "text/html", Refusals = [404] });
    }

    private async Task<IResult> ListAsync(HttpContext context)
    {
        UtcMonth? month = null;
        if (ApiQuery.Text(context, "month") is { } text)
        {
            month = UtcMonth.TryParse(text, out var parsed)
                ? parsed
                : throw new ApiException(StatusCodes.Status400BadRequest, "invalid_parameter", $"'{text}' is not a month; write one such as 2026-01.", "month");
        }
        var invoices = await Reckoned(book.ListAsync(Visitor.ProjectOf(context), month, context.RequestAborted));
        return ApiJson.Ok(new InvoiceList("list", [.. invoices.Select(InvoiceHead.Of)]));
    }

    private async Task<IResult> ShowAsync(HttpContext context)
    {
        var path = RouteId.Of(context);
        if (await FindAsync(path) is { } plain)
        {
            return ApiJson.Ok(InvoiceView.Of(plain));
        }
        if (path.EndsWith(Csv, StringComparison.Ordinal) && await FindAsync(path[..^Csv.Length]) is { } lines)
        {
            context.Response.Headers.ContentDisposition = $"attachment; filename=\"invoice-{FileName(lines)}{Csv}\"";
            return Results.Text(InvoiceCsv.Write(lines), "text/csv; charset=utf-8");
        }
        if (path.EndsWith(Html, StringComparison.Ordinal) && await FindAsync(path[..^Html.Length]) is { } page)
        {
            context.Response.Headers.ContentSecurityPolicy = PagePolicy;
            return Results.Text(InvoiceHtml.Write(page), "text/html; charset=utf-8");
        }
        throw new ApiException(StatusCodes.Status404NotFound, "invoice_not_found", $"There is no invoice '{path}'; GET /api/invoices lists those that there are.", "id");

        async ValueTask<Invoice?> FindAsync(string id) =>
            await Reckoned(book.FindAsync(id, context.RequestAborted)) is { } invoice && Visitor.Of(context).MaySee(invoice.Project) ? invoice : null;
    }

    /// <summary>Letters, digits and what no file system minds.</summary>
    private static string FileName(Invoice invoice) => string.Concat(invoice.Id.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' ? c : '-'));

    private static async ValueTask<T> Reckoned<T>(ValueTask<T> invoices)
    {
        try
        {
            return await invoices;
        }
        catch (InvoiceException error)
        {
            throw new ApiException(StatusCodes.Status500InternalServerError, "invoice_inconsistent", $"Ledger and rates disagree: {error.Message}.");
        }
    }

    private sealed record InvoiceList(string Object, IReadOnlyList<InvoiceHead> Data);
}
