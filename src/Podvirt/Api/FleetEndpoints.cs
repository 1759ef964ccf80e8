using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Podvirt.Access;
using Podvirt.Api.OpenApi;
using Podvirt.Fleet;
using Podvirt.Scheduler;

namespace Podvirt.Api;

/// <summary><c>/api/replicas</c>, <c>/api/gpus</c> and <c>/api/transitions</c>: what runs where, and how it came to that.</summary>
internal sealed class FleetEndpoints(AccessGate gate, FleetView fleet, TransitionLog transitions, IReplicaLogs logs)
{
    private const int TransitionsDefault = 100;
    private const int TransitionsMax = 1000;

    public void Map(IEndpointRouteBuilder api)
    {
        gate.Guard(api.MapGet("/replicas", (Delegate)ListReplicas), Entry.Member).Describe(
            new ApiOperation("List the replicas") { Query = [new("model", "Only of this model")], Answer = typeof(ReplicaList) });
        gate.Guard(api.MapGet("/replicas/{id}", (Delegate)ShowReplica), Entry.Member).Describe(
            new ApiOperation("Show one replica") { Answer = typeof(ReplicaView), Refusals = [404] });
        gate.Guard(api.MapGet("/replicas/{id}/logs", (Delegate)ShowLogAsync), Entry.Admin).Describe(
            new ApiOperation("Show what one replica wrote last, also one that is gone")
            {
                Query = [LogEndpoints.LinesParam],
                ContentType = "text/plain",
                Refusals = [400, 404],
            });
        gate.Guard(api.MapGet("/gpus", (Delegate)ListGpus), Entry.Member).Describe(
            new ApiOperation("List the gpus and what they hold") { Answer = typeof(GpuList) });
        gate.Guard(api.MapGet("/transitions", (Delegate)ListTransitions), Entry.Member).Describe(
            new ApiOperation("List changes of replicas' states, newest first")
            {
                Query =
                [
                    new("model", "Only of this model"), new("replica", "Only of this replica"),
                    new("limit", $"How many at most, 1 to {TransitionsMax}; default {TransitionsDefault}", "integer"),
                    new("before", "Only older ones than this id: 'next' of the page before", "integer"),
                ],
                Answer = typeof(TransitionList),
                Refusals = [400],
            });
    }

    private IResult ListReplicas(HttpContext context)
    {
        var model = ApiQuery.Text(context, "model");
        return ApiJson.Ok(new ReplicaList("list", [.. ListsFor(context).Replicas.Where(r => model is null || r.Model == model)]));
    }

    private IResult ShowReplica(HttpContext context)
    {
        var id = RouteId.Of(context);
        return ApiJson.Ok(ListsFor(context).Replicas.FirstOrDefault(r => r.Id == id) ?? throw NotFound(id));
    }

    private async Task<IResult> ShowLogAsync(HttpContext context)
    {
        var id = RouteId.Of(context);
        var text = await logs.ReadReplicaTailAsync(id, LogEndpoints.Lines(context), context.RequestAborted);
        return text is not null || fleet.Lists().Replicas.Any(r => r.Id == id)
            ? Results.Text(text ?? "", "text/plain; charset=utf-8")
            : throw NotFound(id);
    }

    private IResult ListGpus(HttpContext context) => ApiJson.Ok(new GpuList("list", fleet.Lists().Gpus));

    private IResult ListTransitions(HttpContext context)
    {
        var isAdmin = Visitor.Of(context).IsAdmin;
        var page = transitions.Read(
            ApiQuery.Text(context, "model"), ApiQuery.Text(context, "replica"), ApiQuery.Number(context, "before", 1, long.MaxValue),
            (int)(ApiQuery.Number(context, "limit", 1, TransitionsMax) ?? TransitionsDefault));
        return ApiJson.Ok(new TransitionList("list", [.. page.Newest.Select(FleetViews.Of).Select(t => isAdmin ? t : MemberViews.Of(t))], page.Next, transitions.Missed));
    }

    private FleetLists ListsFor(HttpContext context) => Visitor.Of(context).IsAdmin ? fleet.Lists() : MemberViews.Of(fleet.Lists());

    private static ApiException NotFound(string id) => new(
        StatusCodes.Status404NotFound, "replica_not_found", $"There is no replica '{id}'; GET /api/replicas lists those that there are.", "id");

    private sealed record ReplicaList(string Object, IReadOnlyList<ReplicaView> Data);

    private sealed record GpuList(string Object, IReadOnlyList<GpuDeviceView> Data);

    /// <param name="Next">Ask with <c>before</c> this for older ones; null: there are none.</param>
    /// <param name="Missed">Transitions that this server never heard of; 0 unless it was overwhelmed.</param>
    private sealed record TransitionList(string Object, IReadOnlyList<TransitionView> Data, long? Next, long Missed);
}

/// <summary>Reads the parameters of a query.</summary>
internal static class ApiQuery
{
    public static string? Text(HttpContext context, string name) =>
        context.Request.Query.TryGetValue(name, out var values) && values is [{ Length: > 0 } text, ..] ? text : null;

    /// <exception cref="ApiException">Not a number, or out of bounds.</exception>
    public static long? Number(HttpContext context, string name, long min, long max)
    {
        if (Text(context, name) is not { } text)
        {
            return null;
        }
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= min && number <= max
            ? number
            : throw new ApiException(
                StatusCodes.Status400BadRequest, "invalid_parameter",
                $"'{text}' is not allowed; write a number from {min}{(max == long.MaxValue ? " on" : $" to {max}")}.", name);
    }

    /// <exception cref="ApiException">Neither true nor false.</exception>
    public static bool Flag(HttpContext context, string name) => Text(context, name) switch
    {
        null or "false" => false,
        "true" => true,
        var text => throw new ApiException(StatusCodes.Status400BadRequest, "invalid_parameter", $"'{text}' is not allowed; write true or false.", name),
    };
}
