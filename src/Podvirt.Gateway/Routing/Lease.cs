namespace Podvirt.Gateway.Routing;

/// <summary>One request's hold on one slot of a replica. Returned exactly once.</summary>
internal sealed class Lease(ModelDispatcher dispatcher, ReplicaSlots replica) : IDisposable
{
    private int _returned;

    public ReplicaSlots Replica => replica;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _returned, 1) == 0)
        {
            dispatcher.Return(replica);
        }
    }
}
