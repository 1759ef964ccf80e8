using Podvirt.Core.Replicas;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Parking;

/// <summary>Gets a request its lease: at once where a replica is free, else by parking it until one is.</summary>
internal sealed class ParkingLot(GatewayOptions options, TimeProvider time)
{
    /// <param name="maxWait">The client's own limit; null: the gateway's.</param>
    /// <param name="except">Replicas that failed this request already.</param>
    public async ValueTask<LeaseResult> AcquireAsync(Exchange exchange, ClientReply reply, TimeSpan? maxWait, IReadOnlyCollection<string> except)
    {
        var dispatcher = exchange.Dispatcher;
        if (dispatcher.TryLease(exchange.Session, except) is { } lease)
        {
            return new LeaseResult(lease, null, false);
        }

        exchange.ColdStart |= dispatcher.Route.Status != ModelStatus.Active;
        if (maxWait == TimeSpan.Zero)
        {
            dispatcher.Wish();
            return Refused(ApiErrors.WaitedTooLong(dispatcher.Model.Id, TimeSpan.Zero, RetryAfter(dispatcher)));
        }

        var parked = new ParkedRequest(exchange.Caller, exchange.Session, exchange.Body.Length, time.GetTimestamp());
        if (dispatcher.TryPark(parked, again: except.Count > 0) is { } refusal)
        {
            return Refused(refusal);
        }

        // One who was parked before, and whose replica then failed, has waited for that long already.
        var limit = (maxWait < options.ParkedTimeMax ? maxWait.Value : options.ParkedTimeMax) - exchange.Parked;
        try
        {
            return await WaitAsync(exchange, reply, parked, limit);
        }
        finally
        {
            exchange.Parked += time.GetElapsedTime(parked.ParkedAt);
        }
    }

    private async ValueTask<LeaseResult> WaitAsync(Exchange exchange, ClientReply reply, ParkedRequest parked, TimeSpan limit)
    {
        var clientGone = exchange.Http.RequestAborted;
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(clientGone);
        var pause = exchange.Request.Stream ? options.CommentGrace : limit;
        while (!parked.Outcome.IsCompleted)
        {
            var left = limit - time.GetElapsedTime(parked.ParkedAt);
            if (left <= TimeSpan.Zero || clientGone.IsCancellationRequested)
            {
                return Leave(exchange, parked, limit, clientGone.IsCancellationRequested);
            }
            await Task.WhenAny(parked.Outcome, Task.Delay(pause < left ? pause : left, time, waiting.Token));

            // Timers may fire a little early: whether this was the last pause is not asked of the clock again.
            if (exchange.Request.Stream && pause < left && !parked.Outcome.IsCompleted && !clientGone.IsCancellationRequested)
            {
                await CommentAsync(exchange, reply);
                pause = options.CommentInterval;
            }
        }

        // Ends the pause that is still running.
        await waiting.CancelAsync();
        return await ResultOfAsync(parked);
    }

    private static LeaseResult Leave(Exchange exchange, ParkedRequest parked, TimeSpan limit, bool clientGone)
    {
        var dispatcher = exchange.Dispatcher;
        if (clientGone)
        {
            dispatcher.Leave(parked);
            return new LeaseResult(null, null, ClientGone: true);
        }
        return dispatcher.TryLeave(parked)
            ? Refused(ApiErrors.WaitedTooLong(dispatcher.Model.Id, limit + exchange.Parked, RetryAfter(dispatcher)))
            : ResultOf(parked.Outcome.Result);
    }

    private static async ValueTask CommentAsync(Exchange exchange, ClientReply reply)
    {
        var route = exchange.Dispatcher.Route;
        var phase = route.Status == ModelStatus.Active ? null : route.WarmUp?.Phase ?? "starting";
        reply.BeginStream(whileParked: true);
        reply.WriteWaiting(exchange.Dispatcher.ExpectedWait(), phase);
        // A client that left, or does not read, is aborted: the loop sees it.
        await reply.FlushAsync();
    }

    private static async ValueTask<LeaseResult> ResultOfAsync(ParkedRequest parked) => ResultOf(await parked.Outcome);

    private static LeaseResult ResultOf(ParkedOutcome outcome) => new(outcome.Lease, outcome.Error, false);

    private static LeaseResult Refused(ApiError error) => new(null, error, false);

    private static TimeSpan RetryAfter(ModelDispatcher dispatcher) => dispatcher.ExpectedWait() ?? TimeSpan.FromSeconds(5);
}

/// <summary>A lease, or a refusal, or nobody to serve.</summary>
internal readonly record struct LeaseResult(Lease? Lease, ApiError? Error, bool ClientGone);
