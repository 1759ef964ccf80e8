using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Podvirt.Access;
using Podvirt.Api.OpenApi;
using Podvirt.Fleet;

namespace Podvirt.Api;

/// <summary>
/// <c>GET /api/events</c>: <c>models</c> and <c>fleet</c> (the lists, at first and on every change), <c>transition</c> (each one),
/// and <c>lost</c> (how many transitions a slow listener missed).
/// </summary>
internal sealed class EventEndpoints(AccessGate gate, EventFeed feed, SessionWatch sessions, IHostApplicationLifetime lifetime, TimeProvider time)
{
    /// <summary>Shorter than the idle time-outs of common proxies.</summary>
    private static readonly TimeSpan _keepAlive = TimeSpan.FromSeconds(15);

    public void Map(IEndpointRouteBuilder api) => gate.Guard(api.MapGet("/events", (RequestDelegate)ListenAsync), Entry.Member).Describe(
        new ApiOperation("Follow models, replicas, gpus and transitions as server-sent events") { ContentType = "text/event-stream", Refusals = [503] });

    private async Task ListenAsync(HttpContext context)
    {
        var visitor = Visitor.Of(context);
        var mailbox = feed.Join(visitor.IsAdmin, out var leave);
        using var _ = leave;
        if (mailbox is null)
        {
            context.Response.Headers.RetryAfter = "5";
            throw new ApiException(StatusCodes.Status503ServiceUnavailable, "too_many_listeners", $"{EventFeed.ListenersMax} listeners are connected already.");
        }
        // A stopping server does not wait for pages that only watch, and who may no more watch goes on no longer.
        using var right = await sessions.FollowAsync(visitor, context.RequestAborted);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, right.Ended, lifetime.ApplicationStopping);
        try
        {
            context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
            context.Response.ContentType = "text/event-stream";
            await WriteAsync(context.Response, await feed.CurrentAsync(visitor.IsAdmin, ending.Token), ending.Token);
            await FollowAsync(context.Response, mailbox, ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
            // The page was closed, or the server stops.
        }
    }

    private async Task FollowAsync(HttpResponse response, EventMailbox mailbox, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await mailbox.Filled.WaitAsync(_keepAlive, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                await response.Body.WriteAsync(": keep-alive\n\n"u8.ToArray(), cancellationToken);
                await response.Body.FlushAsync(cancellationToken);
                continue;
            }
            var events = mailbox.TakeAll(out var lost);
            if (lost > 0)
            {
                events = [new FeedEvent("lost", JsonSerializer.SerializeToUtf8Bytes(new Lost(lost), ApiJson.Options)), .. events];
            }
            await WriteAsync(response, events, cancellationToken);
        }
    }

    private static async Task WriteAsync(HttpResponse response, IReadOnlyList<FeedEvent> events, CancellationToken cancellationToken)
    {
        foreach (var (name, data) in events)
        {
            await response.WriteAsync($"event: {name}\ndata: ", cancellationToken);
            await response.Body.WriteAsync(data, cancellationToken);
            await response.Body.WriteAsync("\n\n"u8.ToArray(), cancellationToken);
        }
        await response.Body.FlushAsync(cancellationToken);
    }

    private sealed record Lost(long Transitions);
}
