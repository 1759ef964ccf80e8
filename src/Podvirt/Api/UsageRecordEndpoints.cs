using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Podvirt.Access;
using Podvirt.Api.OpenApi;
using Podvirt.Keys;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Rating;

namespace Podvirt.Api;

/// <summary>
/// <c>/api/requests</c> (usage records by the page), <c>/api/requests.csv</c> (all of them, streamed) and <c>/api/requests/{id}</c>
/// (one of them, explained).
/// </summary>
internal sealed class UsageRecordEndpoints(AccessGate gate, ILedger ledger, RateBook rates, ApiKeyStore keys, TimeProvider time)
{
    private const int ListDefault = 100;
    private const int ListMax = 10_000;

    public void Map(IEndpointRouteBuilder api)
    {
        gate.Guard(api.MapGet("/requests", (Delegate)ListAsync), Entry.Member).Describe(
            new ApiOperation("List usage records, newest first")
            {
                Query =
                [
                    .. UsageParameters.Filters, new("limit", $"How many at most, 1 to {ListMax}; default {ListDefault}", "integer"),
                    new("after", "The 'next' of the page before"),
                ],
                Answer = typeof(RequestList),
                Refusals = UsageParameters.Refusals,
            });
        gate.Guard(api.MapGet("/requests.csv", (RequestDelegate)ExportAsync), Entry.Member).Describe(
            new ApiOperation("Stream usage records as CSV, oldest first, however many")
            {
                Query = UsageParameters.Filters,
                ContentType = UsageCsv.ContentType,
                Refusals = UsageParameters.Refusals,
            });
        gate.Guard(api.MapGet("/requests/{id}", (Delegate)ShowAsync), Entry.Member).Describe(
            new ApiOperation("Explain one request: what it waited for, what it used, what that cost") { Answer = typeof(RequestDetail), Refusals = [404] });
    }

    private async Task<IResult> ListAsync(HttpContext context)
    {
        var query = (await UsageParameters.QueryAsync(context, time, keys)) with { After = UsageParameters.After(context) };
        var limit = (int)(ApiQuery.Number(context, "limit", 1, ListMax) ?? ListDefault);
        var records = await ledger.ListAsync(query, limit, context.RequestAborted);
        var next = records.Count == limit ? UsageParameters.Cursor(records[^1].Record) : null;
        return ApiJson.Ok(new RequestList("list", [.. records.Select(RequestView.Of)], next));
    }

    private async Task<IResult> ShowAsync(HttpContext context)
    {
        var text = RouteId.Of(context);
        var rated = Guid.TryParse(text, out var id) ? await ledger.FindAsync(id, context.RequestAborted) : null;
        if (rated is null || !Visitor.Of(context).MaySee(rated.Record.Project))
        {
            throw new ApiException(StatusCodes.Status404NotFound, "request_not_found", $"No request '{text}' is on the ledger.", "id");
        }
        return ApiJson.Ok(RequestDetail.Of(rated, rates.Find(rated.Record.Model, rated.RateVersion)));
    }

    /// <summary>One part is read, written and taken by the client before the next is read: a slow client costs nothing but time.</summary>
    private async Task ExportAsync(HttpContext context)
    {
        var query = await UsageParameters.QueryAsync(context, time, keys);
        var response = context.Response;
        response.ContentType = UsageCsv.ContentType;
        response.Headers.ContentDisposition = $"attachment; filename=\"requests-{query.From.UtcDateTime:yyyyMMdd'T'HHmmss'Z'}-{query.To.UtcDateTime:yyyyMMdd'T'HHmmss'Z'}.csv\"";
        var text = new StringBuilder(UsageCsv.Head);
        await foreach (var part in ledger.ReadAsync(query, context.RequestAborted))
        {
            foreach (var rated in part)
            {
                UsageCsv.Append(text, RequestView.Of(rated));
            }
            await response.WriteAsync(text.ToString(), context.RequestAborted);
            text.Clear();
        }
        await response.WriteAsync(text.ToString(), context.RequestAborted);
    }

    /// <param name="Next">The <c>after</c> of the next page; null where this was the last one.</param>
    private sealed record RequestList(string Object, IReadOnlyList<RequestView> Data, string? Next);
}
