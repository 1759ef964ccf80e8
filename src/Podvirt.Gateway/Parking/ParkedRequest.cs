using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Parking;

/// <summary>A request held until a replica can take it. Its place is counted from parking to grant, refusal or leave.</summary>
internal sealed class ParkedRequest(Caller caller, ulong session, int bytes, long parkedAt)
{
    // Continuations run elsewhere: the dispatcher grants under its lock.
    private readonly TaskCompletionSource<ParkedOutcome> _outcome = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Caller Caller => caller;

    public ulong Session => session;

    public int Bytes => bytes;

    /// <summary>A timestamp of the dispatcher's TimeProvider.</summary>
    public long ParkedAt => parkedAt;

    /// <summary>Ends with a lease or a refusal; never faults.</summary>
    public Task<ParkedOutcome> Outcome => _outcome.Task;

    /// <summary>Null when it is not in the queue any more.</summary>
    public FairQueue<ParkedRequest>.Place? Place { get; set; }

    public void Grant(Lease lease) => _outcome.SetResult(new ParkedOutcome(lease, null));

    public void Refuse(ApiError error) => _outcome.SetResult(new ParkedOutcome(null, error));
}

/// <summary>One of both.</summary>
internal readonly record struct ParkedOutcome(Lease? Lease, ApiError? Error);
