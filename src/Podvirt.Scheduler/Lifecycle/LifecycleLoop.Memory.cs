using Podvirt.Core.Gpus;
using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Placement;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>The memory ledger: who holds what, and who has to leave.</summary>
internal sealed partial class LifecycleLoop
{
    private PlacementSnapshot Snapshot() => new(
        _drained.Count == 0 ? _settings.Gpus : [.. _settings.Gpus.Where(gpu => !_drained.Contains(gpu.Id))],
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
            ReplicaState.Stopping => (Held(replica), 0, HoldingKind.Leaving),
            ReplicaState.FallingAsleep => (reserved, asleep, HoldingKind.Leaving),
            ReplicaState.Draining => (reserved, replica.Drain is { ThenSleep: true } ? asleep : 0, HoldingKind.Leaving),
            ReplicaState.Active => (reserved, asleep, Standing(replica)),
            _ => (reserved, reserved, HoldingKind.Fixed),
        };
        return new Holding(replica.Id, replica.GpuIds, bytes, after, kind, replica.LastBusyAt);
    }

    /// <summary>On each gpu: all that it reserved; asleep, and until a sleeper's process is gone, what was measured.</summary>
    internal static long Held(Replica replica) => replica.State switch
    {
        ReplicaState.Sleeping => replica.ResidueBytes,
        ReplicaState.Stopping when replica.ResidueBytes > 0 => replica.ResidueBytes,
        _ => replica.Model.Gpu.MemoryBytes,
    };

    private HoldingKind Standing(Replica replica)
    {
        if (replica.Jobs > 0)
        {
            // Sleep would be refused, and a stop would lose them.
            return HoldingKind.Fixed;
        }

        var entry = _models[replica.Model.Id];
        if (IsCurrent(entry, replica) && ReplicasOf(entry).Count(other => other.State == ReplicaState.Active) <= MinOf(entry))
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

    private void Evict(ModelEntry entry, PlacementRequest request, PlacementDecision decision)
    {
        var ids = decision.Gpus.Select(gpu => gpu.Id).ToList();
        var free = decision.Gpus.Min(Free);
        foreach (var victim in decision.Victims)
        {
            var replica = _replicas[victim.Replica];
            var hold = Hold(replica);
            var why = new EvictionNumbers(entry.Spec.Id, ids, request.Bytes, free, victim.Sleep ? hold.Bytes - hold.BytesAfter : hold.Bytes);
            if (replica.State == ReplicaState.Active)
            {
                var reason = victim.Kind == HoldingKind.Busy ? DrainReason.Fairness : DrainReason.Evicted;
                _metrics.Evicted(replica.Model.Id, reason);
                Fence(replica, new DrainOrder(reason, victim.Sleep), WhyEvicted(reason, why));
            }
            else if (AreQuiet(replica))
            {
                _metrics.Evicted(replica.Model.Id, DrainReason.Evicted);
                StopReplica(replica, ReplicaTrigger.Stop, WhyEvicted(DrainReason.Evicted, why));
            }
        }
    }

    private static Why WhyEvicted(DrainReason reason, EvictionNumbers eviction)
    {
        const double GiB = 1L << 30;
        return new Why(
            reason == DrainReason.Fairness ? TransitionCause.Fairness : TransitionCause.Evicted,
            $"{eviction.ForModel} needs {eviction.NeededBytes / GiB:0.0} GiB, {eviction.FreeBytes / GiB:0.0} GiB are free; this one gives {eviction.FreedBytes / GiB:0.0} GiB",
            eviction);
    }

    private long Free(GpuDevice gpu)
    {
        var free = gpu.MemoryBytes;
        foreach (var replica in _replicas.Values)
        {
            free -= replica.State != ReplicaState.Failed && replica.GpuIds.Contains(gpu.Id) ? Held(replica) : 0;
        }

        return free;
    }
}
