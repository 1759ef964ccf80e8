using Podvirt.Messaging.Leases;

namespace Podvirt.Scheduler.Leadership;

/// <summary>
/// One scheduler's right to decide and to act: an epoch that nobody has raised since, and where several stand by for each other
/// also a lease, for its time. The lease says when to stop; the epoch proves that nobody else has begun.
/// </summary>
/// <param name="lease">Null: this process is alone, and nobody can take it away.</param>
internal sealed class Mandate(long epoch, EpochClaim? claim, LeaseHold? lease)
{
    public long Epoch => epoch;

    /// <summary>True: nobody else can lead, so that nothing has to be confirmed.</summary>
    public bool IsAlone => lease is null;

    public bool Holds => lease?.Holds ?? true;

    /// <summary>Every call that changes a replica is broken off by it.</summary>
    public CancellationToken Ended => lease?.Ended ?? CancellationToken.None;

    public static Mandate Alone(long epoch) => new(epoch, null, null);

    public void End(string why) => lease?.End(why);

    /// <summary>Asked at the last moment before a call that changes a replica: a process that was paused may be behind all its timers.</summary>
    /// <exception cref="OperationCanceledException">It has ended.</exception>
    public void ThrowIfEnded()
    {
        if (!Holds)
        {
            lease!.End("its time is over");
            throw new OperationCanceledException("The scheduler does not lead any more.", lease.Ended);
        }
    }

    /// <summary>False: another scheduler has taken over, and this one has ended.</summary>
    /// <exception cref="OperationCanceledException">The lease ended first, or it was given up.</exception>
    public async ValueTask<bool> ConfirmAsync(CancellationToken cancellationToken)
    {
        if (lease is null || claim is null)
        {
            return true;
        }

        ThrowIfEnded();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(lease.Ended, cancellationToken);
        if (!await claim.ConfirmAsync(either.Token))
        {
            lease.End("another scheduler has taken over");
        }

        return lease.Holds;
    }
}
