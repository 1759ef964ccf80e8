using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Podvirt.Access;
using Podvirt.Api.OpenApi;
using Podvirt.Metering.Ledger;

namespace Podvirt.Api;

/// <summary>
/// <c>GET /api/reconcile</c>: everything that is computed from raw records is computed anew and compared. One JSON object a line:
/// those of parts that differ and one a second as a sign of life (<c>part</c>, <c>records</c> by now, <c>differences</c>), then
/// <c>{"done":true}</c> with both totals. An answer without that line broke off.
/// </summary>
internal sealed class UsageReconcileEndpoint(AccessGate gate, ILedger ledger, IEnumerable<IReconciliation> others, TimeProvider time)
{
    private static readonly TimeSpan _sign = TimeSpan.FromSeconds(1);

    public void Map(IEndpointRouteBuilder api) => gate.Guard(api.MapGet("/reconcile", (RequestDelegate)ReconcileAsync), Entry.Admin).Describe(
        new ApiOperation("Recompute from raw records all that is computed from them, and report every difference, as lines of JSON")
        {
            ContentType = "application/x-ndjson",
        });

    private async Task ReconcileAsync(HttpContext context)
    {
        context.Response.ContentType = "application/x-ndjson";
        var (records, differences) = (0L, 0L);
        var signAt = time.GetTimestamp();
        foreach (var (name, steps) in Reconciliations(context.RequestAborted))
        {
            await foreach (var step in steps)
            {
                records += step.Records;
                differences += step.Differences.Count;
                if (step.Differences.Count > 0 || time.GetElapsedTime(signAt) >= _sign)
                {
                    signAt = time.GetTimestamp();
                    await WriteAsync(context, new PartLine($"{name} {step.At}", records, step.Differences));
                }
            }
        }
        await WriteAsync(context, new EndLine(true, records, differences));
    }

    private IEnumerable<(string Name, IAsyncEnumerable<ReconcileStep> Steps)> Reconciliations(CancellationToken cancellationToken) =>
        others.Select(other => (other.Name, other.ReconcileAsync(cancellationToken))).Prepend(("rollups", ledger.ReconcileAsync(cancellationToken)));

    private static async Task WriteAsync<T>(HttpContext context, T line)
    {
        await JsonSerializer.SerializeAsync(context.Response.Body, line, ApiJson.Options, context.RequestAborted);
        await context.Response.Body.WriteAsync("\n"u8.ToArray(), context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    private sealed record PartLine(string Part, long Records, IReadOnlyList<string> Differences);

    private sealed record EndLine(bool Done, long Records, long Differences);
}
