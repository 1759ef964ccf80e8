namespace Podvirt.Core.Replicas;

/// <summary>Where one replica is in its life. Only the scheduler's loop changes it.</summary>
public enum ReplicaState
{
    /// <summary>Gpus are chosen and reserved; no process yet.</summary>
    Placing,

    /// <summary>The engine process loads.</summary>
    Starting,

    /// <summary>The engine answers its health check; the one-token canary runs.</summary>
    Warming,

    /// <summary>Takes requests.</summary>
    Active,

    /// <summary>Fenced: takes no new request, finishes those in flight.</summary>
    Draining,

    /// <summary><c>/sleep</c> is sent; the memory is being checked.</summary>
    FallingAsleep,

    /// <summary>Level 1: weights in host memory. Level 2: only the process.</summary>
    Sleeping,

    /// <summary><c>/wake_up</c> is sent, then the canary.</summary>
    Waking,

    /// <summary>Being removed.</summary>
    Stopping,

    /// <summary>The last start, canary or health check failed; reason and log are kept, retried with backoff.</summary>
    Failed,
}

/// <summary>What a model shows: its best replica's state.</summary>
public enum ModelStatus
{
    /// <summary>Nothing runs; the next request starts a replica.</summary>
    Cold,
    WarmingUp,
    Active,
    Sleeping,

    /// <summary>Nothing serves and the last attempt failed; see the reason.</summary>
    Failed,
}

public static class ReplicaStates
{
    /// <summary>The word for a model's status, everywhere: API, command line, console.</summary>
    public static string ToName(this ModelStatus status) => status switch
    {
        ModelStatus.Cold => "Cold",
        ModelStatus.WarmingUp => "Warming Up",
        ModelStatus.Active => "Active",
        ModelStatus.Sleeping => "Sleeping",
        ModelStatus.Failed => "Failed",
        _ => throw new ArgumentOutOfRangeException(nameof(status), status, "unknown model status"),
    };

    /// <summary>What a replica in this state lets its model show.</summary>
    public static ModelStatus ToModelStatus(this ReplicaState state) => state switch
    {
        ReplicaState.Placing or ReplicaState.Starting or ReplicaState.Warming or ReplicaState.Waking => ModelStatus.WarmingUp,
        ReplicaState.Active or ReplicaState.Draining => ModelStatus.Active,
        ReplicaState.FallingAsleep or ReplicaState.Sleeping => ModelStatus.Sleeping,
        ReplicaState.Stopping => ModelStatus.Cold,
        ReplicaState.Failed => ModelStatus.Failed,
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "unknown replica state"),
    };

    /// <summary>The best of several: Active, then Warming Up, then Sleeping, then Failed, then Cold.</summary>
    public static ModelStatus Best(IEnumerable<ReplicaState> states)
    {
        var best = ModelStatus.Cold;
        foreach (var state in states)
        {
            var status = state.ToModelStatus();
            if (Rank(status) > Rank(best))
            {
                best = status;
            }
        }
        return best;
    }

    private static int Rank(ModelStatus status) => status switch
    {
        ModelStatus.Active => 4,
        ModelStatus.WarmingUp => 3,
        ModelStatus.Sleeping => 2,
        ModelStatus.Failed => 1,
        _ => 0,
    };
}
