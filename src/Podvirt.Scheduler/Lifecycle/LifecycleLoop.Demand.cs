using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Idle;
using Podvirt.Scheduler.Placement;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>Demand: who needs a replica, and where it comes from.</summary>
internal sealed partial class LifecycleLoop
{
    /// <param name="Need">Requests waiting or in flight that count for this model's size.</param>
    /// <param name="Serving">Active replicas of the current revision.</param>
    /// <param name="Warming">Replicas of the current revision on their way.</param>
    /// <param name="Wanted">Replicas that should serve.</param>
    private sealed record Want(ModelEntry Entry, Demand Demand, int Need, int Serving, int Warming, int Wanted)
    {
        public int Have => Serving + Warming;

        public bool IsFirst => Have == 0;
    }

    private void ServeDemand()
    {
        TouchAll();
        _ledger.ReleaseClaims();
        _ledger.Claim([.. _drained]);
        var wants = _models.Values
            .Where(entry => !entry.IsRemoved && entry.Unschedulable is null && entry.Spec.Engine.Kind != EngineKind.External)
            .Select(Assess).ToList();
        foreach (var want in wants)
        {
            want.Entry.WaitingPhase = null;
            want.Entry.IsShort = false;
        }

        // Nobody served before somebody served more; demand before replicas.min; the longest wait first.
        var order = wants.Where(want => want.Wanted > want.Have)
            .OrderBy(want => !want.IsFirst).ThenBy(want => want.Need == 0)
            .ThenByDescending(want => want.Demand.Oldest).ThenBy(want => want.Entry.Spec.Id, StringComparer.Ordinal);
        foreach (var want in order.ToList())
        {
            Satisfy(want);
        }
    }

    /// <summary>
    /// A model with nothing serving gets one replica, however many wait: what it will need is known only once it serves.
    /// Then one more at a time, while requests outnumber the slots of all that serve or are on their way.
    /// </summary>
    private Want Assess(ModelEntry entry)
    {
        var demand = _demand.Of(entry.Spec.Id, _now);
        var serving = 0;
        var warming = 0;
        var leavingInFlight = 0;
        foreach (var replica in ReplicasOf(entry))
        {
            serving += IsCurrent(entry, replica) && replica.State == ReplicaState.Active ? 1 : 0;
            warming += IsCurrent(entry, replica) && replica.State.IsWarming() ? 1 : 0;
            leavingInFlight += replica is { State: ReplicaState.Draining, Drain.IsCancelable: false } ? _demand.InFlightOf(replica.Id) : 0;
        }

        var range = entry.Spec.Replicas;
        var need = demand.Waiting + Math.Max(0, demand.InFlight - leavingInFlight);
        var have = serving + warming;
        var wanted = Math.Min(need, Math.Max(have, 1));
        if (serving > 0 && need > range.Concurrency * have)
        {
            wanted = have + 1;
        }

        wanted = Math.Min(Math.Max(wanted, KeptOf(entry)), Math.Max(range.Max, 1));
        return new Want(entry, demand, need, serving, warming, wanted);
    }

    /// <summary>In this order: take back what drains, wake, start in free memory, make room, and at last make room by force.</summary>
    private void Satisfy(Want want)
    {
        var entry = want.Entry;
        if (TakeBack(entry) || AwaitSleeper(entry))
        {
            return;
        }

        // What is only expected takes free memory, and nobody's.
        var isExpected = want.Need == 0 && entry.Spec.Replicas.Min == 0;
        var scope = want.IsFirst && !isExpected ? EvictionScope.Idle : EvictionScope.None;
        if (TryWake(entry, scope) || (!IsWorthWaiting(entry, want) && TryStart(entry, EvictionScope.None)))
        {
            return;
        }

        if (!want.IsFirst || isExpected || _now < entry.RetryAt || IsWorthWaiting(entry, want))
        {
            return;
        }

        entry.WaitingPhase ??= WarmUpPhases.WaitingForMemory;
        if (TryStart(entry, EvictionScope.Idle) || ReplaceOutdated(entry))
        {
            return;
        }

        var isAged = want.Demand.Oldest >= _options.FairnessLimit && want.Demand.Waiting > 0;
        entry.IsShort = !isAged || !(TryWake(entry, EvictionScope.Busy) || TryStart(entry, EvictionScope.Busy));
    }

    /// <summary>
    /// A wake where those beside the sleeper are about to be done is sooner than a start elsewhere: it waits for them, for a part
    /// of what a start would take. Not for those that start themselves: they will be in use at first, and for longer.
    /// </summary>
    private bool IsWorthWaiting(ModelEntry entry, Want want)
    {
        if (!want.IsFirst || want.Demand.Waiting == 0)
        {
            return false;
        }

        var sleeper = ReplicasOf(entry).FirstOrDefault(replica => IsCurrent(entry, replica) && replica.State == ReplicaState.Sleeping);
        if (sleeper is null || want.Demand.Oldest >= Patience.Of(Costs(entry, sleeper, sleeper.SleepLevel)))
        {
            return false;
        }

        var isRising = sleeper.GpuIds.SelectMany(_index.OnGpu).Any(other => other.State is ReplicaState.Placing or ReplicaState.Starting or ReplicaState.Warming);
        var bytes = WakeBytes(sleeper);
        var request = new PlacementRequest(sleeper.Gpus.Count, bytes, EvictionScope.Busy, sleeper.GpuIds, sleeper.Id);
        if (isRising || Planner.Decide(Ledger(), request).Outcome == PlacementOutcome.NoRoom)
        {
            return false;
        }

        entry.WaitingPhase = WarmUpPhases.WaitingForMemory;
        return true;
    }

    private bool TakeBack(ModelEntry entry)
    {
        var draining = ReplicasOf(entry).FirstOrDefault(replica =>
            IsCurrent(entry, replica) && replica is { State: ReplicaState.Draining, Drain.IsCancelable: true });
        if (draining is null)
        {
            return false;
        }

        Unfence(draining, WhyWanted(entry));
        return true;
    }

    /// <summary>One that falls asleep this moment is woken right after: that is sooner than any cold start.</summary>
    private bool AwaitSleeper(ModelEntry entry)
    {
        if (!ReplicasOf(entry).Any(replica => IsCurrent(entry, replica) && replica.State == ReplicaState.FallingAsleep))
        {
            return false;
        }

        entry.WaitingPhase = WarmUpPhases.Waking;
        return true;
    }

    /// <summary>True when this is how the demand will be met: now, or when its gpus are free and quiet.</summary>
    private bool TryWake(ModelEntry entry, EvictionScope scope)
    {
        var sleepers = ReplicasOf(entry).Where(replica => IsCurrent(entry, replica) && replica.State == ReplicaState.Sleeping)
            .OrderByDescending(replica => replica.LastBusyAt).ToList();
        // The free ones first: none is bought with an eviction while another costs nothing.
        foreach (var tried in scope == EvictionScope.None ? [EvictionScope.None] : new[] { EvictionScope.None, scope })
        {
            foreach (var sleeper in sleepers)
            {
                var bytes = WakeBytes(sleeper);
                var request = new PlacementRequest(sleeper.Gpus.Count, bytes, tried, sleeper.GpuIds, sleeper.Id);
                var decision = Planner.Decide(Ledger(), request);
                if (decision.Outcome == PlacementOutcome.Fits)
                {
                    WakeWhenQuiet(entry, sleeper);
                    return true;
                }

                if (decision.Outcome == PlacementOutcome.Evict)
                {
                    entry.WaitingPhase = WarmUpPhases.WaitingForMemory;
                    _ledger.Claim(sleeper.GpuIds);
                    Evict(entry, request, decision with { Gpus = sleeper.Gpus });
                    return true;
                }
            }
        }

        return false;
    }

    private void WakeWhenQuiet(ModelEntry entry, Replica sleeper)
    {
        if (!AreQuiet(sleeper))
        {
            entry.WaitingPhase = WarmUpPhases.WaitingForGpu;
            _ledger.Claim(sleeper.GpuIds);
            return;
        }

        sleeper.EnterFirst(WarmUpPhases.Waking, _now, _time.GetUtcNow());
        sleeper.ResidueBytes = 0;
        Move(sleeper, ReplicaTrigger.Wake, WhyWanted(entry));
        _effects.Wake(sleeper.Target);
    }

    private bool TryStart(ModelEntry entry, EvictionScope scope)
    {
        if (_now < entry.RetryAt)
        {
            return false;
        }

        var spec = entry.Spec;
        var request = new PlacementRequest(
            spec.Gpu.Count, spec.Gpu.MemoryBytes, scope, Simulated: EngineTraits.NeedsSimulatedGpu(spec),
            Order: _options.PlacementOrder);
        var decision = Planner.Decide(Ledger(), request);
        if (decision.Outcome == PlacementOutcome.NoRoom)
        {
            return false;
        }

        if (decision.Outcome == PlacementOutcome.Evict)
        {
            _ledger.Claim([.. decision.Gpus.Select(gpu => gpu.Id)]);
            Evict(entry, request, decision);
            return true;
        }

        var replica = new Replica(_settings.NewReplicaId(), spec, decision.Gpus, _now) { SleepLevel = _options.SleepLevel };
        Place(replica, WhyWanted(entry));
        entry.WaitingPhase = null;
        _metrics.Placed(spec.Id);
        SchedulerLog.Placed(_log, spec.Id, replica.Id, string.Join(',', replica.GpuIds));
        StopStranded(entry);
        return true;
    }

    /// <summary>A model was placed elsewhere because its sleeper's gpu is taken: no more of them than allowed in all.</summary>
    private void StopStranded(ModelEntry entry)
    {
        var all = ReplicasOf(entry).Where(replica => replica.State is not (ReplicaState.Stopping or ReplicaState.Failed)).ToList();
        var surplus = Math.Max(0, all.Count - Math.Max(1, entry.Spec.Replicas.Max));
        var sleepers = all.Where(replica => replica.State == ReplicaState.Sleeping && AreQuiet(replica));
        foreach (var sleeper in sleepers.Take(surplus))
        {
            StopReplica(sleeper, ReplicaTrigger.Stop, new Why(TransitionCause.Surplus, "its gpus are taken; another replica was placed elsewhere"));
        }
    }

    /// <summary>The old revision holds the memory that the new one needs.</summary>
    private bool ReplaceOutdated(ModelEntry entry)
    {
        var isUnderWay = ReplicasOf(entry).Any(replica => replica is { State: ReplicaState.Draining, Drain.Reason: DrainReason.Outdated });
        if (_now < entry.RetryAt || isUnderWay)
        {
            return false;
        }

        var old = ReplicasOf(entry).FirstOrDefault(replica => !IsCurrent(entry, replica) && replica.State == ReplicaState.Active);
        if (old is null)
        {
            return false;
        }

        Fence(old, new DrainOrder(DrainReason.Outdated, ThenSleep: false), WhyOutdated(entry, old));
        return true;
    }
}
