using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Podvirt.Admin;
using Podvirt.Fleet;

namespace Podvirt.Api;

/// <summary><c>GET /api/events</c>: the list of models, live.</summary>
internal sealed class EventEndpoints(AdminGate gate, ModelFeed feed, IHostApplicationLifetime lifetime, TimeProvider time)
{
    /// <summary>Shorter than the idle time-outs of common proxies.</summary>
    private static readonly TimeSpan _keepAlive = TimeSpan.FromSeconds(15);

    public void Map(IEndpointRouteBuilder api) => gate.Guard(api.MapGet("/events", (RequestDelegate)ListenAsync), Entry.Admin);

    private async Task ListenAsync(HttpContext context)
    {
        var lists = feed.Join(out var leave);
        using var _ = leave;
        if (lists is null)
        {
            context.Response.Headers.RetryAfter = "5";
            throw new ApiException(StatusCodes.Status503ServiceUnavailable, "too_many_listeners", $"{ModelFeed.ListenersMax} listeners are connected already.");
        }
        // A stopping server does not wait for pages that only watch.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            context.Response.ContentType = "text/event-stream";
            await WriteListAsync(context.Response, await feed.CurrentAsync(ending.Token), ending.Token);
            await FollowAsync(context.Response, lists, ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The page was closed, or the server stops.
        }
    }

    private async Task FollowAsync(HttpResponse response, ChannelReader<byte[]> lists, CancellationToken cancellationToken)
    {
        var next = lists.ReadAsync(cancellationToken).AsTask();
        while (true)
        {
            try
            {
                var list = await next.WaitAsync(_keepAlive, time, cancellationToken);
                next = lists.ReadAsync(cancellationToken).AsTask();
                await WriteListAsync(response, list, cancellationToken);
            }
            catch (TimeoutException)
            {
                await response.Body.WriteAsync(": keep-alive\n\n"u8.ToArray(), cancellationToken);
                await response.Body.FlushAsync(cancellationToken);
            }
        }
    }

    private static async Task WriteListAsync(HttpResponse response, byte[] list, CancellationToken cancellationToken)
    {
        await response.Body.WriteAsync("event: models\ndata: "u8.ToArray(), cancellationToken);
        await response.Body.WriteAsync(list, cancellationToken);
        await response.Body.WriteAsync("\n\n"u8.ToArray(), cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
    }
}
