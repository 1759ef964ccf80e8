using Podvirt.Core.Replicas;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Affinity;
using Podvirt.Gateway.Parking;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Videos;

/// <summary>Gets jobs their leases, in line with every other request of the model: a job that waits is demand, so the model starts for it.</summary>
internal sealed class VideoQueue(RouteDirectory routes, WaitClock clock, Accounts accounts, VideoOptions options, TimeProvider time)
{
    /// <summary>What a job that waits holds of the queue's bytes: its upload is on the disk.</summary>
    public const int HeldBytes = 4096;

    // A full queue is asked again; the job has its place among the jobs meanwhile.
    private static readonly TimeSpan s_fullRetry = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan s_rejoinRetry = TimeSpan.FromMilliseconds(100);

    /// <summary>A slot of some replica, as soon as there is one.</summary>
    /// <param name="avoid">Replicas that lost it.</param>
    public async Task<QueueResult> AcquireAsync(VideoJob job, IReadOnlyCollection<string> avoid, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var isCold = false;
        while (true)
        {
            if (!routes.TryFind(job.Model, out var dispatcher))
            {
                return Result(null, ApiErrors.UnknownModel(job.Model));
            }
            var session = SessionHash.OfText(job.Name);
            if (dispatcher.TryLease(session, avoid) is { } lease)
            {
                return Result(lease, null);
            }
            isCold |= dispatcher.Route.Status != ModelStatus.Active;
            var caller = accounts.KeyOf(new Caller(job.Project, job.Key)).Caller;
            var parked = new ParkedRequest(caller, session, HeldBytes, time.GetTimestamp(), avoid);
            if (dispatcher.TryPark(parked, again: avoid.Count > 0) is { } refusal)
            {
                if (refusal.Status != 429)
                {
                    return Result(null, refusal);
                }
                await Task.Delay(s_fullRetry, time, cancellationToken);
                continue;
            }
            var outcome = await WaitAsync(dispatcher, parked, job.CreatedAt + options.WaitMax - time.GetUtcNow(), cancellationToken);
            return Result(outcome.Lease, outcome.Error);
        }

        QueueResult Result(Lease? lease, ApiError? error) => new(lease, error, time.GetElapsedTime(began), isCold);
    }

    /// <summary>The replica that worked on it before this server started, once it is adopted. Null: it is not, or not in time.</summary>
    public async Task<Lease?> RejoinAsync(VideoJob job, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (routes.TryFind(job.Model, out var dispatcher))
        {
            if (dispatcher.TryRejoin(job.Replica) is { } lease)
            {
                return lease;
            }
            if (time.GetElapsedTime(began) >= options.RejoinWait)
            {
                return null;
            }
            await Task.Delay(s_rejoinRetry, time, cancellationToken);
        }
        return null;
    }

    private async Task<ParkedOutcome> WaitAsync(ModelDispatcher dispatcher, ParkedRequest parked, TimeSpan limit, CancellationToken cancellationToken)
    {
        var end = parked.ParkedAt + (long)(Math.Max(0, limit.TotalSeconds) * time.TimestampFrequency);
        using var cut = cancellationToken.UnsafeRegister(static parked => ((ParkedRequest)parked!).Signal(Signals.ClientGone), parked);
        try
        {
            while (true)
            {
                clock.Set(parked, end);
                await parked.WaitAsync();
                var signals = parked.Take();
                if (signals.HasFlag(Signals.Arrived))
                {
                    return parked.Outcome;
                }
                if (signals.HasFlag(Signals.ClientGone))
                {
                    dispatcher.Leave(parked);
                    throw new OperationCanceledException(cancellationToken);
                }
                if (time.GetTimestamp() >= end)
                {
                    return dispatcher.TryLeave(parked, timedOut: true)
                        ? new ParkedOutcome(null, ApiErrors.WaitedTooLong(dispatcher.Model.Id, options.WaitMax, dispatcher.ExpectedWait(parked: null)))
                        : parked.Outcome;
                }
            }
        }
        finally
        {
            clock.Clear(parked);
        }
    }
}

/// <param name="Lease">A lease, or</param>
/// <param name="Error">why there is none.</param>
/// <param name="Waited">For it.</param>
/// <param name="IsCold">It found no replica awake.</param>
internal readonly record struct QueueResult(Lease? Lease, ApiError? Error, TimeSpan Waited, bool IsCold);
