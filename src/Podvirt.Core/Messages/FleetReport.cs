using Podvirt.Core.Replicas;

namespace Podvirt.Core.Messages;

/// <summary>Every gpu and every replica at one moment, for people. Gateways work by <see cref="RouteTable"/>.</summary>
/// <param name="Epoch">Which scheduler made it; a higher epoch wins whatever the revision.</param>
/// <param name="Revision">Grows with every change within an epoch.</param>
public sealed record FleetReport(long Epoch, long Revision, IReadOnlyList<GpuReport> Gpus, IReadOnlyList<ReplicaReport> Replicas)
{
    public static FleetReport Empty { get; } = new(0, 0, [], []);

    public bool IsNewerThan(FleetReport other) => Epoch != other.Epoch ? Epoch > other.Epoch : Revision > other.Revision;
}

/// <summary>One gpu's part of the memory ledger.</summary>
/// <param name="ReservedBytes">Held by replicas that serve, or are on their way up or down.</param>
/// <param name="SleepingBytes">Measured to stay with sleepers.</param>
/// <param name="Transition">The replica that changes this gpu's memory right now; null: none.</param>
/// <param name="IsDraining">An operator keeps it free of replicas.</param>
public sealed record GpuReport(
    string Id, int Index, string Node, string Type, bool Simulated, long MemoryBytes, long ReservedBytes, long SleepingBytes,
    string? Transition, bool IsDraining);

/// <summary>One replica.</summary>
/// <param name="Since">UTC, when it entered its state.</param>
/// <param name="CreatedAt">UTC, when it was placed.</param>
/// <param name="Phase">What a warming one is busy with; null otherwise.</param>
/// <param name="HeldBytes">On each of its gpus.</param>
/// <param name="SleepLevel">Of a sleeping one; null otherwise.</param>
/// <param name="Cause">Of the last decision about it.</param>
/// <param name="Reason">The same in words.</param>
/// <param name="HostBytes">Held of its node's own memory: what sleep added to it, as measured where it can be.</param>
public sealed record ReplicaReport(
    string Id, string Model, int Revision, ReplicaState State, DateTimeOffset Since, DateTimeOffset CreatedAt, string? Phase,
    IReadOnlyList<string> Gpus, string GpuType, long HeldBytes, int? SleepLevel, TransitionCause Cause, string Reason, long HostBytes = 0);
