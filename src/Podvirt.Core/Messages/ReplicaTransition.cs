using Podvirt.Core.Replicas;

namespace Podvirt.Core.Messages;

/// <summary>What made a replica change its state.</summary>
public enum TransitionCause
{
    /// <summary>Requests wait, or are more than the slots of those that serve.</summary>
    Demand,

    /// <summary><c>replicas.min</c>.</summary>
    Minimum,

    /// <summary>Nobody used it for its idle time.</summary>
    Idle,

    /// <summary>It was idle, and another model needs its memory.</summary>
    Evicted,

    /// <summary>It was busy, but another model's request had waited too long.</summary>
    Fairness,

    /// <summary>Its model has a newer revision.</summary>
    Outdated,

    /// <summary>Its model left the catalog.</summary>
    Removed,

    /// <summary>An operator drains its gpu.</summary>
    GpuDrained,

    /// <summary>Another replica of its model was placed elsewhere, because its own gpu was taken.</summary>
    Surplus,

    /// <summary>An operator asked for it.</summary>
    Operator,

    /// <summary>Something failed: the process, a step, or the drain's deadline.</summary>
    Failure,

    /// <summary>An earlier run of Podvirt ended without an orderly stop.</summary>
    Restart,
}

/// <summary>One change of one replica's state.</summary>
/// <param name="Epoch">The scheduler that made it.</param>
/// <param name="Sequence">Grows by one within an epoch, so that a listener sees what it missed.</param>
/// <param name="At">UTC.</param>
/// <param name="Gpus">Device ids.</param>
/// <param name="From">Null: it was placed this moment.</param>
/// <param name="Trigger">The column of that name in <c>docs/replica-states.md</c>; <c>Place</c> for a new one, <c>Adopt</c> for one of an earlier run that serves, <c>Lost</c> for one that was changing then.</param>
/// <param name="To">Null: gone.</param>
/// <param name="Cause">Why, in one word: the decision that this change is a part of.</param>
/// <param name="Reason">Why, in a sentence for people, with the numbers.</param>
/// <param name="TookMs">How long it was in <paramref name="From"/>, in milliseconds.</param>
/// <param name="Eviction">Set while it leaves for another model.</param>
public sealed record ReplicaTransition(
    long Epoch, long Sequence, DateTimeOffset At, string Model, int Revision, string Replica, IReadOnlyList<string> Gpus,
    ReplicaState? From, string Trigger, ReplicaState? To, TransitionCause Cause, string Reason, long TookMs, EvictionNumbers? Eviction);

/// <summary>For whom a replica leaves, and the numbers that decided it. Bytes are those of each gpu, or of the node's own memory.</summary>
/// <param name="ForModel">The model that waits, or that shall sleep.</param>
/// <param name="Gpus">The devices that it shall have; empty: it is host memory that it needs, to sleep.</param>
/// <param name="NeededBytes">What it needs on each of them.</param>
/// <param name="FreeBytes">What was free on the fullest of them.</param>
/// <param name="FreedBytes">What this replica gives back: expected, and once it sleeps as measured.</param>
public sealed record EvictionNumbers(string ForModel, IReadOnlyList<string> Gpus, long NeededBytes, long FreeBytes, long FreedBytes);
