using Podvirt.Core.Replicas;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>What may happen to a replica. Only the loop pulls these; effects report and the loop decides.</summary>
internal enum ReplicaTrigger
{
    /// <summary>Its gpus are in no other memory transition: the process is started.</summary>
    Launch,

    /// <summary>The engine answered its health check.</summary>
    Ready,

    /// <summary>The one-token canary came back.</summary>
    Canary,

    /// <summary>No new request shall reach it: it is idle, evicted, outdated or removed.</summary>
    Fence,

    /// <summary>Demand came back, it has unfinished jobs, or the drain took too long and nobody waits for the memory.</summary>
    Unfence,

    /// <summary>Every gateway confirmed the fence and nothing is in flight: <c>/sleep</c> is sent.</summary>
    Drained,

    /// <summary>The engine sleeps and its memory was seen to come back, or it was found so.</summary>
    Asleep,

    /// <summary>Demand for a sleeping model, and the memory is free.</summary>
    Wake,

    /// <summary>It sleeps, and nobody who leads has sent it to sleep: it is looked at.</summary>
    Doubt,

    /// <summary>It is not wanted any more.</summary>
    Stop,

    /// <summary>The process ended by itself, or a start, a canary, a sleep, a wake or its health failed.</summary>
    Break,

    /// <summary>The process is gone, and nothing was wrong with the model.</summary>
    Gone,

    /// <summary>The process is gone, and the model waits out a backoff because of it.</summary>
    GoneFailed,

    /// <summary>The backoff is over, or the model left the catalog.</summary>
    Expire,
}

/// <summary>
/// The whole state machine as data. <c>docs/replica-states.md</c> shows the same table; a test holds the two together.
/// A pair that is not here is a bug in the loop, and the loop says so by throwing.
/// </summary>
internal static class ReplicaTransitions
{
    /// <summary>State and trigger to next state; null: the replica is forgotten.</summary>
    public static IReadOnlyDictionary<(ReplicaState State, ReplicaTrigger Trigger), ReplicaState?> Table { get; } =
        new Dictionary<(ReplicaState, ReplicaTrigger), ReplicaState?>
        {
            [(ReplicaState.Placing, ReplicaTrigger.Launch)] = ReplicaState.Starting,
            [(ReplicaState.Placing, ReplicaTrigger.Stop)] = null,
            [(ReplicaState.Starting, ReplicaTrigger.Ready)] = ReplicaState.Warming,
            [(ReplicaState.Starting, ReplicaTrigger.Stop)] = ReplicaState.Stopping,
            [(ReplicaState.Starting, ReplicaTrigger.Break)] = ReplicaState.Stopping,
            [(ReplicaState.Warming, ReplicaTrigger.Canary)] = ReplicaState.Active,
            [(ReplicaState.Warming, ReplicaTrigger.Asleep)] = ReplicaState.Sleeping,
            [(ReplicaState.Warming, ReplicaTrigger.Stop)] = ReplicaState.Stopping,
            [(ReplicaState.Warming, ReplicaTrigger.Break)] = ReplicaState.Stopping,
            [(ReplicaState.Active, ReplicaTrigger.Fence)] = ReplicaState.Draining,
            [(ReplicaState.Active, ReplicaTrigger.Doubt)] = ReplicaState.Warming,
            [(ReplicaState.Active, ReplicaTrigger.Break)] = ReplicaState.Stopping,
            [(ReplicaState.Draining, ReplicaTrigger.Unfence)] = ReplicaState.Active,
            [(ReplicaState.Draining, ReplicaTrigger.Drained)] = ReplicaState.FallingAsleep,
            [(ReplicaState.Draining, ReplicaTrigger.Stop)] = ReplicaState.Stopping,
            [(ReplicaState.Draining, ReplicaTrigger.Break)] = ReplicaState.Stopping,
            [(ReplicaState.FallingAsleep, ReplicaTrigger.Asleep)] = ReplicaState.Sleeping,
            [(ReplicaState.FallingAsleep, ReplicaTrigger.Unfence)] = ReplicaState.Active,
            [(ReplicaState.FallingAsleep, ReplicaTrigger.Break)] = ReplicaState.Stopping,
            [(ReplicaState.Sleeping, ReplicaTrigger.Wake)] = ReplicaState.Waking,
            [(ReplicaState.Sleeping, ReplicaTrigger.Stop)] = ReplicaState.Stopping,
            [(ReplicaState.Sleeping, ReplicaTrigger.Break)] = ReplicaState.Stopping,
            [(ReplicaState.Waking, ReplicaTrigger.Canary)] = ReplicaState.Active,
            [(ReplicaState.Waking, ReplicaTrigger.Stop)] = ReplicaState.Stopping,
            [(ReplicaState.Waking, ReplicaTrigger.Break)] = ReplicaState.Stopping,
            [(ReplicaState.Stopping, ReplicaTrigger.Gone)] = null,
            [(ReplicaState.Stopping, ReplicaTrigger.GoneFailed)] = ReplicaState.Failed,
            [(ReplicaState.Failed, ReplicaTrigger.Expire)] = null,
        };

    /// <summary>True while the replica changes how much memory its gpus have: one such replica per gpu at a time.</summary>
    public static bool IsMemoryTransition(this ReplicaState state) => state
        is ReplicaState.Starting or ReplicaState.Warming or ReplicaState.FallingAsleep or ReplicaState.Waking;

    /// <summary>True while the replica is on its way to serve.</summary>
    public static bool IsWarming(this ReplicaState state) => state
        is ReplicaState.Placing or ReplicaState.Starting or ReplicaState.Warming or ReplicaState.Waking;
}
