using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Idle;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>The way down: fence, drain, sleep or stop; and up from Placing.</summary>
internal sealed partial class LifecycleLoop
{
    private void Fence(Replica replica, DrainOrder order)
    {
        replica.Drain = order;
        replica.FenceRevision = 0;
        Move(replica, ReplicaTrigger.Fence);
    }

    private void Unfence(Replica replica)
    {
        replica.Drain = null;
        replica.FenceRevision = 0;
        Move(replica, ReplicaTrigger.Unfence);
        replica.NextProbeAt = _now + _options.ProbeInterval;
    }

    /// <summary>Replicas of removed models and of older revisions. Under demand the old one serves until its successor does.</summary>
    private void FenceOutdated()
    {
        foreach (var entry in _models.Values)
        {
            var outdated = ReplicasOf(entry).Where(replica => !IsCurrent(entry, replica)).ToList();
            if (outdated.Count == 0)
            {
                continue;
            }

            var demand = _demand.Of(entry.Spec.Id, _now);
            var isReplaced = entry.IsRemoved || demand is { Waiting: 0, InFlight: 0 }
                || ReplicasOf(entry).Any(replica => IsCurrent(entry, replica) && replica.State == ReplicaState.Active);
            foreach (var replica in outdated)
            {
                switch (replica.State)
                {
                    case ReplicaState.Placing or ReplicaState.Starting or ReplicaState.Warming or ReplicaState.Waking:
                        StopReplica(replica, ReplicaTrigger.Stop);
                        break;
                    case ReplicaState.Sleeping when AreQuiet(replica):
                        StopReplica(replica, ReplicaTrigger.Stop);
                        break;
                    case ReplicaState.Active when isReplaced:
                        Fence(replica, new DrainOrder(DrainReason.Outdated, ThenSleep: false));
                        break;
                    case ReplicaState.Draining when replica.Drain is { IsCancelable: true }:
                        replica.Drain = new DrainOrder(DrainReason.Outdated, ThenSleep: false);
                        break;
                    default:
                        break;
                }
            }
        }
    }

    private void FenceIdle()
    {
        foreach (var entry in _models.Values)
        {
            if (entry.IsRemoved)
            {
                continue;
            }

            var demand = _demand.Of(entry.Spec.Id, _now);
            var need = demand.Waiting + demand.InFlight;
            var current = ReplicasOf(entry).Where(replica => IsCurrent(entry, replica)).ToList();
            var serving = current.Count(replica => replica.State == ReplicaState.Active);
            foreach (var replica in current.OrderBy(replica => replica.LastBusyAt))
            {
                var isAsleep = replica.State == ReplicaState.Sleeping;
                var decision = DecideIdle(entry, replica);
                if (isAsleep && decision == IdleDecision.Stop && AreQuiet(replica))
                {
                    StopReplica(replica, ReplicaTrigger.Stop);
                }
                else if (replica.State == ReplicaState.Active && decision != IdleDecision.Stay
                    && serving > KeptOf(entry)
                    && need <= entry.Spec.Replicas.Concurrency * (serving - 1)
                    && _demand.InFlightOf(replica.Id) == 0)
                {
                    Fence(replica, new DrainOrder(DrainReason.Idle, ThenSleep: decision == IdleDecision.Sleep));
                    serving--;
                }
            }
        }
    }

    private void Drain()
    {
        foreach (var replica in _replicas.Values.Where(replica => replica.State == ReplicaState.Draining).ToList())
        {
            if (_demand.IsFenced(replica.Id, _settings.Epoch, replica.FenceRevision))
            {
                Leave(replica);
                continue;
            }

            var waited = _now - replica.StateSince;
            if (replica.Drain is { Reason: DrainReason.Idle } && waited >= _options.DrainTimeout)
            {
                SchedulerLog.DrainTimedOut(_log, replica.Model.Id, replica.Id);
                Unfence(replica);
                replica.LastBusyAt = _now;
            }
            else if (waited >= _options.DrainHardTimeout)
            {
                SchedulerLog.DrainForced(_log, replica.Model.Id, replica.Id, _demand.InFlightOf(replica.Id));
                StopReplica(replica, ReplicaTrigger.Stop);
            }
        }
    }

    private void Leave(Replica replica)
    {
        if (!AreQuiet(replica))
        {
            return;
        }

        if (replica.Drain is { ThenSleep: true } && SleepLevelFor(replica) is { } level)
        {
            replica.SleepLevel = level;
            Move(replica, ReplicaTrigger.Drained);
            _effects.Sleep(replica.Target);
        }
        else
        {
            StopReplica(replica, ReplicaTrigger.Stop);
        }
    }

    private void StartPlaced()
    {
        var placed = _replicas.Values.Where(replica => replica.State == ReplicaState.Placing).OrderBy(replica => replica.CreatedAt);
        foreach (var replica in placed.ToList())
        {
            if (AreQuiet(replica))
            {
                Enter(replica, WarmUpPhases.Starting);
                Move(replica, ReplicaTrigger.Launch);
                _effects.Start(replica.Target);
            }
        }
    }
}
