using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Podvirt.Admin;
using Podvirt.Catalogs;
using Podvirt.Scheduler;

namespace Podvirt.Api;

/// <summary><c>GET /api/logs/{model}?lines=200</c>: what the model's engine wrote last, as plain text.</summary>
internal sealed class LogEndpoints(AdminGate gate, IReplicaLogs logs, CatalogStore catalog)
{
    private const int LinesDefault = 200;
    private const int LinesMax = 10_000;

    public void Map(IEndpointRouteBuilder api) => gate.Guard(api.MapGet("/logs/{**id}", (Delegate)ShowAsync), Entry.Admin);

    private async Task<IResult> ShowAsync(HttpContext context)
    {
        var id = RouteId.Of(context);
        var lines = LinesDefault;
        if (context.Request.Query.TryGetValue("lines", out var text)
            && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out lines) || lines is < 1 or > LinesMax))
        {
            throw new ApiException(StatusCodes.Status400BadRequest, "invalid_parameter", $"'{text}' is not allowed; write a number from 1 to {LinesMax}.", "lines");
        }
        if (catalog.Applied?.Find(id) is null)
        {
            throw ModelEndpoints.NotFound(id);
        }
        return Results.Text(await logs.ReadTailAsync(id, lines, context.RequestAborted) ?? "", "text/plain; charset=utf-8");
    }
}
