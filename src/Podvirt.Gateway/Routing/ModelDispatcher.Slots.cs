namespace Podvirt.Gateway.Routing;

/// <summary>This gateway's share of each replica's slots, where there are other gateways.</summary>
internal sealed partial class ModelDispatcher
{
    /// <summary>Hears of a replica of whose slots this gateway wants more, or holds more than it uses; null: all slots are its own.</summary>
    public Action<string>? SlotsAsked { get; init; }

    /// <summary>What a replica is used for here: requests in flight, and its part of those that are parked.</summary>
    public (int InFlight, int Parked) GetUse(ReplicaSlots replica)
    {
        lock (_lock)
        {
            var isServing = replica.Route.Admits && _admitting.Length > 0;
            return (replica.InFlight, isServing ? (_parked.Count + _admitting.Length - 1) / _admitting.Length : 0);
        }
    }

    /// <param name="replica">One of this model's.</param>
    /// <param name="limit">New requests go in only below it.</param>
    /// <param name="held">What this gateway has of the slots.</param>
    /// <returns>Requests in flight from here on: no more than these, or the limit, go in.</returns>
    public int SetShare(ReplicaSlots replica, int limit, int held)
    {
        int inFlight;
        bool isRaised;
        lock (_lock)
        {
            isRaised = limit > replica.Limit;
            replica.Limit = limit;
            replica.Held = held;
            inFlight = replica.InFlight;
        }
        if (isRaised)
        {
            Release();
        }
        return inFlight;
    }

    /// <summary>The replica of that id; null: this model has none.</summary>
    public ReplicaSlots? FindReplica(string id)
    {
        lock (_lock)
        {
            return _replicas.GetValueOrDefault(id);
        }
    }

    /// <summary>All replicas that can be reached, whatever their state.</summary>
    public void AddReplicas(List<(ModelDispatcher Dispatcher, ReplicaSlots Replica)> replicas)
    {
        lock (_lock)
        {
            foreach (var replica in _replicas.Values)
            {
                replicas.Add((this, replica));
            }
        }
    }

    // Under the lock; who is asked only takes a note.
    private void AskForSlots(ReplicaSlots replica) => SlotsAsked?.Invoke(replica.Route.Id);

    // Under the lock. One is parked for whom all shares are too small.
    private void AskForMore()
    {
        if (SlotsAsked is not null)
        {
            foreach (var replica in _admitting)
            {
                if (replica.Limit < replica.Route.Slots)
                {
                    AskForSlots(replica);
                }
            }
        }
    }
}
