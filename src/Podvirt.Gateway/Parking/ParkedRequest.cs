using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Parking;

/// <summary>
/// A request held until a replica can take it. Its place, and its bytes, are counted from parking to grant, refusal or
/// leave. It waits for its outcome, the clock or its client's leaving, whichever comes first.
/// </summary>
/// <param name="bytes">Memory that its body holds.</param>
/// <param name="parkedAt">A timestamp of the dispatcher's TimeProvider.</param>
/// <param name="avoid">Replicas that failed it already: taken only where there is no other.</param>
internal sealed class ParkedRequest(Caller caller, ulong session, int bytes, long parkedAt, IReadOnlyCollection<string> avoid) : Waiter
{
    public Caller Caller => caller;

    public ulong Session => session;

    public int Bytes => bytes;

    public long ParkedAt => parkedAt;

    public IReadOnlyCollection<string> Avoid => avoid;

    /// <summary>Null when it is not in the queue any more. Changes under the dispatcher's lock.</summary>
    public FairQueue<ParkedRequest>.Place? Place { get; set; }

    /// <summary>A lease or a refusal, once it is out of the queue by one of them.</summary>
    public ParkedOutcome Outcome { get; private set; }

    public void Grant(Lease lease) => Settle(new ParkedOutcome(lease, null));

    public void Refuse(ApiError error) => Settle(new ParkedOutcome(null, error));

    // Continues on the pool: the dispatcher settles under its lock.
    private void Settle(ParkedOutcome outcome)
    {
        Outcome = outcome;
        Signal(Signals.Arrived);
    }
}

/// <summary>One of both, or neither while it waits.</summary>
internal readonly record struct ParkedOutcome(Lease? Lease, ApiError? Error);
