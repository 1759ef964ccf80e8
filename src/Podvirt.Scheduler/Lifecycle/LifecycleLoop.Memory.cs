using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Placement;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>The memory ledger: who holds what, and who has to leave.</summary>
internal sealed partial class LifecycleLoop
{
    private PlacementSnapshot Snapshot() => new(
        _settings.Gpus,
        [.. _replicas.Values.Where(replica => replica.State != ReplicaState.Failed && replica.Gpus.Count > 0).Select(Hold)],
        _claimed);

    private Holding Hold(Replica replica)
    {
        var reserved = replica.Model.Gpu.MemoryBytes;
        var canSleep = CanSleep(replica);
        var asleep = canSleep ? AssumedResidue(replica) : reserved;
        var (bytes, after, kind) = replica.State switch
        {
            ReplicaState.Sleeping => (replica.ResidueBytes, 0, HoldingKind.Sleeping),
            ReplicaState.Stopping => (HeldWhileStopping(replica), 0, HoldingKind.Leaving),
            ReplicaState.FallingAsleep => (reserved, asleep, HoldingKind.Leaving),
            ReplicaState.Draining => (reserved, replica.Drain is { ThenSleep: true } ? asleep : 0, HoldingKind.Leaving),
            ReplicaState.Active => (reserved, asleep, Standing(replica)),
            _ => (reserved, reserved, HoldingKind.Fixed),
        };
        return new Holding(replica.Id, replica.GpuIds, bytes, after, kind, replica.LastBusyAt);
    }

    /// <summary>Whatever it holds until its process is gone: all of it, unless it was asleep.</summary>
    private static long HeldWhileStopping(Replica replica) =>
        replica.ResidueBytes > 0 ? replica.ResidueBytes : replica.Model.Gpu.MemoryBytes;

    private HoldingKind Standing(Replica replica)
    {
        if (replica.Jobs > 0)
        {
            // Sleep would be refused, and a stop would lose them.
            return HoldingKind.Fixed;
        }

        var entry = _models[replica.Model.Id];
        if (IsCurrent(entry, replica) && ReplicasOf(entry).Count(other => other.State == ReplicaState.Active) <= entry.Spec.Replicas.Min)
        {
            return HoldingKind.Fixed;
        }

        if (_demand.InFlightOf(replica.Id) == 0 && _demand.Of(replica.Model.Id, _now).Waiting == 0)
        {
            return HoldingKind.Idle;
        }

        return _now - replica.ActiveSince >= _options.ResidencyMin ? HoldingKind.Busy : HoldingKind.Fixed;
    }

    private static bool CanSleep(Replica replica) => EngineTraits.CanSleep(replica.Model);

    private long AssumedResidue(Replica replica) =>
        Math.Min(replica.Model.Gpu.MemoryBytes, _models[replica.Model.Id].MeasuredResidueBytes ?? _options.AssumedResidueBytes);

    private void Evict(IReadOnlyList<Victim> victims)
    {
        foreach (var victim in victims)
        {
            var replica = _replicas[victim.Replica];
            if (replica.State == ReplicaState.Active)
            {
                var reason = victim.Kind == HoldingKind.Busy ? DrainReason.Fairness : DrainReason.Evicted;
                _metrics.Evicted(replica.Model.Id, reason);
                Fence(replica, new DrainOrder(reason, victim.Sleep));
            }
            else if (AreQuiet(replica))
            {
                _metrics.Evicted(replica.Model.Id, DrainReason.Evicted);
                StopReplica(replica, ReplicaTrigger.Stop);
            }
        }
    }
}
