using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Podvirt.Access;
using Podvirt.Api.OpenApi;
using Podvirt.Fleet;

namespace Podvirt.Api;

/// <summary><c>GET /api/models</c> and <c>GET /api/models/{id}</c>.</summary>
internal sealed class ModelEndpoints(AccessGate gate, FleetReader reader, RateEndpoints rates)
{
    public void Map(IEndpointRouteBuilder api)
    {
        gate.Guard(api.MapGet("/models", (Delegate)ListAsync), Entry.Member).Describe(
            new ApiOperation("List the models and what they are doing") { Answer = typeof(ModelList) });
        gate.Guard(api.MapGet("/models/{**id}", (Delegate)ShowAsync), Entry.Member).Describe(
            new ApiOperation("Show one model") { Path = "/api/models/{id}", Answer = typeof(ModelView), Refusals = [404] }, RateEndpoints.OfModel);
    }

    public static ApiException NotFound(string id) =>
        new(StatusCodes.Status404NotFound, "model_not_found", $"There is no model '{id}' in the catalog.", "id");

    private async Task<IResult> ListAsync(HttpContext context) => ApiJson.Ok(await ReadAsync(context));

    private async Task<ModelList> ReadAsync(HttpContext context)
    {
        var list = await reader.ListAsync(context.RequestAborted);
        return Visitor.Of(context).IsAdmin ? list : MemberViews.Of(list);
    }

    private async Task<IResult> ShowAsync(HttpContext context)
    {
        var id = RouteId.Of(context);
        var list = await ReadAsync(context);
        if (list.Data.FirstOrDefault(m => m.Id == id) is { } model)
        {
            return ApiJson.Ok(model);
        }
        // Ids may hold slashes: only what is no model's id asks for a model's rates.
        return rates.TryList(id) ?? throw NotFound(id);
    }
}

internal static class RouteId
{
    /// <summary>The id of the address. Ids may hold slashes, sent as they are or as <c>%2F</c>.</summary>
    public static string Of(HttpContext context) =>
        (context.GetRouteValue("id") as string ?? "").Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
}
