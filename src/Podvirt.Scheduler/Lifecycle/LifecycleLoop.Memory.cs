using Podvirt.Core.Gpus;
using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Idle;
using Podvirt.Scheduler.Placement;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>The memory ledger: who holds what, and who has to leave.</summary>
internal sealed partial class LifecycleLoop
{
    private const double GiB = 1L << 30;

    /// <summary>The ledger as of now: every replica that changed since the last look is entered anew.</summary>
    private MemoryLedger Ledger()
    {
        foreach (var replica in _touched)
        {
            Enter(replica);
        }

        _touched.Clear();
        return _ledger;
    }

    /// <summary>Demand and time change what a replica's memory is worth, and whether it may be asked for, without a change of state.</summary>
    private void TouchAll() => _touched.UnionWith(_replicas.Values);

    private void Enter(Replica replica)
    {
        if (replica.Gpus.Count > 0 && replica.State != ReplicaState.Failed && _replicas.ContainsKey(replica.Id))
        {
            _ledger.Put(Hold(replica));
        }
        else
        {
            _ledger.Remove(replica.Id);
        }
    }

    private Holding Hold(Replica replica)
    {
        var reserved = replica.Model.Gpu.MemoryBytes;
        var canSleep = CanSleep(replica);
        var asleep = canSleep ? AssumedResidue(replica) : reserved;
        var (bytes, after, kind) = replica.State switch
        {
            // Somebody waits for its wake.
            ReplicaState.Sleeping when _demand.Of(replica.Model.Id, _now).Waiting > 0 => (replica.ResidueBytes, 0, HoldingKind.Rising),
            ReplicaState.Sleeping => (replica.ResidueBytes, 0, HoldingKind.Sleeping),
            ReplicaState.Stopping => (Held(replica), 0, HoldingKind.Leaving),
            ReplicaState.FallingAsleep => (reserved, asleep, HoldingKind.Leaving),
            // Stopped only when its jobs are done, which may be long.
            ReplicaState.Draining when replica.Jobs > 0 => (reserved, reserved, HoldingKind.Rising),
            ReplicaState.Draining => (reserved, replica.Drain is { ThenSleep: true } ? asleep : 0, HoldingKind.Leaving),
            ReplicaState.Active => (reserved, asleep, Standing(replica)),
            _ => (reserved, reserved, HoldingKind.Rising),
        };
        var worth = replica.State is ReplicaState.Active or ReplicaState.Sleeping ? WorthOf(replica).AgainstOthers(IdleTuning.Default) : default;
        var holding = new Holding(
            replica.Id, replica.GpuIds, bytes, after, kind, Math.Min(worth.Awake, Evictions.WorthMax),
            Math.Min(worth.Asleep, Evictions.WorthMax), HostBytes: HostBytes(replica),
            ExpectedBytes: Expect(replica),
            IsChanging: replica.State is not (ReplicaState.Active or ReplicaState.Sleeping),
            AwakeBytes: kind == HoldingKind.Leaving && after == 0 ? 0 : reserved);
        return HasWholeGpus ? Whole(replica, holding) : holding;
    }

    /// <summary>What it will want back where it sleeps, so that others are placed beside it only where there is no better place.</summary>
    private long Expect(Replica replica)
    {
        var isDown = replica.State is ReplicaState.Sleeping or ReplicaState.FallingAsleep
            || replica is { State: ReplicaState.Draining, Drain.ThenSleep: true };
        if (!isDown)
        {
            return 0;
        }

        var entry = _models[replica.Model.Id];
        var chance = entry.Use.Curve(_fleetGaps).ChanceSoon((_now - replica.LastBusyAt).TotalSeconds);
        return (long)(Math.Max(0, replica.Model.Gpu.MemoryBytes - AssumedResidue(replica)) * chance);
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
            return HoldingKind.Rising;
        }

        var entry = _models[replica.Model.Id];
        if (IsCurrent(entry, replica) && ReplicasOf(entry).Count(other => other.State == ReplicaState.Active) <= KeptOf(entry))
        {
            return HoldingKind.Kept;
        }

        if (_now - replica.ActiveSince < _options.ResidencyMin)
        {
            return HoldingKind.Rising;
        }

        var isIdle = _demand.InFlightOf(replica.Id) == 0 && _demand.Of(replica.Model.Id, _now).Waiting == 0;
        return isIdle ? HoldingKind.Idle : HoldingKind.Busy;
    }

    private static bool CanSleep(Replica replica) => EngineTraits.CanSleep(replica.Model);

    private long AssumedResidue(Replica replica) =>
        Math.Min(replica.Model.Gpu.MemoryBytes, _models[replica.Model.Id].MeasuredResidueBytes ?? _options.AssumedResidueBytes);

    private void Evict(ModelEntry entry, PlacementRequest request, PlacementDecision decision)
    {
        var ids = decision.Gpus.Select(gpu => gpu.Id).ToList();
        var free = decision.Gpus.Min(gpu => Ledger().Account(gpu.Id).Free);
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

    private static Why WhyEvicted(DrainReason reason, EvictionNumbers eviction) => new(
        reason == DrainReason.Fairness ? TransitionCause.Fairness : TransitionCause.Evicted,
        $"{eviction.ForModel} needs {eviction.NeededBytes / GiB:0.0} GiB, {eviction.FreeBytes / GiB:0.0} GiB are free; this one gives {eviction.FreedBytes / GiB:0.0} GiB",
        eviction);
}
