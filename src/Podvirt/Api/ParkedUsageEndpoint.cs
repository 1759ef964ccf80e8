using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Podvirt.Access;
using Podvirt.Api.OpenApi;
using Podvirt.Metering.Streams;

namespace Podvirt.Api;

/// <summary><c>/api/usage/parked</c>: usage that could not be billed as it came.</summary>
internal sealed class ParkedUsageEndpoint(AccessGate gate, IParkedUsage parked)
{
    private const int ListMax = 1_000;
    private const int ListDefault = 100;

    public void Map(IEndpointRouteBuilder api) => gate.Guard(api.MapGet("/usage/parked", (Delegate)ListAsync), Entry.Admin).Describe(
        new ApiOperation("List usage that could not be billed as it came, with the reason, newest first")
        {
            Query = [new("limit", $"How many at most, 1 to {ListMax}; default {ListDefault}", "integer")],
            Answer = typeof(ParkedList),
            Refusals = [400],
        });

    private async Task<IResult> ListAsync(HttpContext context)
    {
        var limit = (int)(ApiQuery.Number(context, "limit", 1, ListMax) ?? ListDefault);
        var (total, latest) = await parked.ReadAsync(limit, context.RequestAborted);
        return ApiJson.Ok(new ParkedList(total, [.. latest.Select(ViewOf)]));
    }

    private static ParkedView ViewOf(ParkedUsage parked) => new(
        parked.At, parked.Sequence, parked.Why, parked.Record?.Id, parked.Record?.Project, parked.Record?.Model, parked.Record?.Replica,
        parked.Record?.Tokens.Prompt, parked.Record?.Tokens.Cached, parked.Record?.Tokens.Completion, parked.Record?.VideoUs,
        parked.Bytes is { } bytes ? Convert.ToBase64String(bytes.Span) : null);
}

/// <param name="Total">How many were parked; of the outbox, how many it keeps.</param>
internal sealed record ParkedList(long Total, IReadOnlyList<ParkedView> Data);

/// <summary>Counts are as they came.</summary>
/// <param name="At">UTC.</param>
/// <param name="Sequence">Its place in the stream, or in the outbox.</param>
/// <param name="Bytes">Base64, where it is no record; then the rest is null.</param>
internal sealed record ParkedView(
    DateTimeOffset At, long Sequence, string Why, Guid? Request, string? Project, string? Model, string? Replica, long? PromptTokens, long? CachedTokens,
    long? CompletionTokens, long? VideoUs, string? Bytes);
