using System.Numerics;
using Podvirt.Core.Replicas;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Parking;

/// <summary>Gets a request its lease: at once where a replica is free, else by parking it until one is.</summary>
internal sealed class ParkingLot(GatewayOptions options, WaitClock clock, TimeProvider time)
{
    // The smallest array there is to rent.
    private const int ArrayBytesMin = 16;

    /// <param name="maxWait">The client's own limit; null, or longer than the gateway's: the gateway's.</param>
    /// <param name="avoid">Replicas that failed this request already.</param>
    public async ValueTask<LeaseResult> AcquireAsync(Exchange exchange, ClientReply reply, TimeSpan? maxWait, IReadOnlyCollection<string> avoid)
    {
        var dispatcher = exchange.Dispatcher;
        if (dispatcher.TryLease(exchange.Session, avoid) is { } lease)
        {
            return new LeaseResult(lease, null, false);
        }

        exchange.ColdStart |= dispatcher.Route.Status != ModelStatus.Active;
        if (maxWait == TimeSpan.Zero)
        {
            return Refused(dispatcher.Wish() ?? ApiErrors.WaitedTooLong(dispatcher.Model.Id, TimeSpan.Zero, dispatcher.ExpectedWait(parked: null)));
        }

        var parked = new ParkedRequest(exchange.Caller, exchange.Session, HeldBytes(exchange.Body.Length), time.GetTimestamp(), avoid);
        if (dispatcher.TryPark(parked, again: avoid.Count > 0) is { } refusal)
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
        var dispatcher = exchange.Dispatcher;
        var end = parked.ParkedAt + Ticks(limit);
        var comment = !exchange.Request.Stream ? long.MaxValue
            : parked.ParkedAt + Ticks(reply.HasBegun ? options.CommentInterval : options.CommentGrace);
        using var clientGone = exchange.Http.RequestAborted.UnsafeRegister(
            static parked => ((ParkedRequest)parked!).Signal(Signals.ClientGone), parked);
        try
        {
            while (true)
            {
                clock.Set(parked, Math.Min(comment, end));
                await parked.WaitAsync();
                var signals = parked.Take();
                var now = time.GetTimestamp();

                // 1. Whatever else happened: who has an outcome is out of the queue.
                if (signals.HasFlag(Signals.Arrived))
                {
                    return ResultOf(parked.Outcome);
                }
                if (signals.HasFlag(Signals.ClientGone))
                {
                    dispatcher.Leave(parked);
                    return new LeaseResult(null, null, ClientGone: true);
                }

                // 2. The clock decides, not its signal.
                if (now >= end)
                {
                    return dispatcher.TryLeave(parked, timedOut: true)
                        ? Refused(ApiErrors.WaitedTooLong(dispatcher.Model.Id, limit + exchange.Parked, dispatcher.ExpectedWait(parked: null)))
                        : ResultOf(parked.Outcome);
                }
                if (now >= comment)
                {
                    await CommentAsync(reply, dispatcher, parked);
                    comment = time.GetTimestamp() + Ticks(options.CommentInterval);
                }
            }
        }
        finally
        {
            clock.Clear(parked);
        }
    }

    private static ValueTask CommentAsync(ClientReply reply, ModelDispatcher dispatcher, ParkedRequest parked)
    {
        var route = dispatcher.Route;
        reply.BeginStream(whileParked: true);
        if (route.Status == ModelStatus.Active)
        {
            reply.WriteWaiting("queued", dispatcher.ExpectedWait(parked));
        }
        else
        {
            reply.WriteWaiting("warming-up", dispatcher.ExpectedWait(parked), route.WarmUp?.Phase ?? "starting");
        }
        return reply.FlushCommentAsync();
    }

    // Bodies are rented: arrays have a power of two of bytes.
    private static int HeldBytes(int bytes) => (int)Math.Min(int.MaxValue, BitOperations.RoundUpToPowerOf2((uint)Math.Max(ArrayBytesMin, bytes)));

    private static LeaseResult ResultOf(ParkedOutcome outcome) => new(outcome.Lease, outcome.Error, false);

    private static LeaseResult Refused(ApiError error) => new(null, error, false);

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);
}

/// <summary>A lease, or a refusal, or nobody to serve.</summary>
internal readonly record struct LeaseResult(Lease? Lease, ApiError? Error, bool ClientGone);
