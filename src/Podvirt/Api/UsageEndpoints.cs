using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Podvirt.Access;
using Podvirt.Api.OpenApi;
using Podvirt.Keys;
using Podvirt.Metering.Ledger;

namespace Podvirt.Api;

/// <summary><c>/api/usage</c>: exact sums by any group over any time.</summary>
internal sealed class UsageEndpoints(AccessGate gate, ILedger ledger, ApiKeyStore keys, TimeProvider time)
{
    private const string GroupNames = "model, revision, key, project, outcome, hour or day";

    public void Map(IEndpointRouteBuilder api) => gate.Guard(api.MapGet("/usage", (Delegate)SumAsync), Entry.Member).Describe(
        new ApiOperation("Sum requests, tokens and cost")
        {
            Query = [.. UsageParameters.Filters, new("group", $"{GroupNames}; default model")],
            Answer = typeof(UsageReport),
            Refusals = UsageParameters.Refusals,
        });

    private async Task<IResult> SumAsync(HttpContext context)
    {
        var query = await UsageParameters.QueryAsync(context, time, keys);
        var name = ApiQuery.Text(context, "group") ?? "model";
        var group = name switch
        {
            "model" => UsageGroup.Model,
            "revision" => UsageGroup.Revision,
            "key" => UsageGroup.Key,
            "project" => UsageGroup.Project,
            "outcome" => UsageGroup.Outcome,
            "hour" => UsageGroup.Hour,
            "day" => UsageGroup.Day,
            _ => throw UsageParameters.Invalid("group", $"'{name}' is no group; choose {GroupNames}."),
        };
        var sums = await ledger.SumAsync(query, group, context.RequestAborted);
        return ApiJson.Ok(UsageReport.Of(query, name, sums));
    }
}

/// <summary>Sums over a time, by group. All money is an exact decimal with twelve places, as text.</summary>
internal sealed record UsageReport(DateTimeOffset From, DateTimeOffset To, string Group, IReadOnlyList<UsageRow> Data, UsageRow Total)
{
    public static UsageReport Of(UsageQuery query, string group, IReadOnlyList<UsageSum> sums)
    {
        var total = sums.Aggregate(new UsageSum("", 0, 0, 0, 0, 0, 0, default, Core.Usage.Cost.Zero), (all, sum) => all + sum);
        return new UsageReport(query.From, query.To, group, [.. sums.Select(UsageRow.Of)], UsageRow.Of(total));
    }
}

/// <param name="Group">The model, model@revision, key, project, outcome, hour or day; empty for the total.</param>
/// <param name="Unreported">Requests for which the engine reported no usage: billed at zero.</param>
/// <param name="Quarantined">Requests for which the engine reported impossible counts: billed at zero.</param>
/// <param name="EmbeddingTokens">Those of the prompt tokens that were embedded.</param>
internal sealed record UsageRow(
    string Group, long Requests, long Completed, long Cancelled, long Truncated, long Failed, long Unreported, long Quarantined,
    long PromptTokens, long CachedTokens, long CompletionTokens, long ReasoningTokens, long EmbeddingTokens, long VideoUs, string Cost)
{
    public static UsageRow Of(UsageSum sum) => new(
        sum.Group, sum.Requests, sum.Completed, sum.Cancelled, sum.Truncated, sum.Failed, sum.Unreported, sum.Quarantined,
        sum.Tokens.Prompt, sum.Tokens.Cached, sum.Tokens.Completion, sum.Tokens.Reasoning, sum.EmbeddingTokens, sum.VideoUs, sum.Cost.ToString());
}
