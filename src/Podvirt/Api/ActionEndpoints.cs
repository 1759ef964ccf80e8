using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Podvirt.Access;
using Podvirt.Api.OpenApi;
using Podvirt.Scheduler;

namespace Podvirt.Api;

/// <summary><c>POST /api/models/{id}/wake|sleep|stop|pin|unpin</c> and <c>POST /api/gpus/{id}/drain|undrain</c>.</summary>
internal sealed class ActionEndpoints(AccessGate gate, IFleetControl control, RateEndpoints rates)
{
    private static readonly Dictionary<string, (FleetAction Action, string Summary)> _onModels = new(StringComparer.Ordinal)
    {
        ["wake"] = (FleetAction.Wake, "Bring one replica to Active; from there on the model's idle policy holds again"),
        ["sleep"] = (FleetAction.Sleep, "Drain the model's Active replicas and send them to sleep"),
        ["stop"] = (FleetAction.Stop, "Drain and stop the model's replicas, sleepers too; a request starts it again"),
        ["pin"] = (FleetAction.Pin, "Keep one replica Active at least, over restarts too"),
        ["unpin"] = (FleetAction.Unpin, "Let the model's idle policy hold again"),
    };

    private static readonly Dictionary<string, (FleetAction Action, string Summary)> _onGpus = new(StringComparer.Ordinal)
    {
        ["drain"] = (FleetAction.DrainGpu, "Place nothing on the gpu, and replace or end what is there, over restarts too"),
        ["undrain"] = (FleetAction.UndrainGpu, "Let the gpu take replicas again"),
    };

    public void Map(IEndpointRouteBuilder api)
    {
        // Ids may hold slashes, so the action is cut off the end.
        gate.Guard(api.MapPost("/models/{**id}", (Delegate)ActOnModelAsync), Entry.Admin).Describe(
            [.. _onModels.Select(a => Operation($"/api/models/{{id}}/{a.Key}", a.Value.Summary)), .. RateEndpoints.OnModels]);
        gate.Guard(api.MapPost("/gpus/{id}/{action}", (Delegate)ActOnGpuAsync), Entry.Admin).Describe(
            [.. _onGpus.Select(a => Operation($"/api/gpus/{{id}}/{a.Key}", a.Value.Summary))]);
    }

    private static ApiOperation Operation(string path, string summary) =>
        new(summary) { Path = path, Answer = typeof(ActionView), Status = StatusCodes.Status202Accepted, Refusals = [404, 409, 503] };

    private Task<IResult> ActOnModelAsync(HttpContext context)
    {
        var path = RouteId.Of(context);
        var cut = path.LastIndexOf('/');
        var (id, name) = (cut < 0 ? "" : path[..cut], path[(cut + 1)..]);
        return RateEndpoints.Handles(name) ? rates.ActAsync(context, id, name) : ActAsync(context, _onModels, id, name, "model");
    }

    private Task<IResult> ActOnGpuAsync(HttpContext context) =>
        ActAsync(context, _onGpus, RouteId.Of(context), context.GetRouteValue("action") as string ?? "", "gpu");

    private async Task<IResult> ActAsync(
        HttpContext context, Dictionary<string, (FleetAction Action, string Summary)> actions, string id, string name, string kind)
    {
        if (!actions.TryGetValue(name, out var action))
        {
            throw new ApiException(
                StatusCodes.Status404NotFound, "unknown_action", $"'{name}' is nothing that can be done to a {kind}; choose {string.Join(", ", actions.Keys)}.");
        }
        var answer = await control.DoAsync(action.Action, id, context.RequestAborted);
        return answer.Accepted
            ? ApiJson.Ok(new ActionView(name, id, answer.Message), StatusCodes.Status202Accepted)
            : throw new ApiException(StatusOf(answer.Code), answer.Code, answer.Message, "id");
    }

    private static int StatusOf(string code) => code switch
    {
        "model_not_found" or "gpu_not_found" => StatusCodes.Status404NotFound,
        "not_ready" or "shutting_down" => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status409Conflict,
    };

    /// <param name="Message">What happens now.</param>
    private sealed record ActionView(string Action, string Id, string Message);
}
