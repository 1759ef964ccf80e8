using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Podvirt.Access;
using Podvirt.Api.OpenApi;
using Podvirt.Catalogs;
using Podvirt.Scheduler;

namespace Podvirt.Api;

/// <summary><c>GET /api/logs/{model}?lines=200&amp;follow=true</c>: what the model's engine wrote last, as plain text, and what it writes from then on.</summary>
internal sealed class LogEndpoints(AccessGate gate, IReplicaLogs logs, CatalogStore catalog, IHostApplicationLifetime lifetime, TimeProvider time)
{
    private const int LinesDefault = 200;
    private const int LinesMax = 10_000;

    /// <summary>Soon enough for a reader, and no burden for a file that says nothing.</summary>
    private static readonly TimeSpan _followInterval = TimeSpan.FromMilliseconds(250);

    public static ApiParam LinesParam { get; } = new("lines", $"How many of the last lines, 1 to {LinesMax}; default {LinesDefault}", "integer");

    public static int Lines(HttpContext context) => (int)(ApiQuery.Number(context, "lines", 1, LinesMax) ?? LinesDefault);

    public void Map(IEndpointRouteBuilder api) => gate.Guard(api.MapGet("/logs/{**id}", (Delegate)ShowAsync), Entry.Admin).Describe(
        new ApiOperation("Show what a model's newest replica wrote last")
        {
            Query = [LinesParam, new("follow", "Go on with what is written from then on, by later replicas too", "boolean")],
            ContentType = "text/plain",
            Refusals = [400, 404],
        });

    private async Task<IResult> ShowAsync(HttpContext context)
    {
        var id = RouteId.Of(context);
        var lines = Lines(context);
        var isFollowed = ApiQuery.Flag(context, "follow");
        if (catalog.Applied?.Find(id) is null)
        {
            throw ModelEndpoints.NotFound(id);
        }
        if (!isFollowed)
        {
            return Results.Text(await logs.ReadTailAsync(id, lines, context.RequestAborted) ?? "", "text/plain; charset=utf-8");
        }
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        context.Response.ContentType = "text/plain; charset=utf-8";
        await FollowAsync(context.Response, id, lines);
        return Results.Empty;
    }

    private async Task FollowAsync(HttpResponse response, string model, int lines)
    {
        // A stopping server does not wait for those who only read.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(response.HttpContext.RequestAborted, lifetime.ApplicationStopping);
        LogPart? last = null;
        try
        {
            await response.StartAsync(ending.Token);
            while (true)
            {
                var part = await logs.ReadOnAsync(model, last, lines, ending.Token);
                if (!part.Text.IsEmpty)
                {
                    await response.Body.WriteAsync(part.Text, ending.Token);
                    await response.Body.FlushAsync(ending.Token);
                }
                else
                {
                    await Task.Delay(_followInterval, time, ending.Token);
                }
                last = part.Replica.Length > 0 ? part : null;
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The reader left, or the server stops.
        }
    }
}
