using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Podvirt.Access;
using Podvirt.Api;

namespace Podvirt.Health;

/// <summary>
/// <c>/healthz</c> (the process is alive) and <c>/readyz</c> (requests are welcome) answer anybody. <c>/metrics</c> names
/// models and counts, so it answers only direct callers on the same machine, or the admin credential.
/// </summary>
internal sealed class HealthEndpoints(AccessGate gate, Readiness readiness, MetricsExport metrics)
{
    public void Map(IEndpointRouteBuilder endpoints)
    {
        gate.Guard(endpoints.MapGet("/healthz", static () => ApiJson.Ok(new Alive("ok"))), Entry.Open);
        gate.Guard(endpoints.MapGet("/readyz", (Delegate)ReadyAsync), Entry.Open);
        gate.Guard(endpoints.MapGet("/metrics", (RequestDelegate)MetricsAsync), Entry.LocalOrAdmin);
    }

    private async Task<IResult> ReadyAsync(HttpContext context)
    {
        var report = await readiness.CheckAsync(context.RequestAborted);
        return ApiJson.Ok(report, report.Ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private Task MetricsAsync(HttpContext context)
    {
        context.Response.ContentType = MetricsExport.ContentType;
        return metrics.WriteAsync(context.Response.Body, context.RequestAborted);
    }

    private sealed record Alive(string Status);
}
