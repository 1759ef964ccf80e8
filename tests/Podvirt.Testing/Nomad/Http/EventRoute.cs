using System.Text;
using Microsoft.AspNetCore.Http;
using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Http;

/// <summary><c>/v1/event/stream</c>: lines of JSON, <c>{}</c> first and whenever nothing came for a while.</summary>
internal sealed class EventRoute(NomadState state, NomadDoubleOptions options)
{
    public async Task AnswerAsync(NomadRequest request, CancellationToken stopping)
    {
        var topics = request.Context.Request.Query["topic"].OfType<string>().Select(static t => t.Split(':', 2)).Select(static t => (Topic: t[0], Key: t.Length > 1 ? t[1] : "*")).ToArray();
        if (topics.Any(static t => t.Topic.Length == 0 || t.Key.Length == 0))
        {
            throw new NomadErrorException(400, "Invalid topic query: Invalid key value pair for topic");
        }
        var context = request.Context;
        context.Response.ContentType = "application/json";
        context.Response.Headers.CacheControl = "no-cache";
        if (!options.EventStreamChunked)
        {
            // With any coding but chunked the server ends the body by closing the connection.
            context.Response.Headers.TransferEncoding = "identity";
        }
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        var position = state.Read(s => s.Events.PositionOf(request.Index));
        await SendAsync(context, "{}\n", ended.Token);
        while (!ended.IsCancellationRequested)
        {
            var changed = state.Changed;
            var events = state.Read(s => s.Events.From(ref position));
            var wanted = events.Where(e => (e.Namespace.Length == 0 || request.Sees(e.Namespace)) && (topics.Length == 0 || topics.Any(t => Matches(t, e)))).ToArray();
            foreach (var batch in wanted.GroupBy(static e => e.Index))
            {
                await SendAsync(context, $"{{\"Index\":{batch.Key},\"Events\":[{string.Join(',', batch.Select(static e => e.Json))}]}}\n", ended.Token);
            }
            if (!await HappensAsync(changed, ended.Token) && !ended.IsCancellationRequested)
            {
                await SendAsync(context, "{}\n", ended.Token);
            }
        }
    }

    private static bool Matches((string Topic, string Key) wanted, NomadEvent @event) =>
        (wanted.Topic == "*" || wanted.Topic == @event.Topic) && (wanted.Key == "*" || wanted.Key == @event.Key || @event.FilterKeys.Contains(wanted.Key));

    private static async Task SendAsync(HttpContext context, string line, CancellationToken ended)
    {
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(line), ended);
        await context.Response.Body.FlushAsync(ended);
    }

    /// <summary>False: nothing happened within the heartbeat's time.</summary>
    private async Task<bool> HappensAsync(Task changed, CancellationToken ended)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(ended);
        limit.CancelAfter(options.EventHeartbeat);
        await changed.WaitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return changed.IsCompleted;
    }
}
