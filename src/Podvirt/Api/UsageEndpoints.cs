using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Podvirt.Admin;
using Podvirt.Api.OpenApi;
using Podvirt.Metering.Ledger;

namespace Podvirt.Api;

/// <summary><c>/api/usage</c> (sums) and <c>/api/requests</c> (the records they are made of).</summary>
internal sealed class UsageEndpoints(AdminGate gate, ILedger ledger, TimeProvider time)
{
    private const int ListDefault = 100;
    private const int ListMax = 10_000;

    /// <summary>What is shown where no time was asked for.</summary>
    private static readonly TimeSpan _spanDefault = TimeSpan.FromDays(1);

    private static readonly ApiParam[] _filters =
    [
        new("from", "UTC; default a day before 'to'"), new("to", "UTC; default now"),
        new("model", "Only of this model"), new("key", "Only of this key"), new("project", "Only of this project"),
    ];

    public void Map(IEndpointRouteBuilder api)
    {
        gate.Guard(api.MapGet("/usage", (Delegate)SumAsync), Entry.Admin).Describe(
            new ApiOperation("Sum requests, tokens and cost")
            {
                Query = [.. _filters, new("group", "model, key, project, outcome or hour; default model")],
                Answer = typeof(UsageReport),
                Refusals = [400],
            });
        gate.Guard(api.MapGet("/requests", (Delegate)ListAsync), Entry.Admin).Describe(
            new ApiOperation("List usage records")
            {
                Query = [.. _filters, new("limit", $"How many at most, 1 to {ListMax}; default {ListDefault}", "integer")],
                Answer = typeof(RequestList),
                Refusals = [400],
            });
        gate.Guard(api.MapGet("/requests/{id}", (Delegate)ShowAsync), Entry.Admin).Describe(
            new ApiOperation("Show one usage record") { Answer = typeof(RequestView), Refusals = [404] });
    }

    private async Task<IResult> SumAsync(HttpContext context)
    {
        var query = ReadQuery(context.Request.Query);
        var name = Text(context.Request.Query, "group") ?? "model";
        var group = name switch
        {
            "model" => UsageGroup.Model,
            "key" => UsageGroup.Key,
            "project" => UsageGroup.Project,
            "outcome" => UsageGroup.Outcome,
            "hour" => UsageGroup.Hour,
            _ => throw Invalid("group", $"'{name}' is no group; choose model, key, project, outcome or hour."),
        };
        var sums = await ledger.SumAsync(query, group, context.RequestAborted);
        return ApiJson.Ok(UsageReport.Of(query, name, sums));
    }

    private async Task<IResult> ListAsync(HttpContext context)
    {
        var query = ReadQuery(context.Request.Query);
        var limit = ListDefault;
        if (Text(context.Request.Query, "limit") is { } text
            && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) || limit is < 1 or > ListMax))
        {
            throw Invalid("limit", $"'{text}' is not allowed; write a number from 1 to {ListMax}.");
        }
        var records = await ledger.ListAsync(query, limit, context.RequestAborted);
        return ApiJson.Ok(new RequestList("list", [.. records.Select(RequestView.Of)]));
    }

    private async Task<IResult> ShowAsync(HttpContext context)
    {
        var text = RouteId.Of(context);
        var record = Guid.TryParse(text, out var id) ? await ledger.FindAsync(id, context.RequestAborted) : null;
        return record is null
            ? throw new ApiException(StatusCodes.Status404NotFound, "request_not_found", $"No request '{text}' is on the ledger.", "id")
            : ApiJson.Ok(RequestView.Of(record));
    }

    private UsageQuery ReadQuery(IQueryCollection query)
    {
        var to = ReadTime(query, "to") ?? time.GetUtcNow();
        var from = ReadTime(query, "from") ?? to - _spanDefault;
        return from > to
            ? throw Invalid("from", "'from' is later than 'to'.")
            : new UsageQuery(from, to, Text(query, "model"), Text(query, "key"), Text(query, "project"));
    }

    private static DateTimeOffset? ReadTime(IQueryCollection query, string name)
    {
        if (Text(query, name) is not { } text)
        {
            return null;
        }
        // A plus sign in a query means a space, so an offset may arrive as one.
        return DateTimeOffset.TryParse(text.Replace(' ', '+'), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var moment)
            ? moment
            : throw Invalid(name, $"'{text}' is not a time; write one such as 2026-01-31T00:00:00Z.");
    }

    private static string? Text(IQueryCollection query, string name) => query.TryGetValue(name, out var values) && values is [{ Length: > 0 } text, ..] ? text : null;

    private static ApiException Invalid(string param, string message) => new(StatusCodes.Status400BadRequest, "invalid_parameter", message, param);

    private sealed record RequestList(string Object, IReadOnlyList<RequestView> Data);
}
