using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Podvirt.Access;
using Podvirt.Api.OpenApi;
using Podvirt.Metering.Ledger;

namespace Podvirt.Api;

/// <summary><c>/api/usage/gpu-time</c>: what replicas held gpus for.</summary>
internal sealed class GpuTimeEndpoint(AccessGate gate, ILedger ledger, TimeProvider time)
{
    private static readonly TimeSpan _spanDefault = TimeSpan.FromDays(1);

    public void Map(IEndpointRouteBuilder api) => gate.Guard(api.MapGet("/usage/gpu-time", (Delegate)SumAsync), Entry.Admin).Describe(
        new ApiOperation("Sum the gpu time that replicas were active, warming up and asleep")
        {
            Query =
            [
                new("from", "UTC; default a day before 'to'"), new("to", "UTC; default now"), new("model", "Only of this model"),
                new("group", "model, replica or hour; default model"),
            ],
            Answer = typeof(GpuTimeReport),
            Refusals = [400],
        });

    private async Task<IResult> SumAsync(HttpContext context)
    {
        var (from, to) = UsageParameters.Range(context, time.GetUtcNow(), _spanDefault);
        var name = ApiQuery.Text(context, "group") ?? "model";
        Func<GpuSeconds, GpuTimeRow> rowOf = name switch
        {
            "model" => s => new GpuTimeRow(null, s.Model, null, null, 0, 0, 0),
            "replica" => s => new GpuTimeRow(null, s.Model, s.Revision, s.Replica, 0, 0, 0),
            "hour" => s => new GpuTimeRow(s.Hour, s.Model, null, null, 0, 0, 0),
            _ => throw UsageParameters.Invalid("group", $"'{name}' is no group; choose model, replica or hour."),
        };
        var parts = await ledger.GpuSecondsAsync(new GpuTimeQuery(from, to, ApiQuery.Text(context, "model")), context.RequestAborted);
        return ApiJson.Ok(new GpuTimeReport(from, to, name, [.. parts.GroupBy(rowOf).Select(group => group.Key.With(group))]));
    }
}

internal sealed record GpuTimeReport(DateTimeOffset From, DateTimeOffset To, string Group, IReadOnlyList<GpuTimeRow> Data);

/// <summary>Microseconds, of all gpus together.</summary>
/// <param name="Hour">UTC; only by hour.</param>
/// <param name="Revision">Only by replica.</param>
internal sealed record GpuTimeRow(
    DateTimeOffset? Hour, string Model, int? Revision, string? Replica, long ActiveUs, long WarmingUs, long SleepingUs)
{
    public GpuTimeRow With(IEnumerable<GpuSeconds> parts)
    {
        var sums = parts.GroupBy(p => p.Use).ToDictionary(g => g.Key, g => g.Sum(p => p.GpuMicroseconds));
        return this with
        {
            ActiveUs = sums.GetValueOrDefault(GpuUse.Active),
            WarmingUs = sums.GetValueOrDefault(GpuUse.Warming),
            SleepingUs = sums.GetValueOrDefault(GpuUse.Sleeping),
        };
    }
}
