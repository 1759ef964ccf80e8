using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Idle;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>The way down: fence, drain, sleep or stop; and up from Placing.</summary>
internal sealed partial class LifecycleLoop
{
    private void Fence(Replica replica, DrainOrder order, Why why)
    {
        replica.Drain = order;
        replica.FenceRevision = 0;
        replica.AreJobsCounted = false;
        Move(replica, ReplicaTrigger.Fence, why);
        replica.NextProbeAt = _now;
    }

    private void Unfence(Replica replica, Why why)
    {
        replica.Drain = null;
        replica.FenceRevision = 0;
        replica.IsSleepAsked = false;
        ForgetSleepOrder(replica.Model.Id);
        Move(replica, ReplicaTrigger.Unfence, why);
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
            var isUnwanted = demand is { Waiting: 0, InFlight: 0 } && KeptOf(entry) == 0;
            var isReplaced = entry.IsRemoved || isUnwanted
                || ReplicasOf(entry).Any(replica => IsCurrent(entry, replica) && replica.State == ReplicaState.Active);
            foreach (var replica in outdated)
            {
                switch (replica.State)
                {
                    case ReplicaState.Warming when replica.IsFound && _options.ElectsLeader:
                        // It may serve, by the routes of the leader before this one.
                        break;
                    case ReplicaState.Placing or ReplicaState.Starting or ReplicaState.Warming or ReplicaState.Waking:
                        StopReplica(replica, ReplicaTrigger.Stop, WhyOutdated(entry, replica));
                        break;
                    case ReplicaState.Sleeping when AreQuiet(replica):
                        StopReplica(replica, ReplicaTrigger.Stop, WhyOutdated(entry, replica));
                        break;
                    case ReplicaState.Active when isReplaced:
                        Fence(replica, new DrainOrder(DrainReason.Outdated, ThenSleep: false), WhyOutdated(entry, replica));
                        break;
                    case ReplicaState.Draining when replica.Drain is { IsCancelable: true }:
                        replica.Drain = new DrainOrder(DrainReason.Outdated, ThenSleep: false);
                        replica.Why = WhyOutdated(entry, replica);
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
            // A sleeper whose gpu was taken, and that could not be stopped when its model was placed elsewhere.
            var surplus = current.Count(replica => replica.State is not (ReplicaState.Stopping or ReplicaState.Failed)) - Math.Max(1, entry.Spec.Replicas.Max);
            foreach (var replica in current.OrderBy(replica => replica.LastBusyAt))
            {
                var isAsleep = replica.State == ReplicaState.Sleeping;
                var decision = DecideIdle(entry, replica);
                if (isAsleep && surplus > 0 && AreQuiet(replica))
                {
                    StopReplica(replica, ReplicaTrigger.Stop, new Why(TransitionCause.Surplus, $"replicas.max is {entry.Spec.Replicas.Max}"));
                    surplus--;
                }
                else if (isAsleep && decision == IdleDecision.Stop && AreQuiet(replica))
                {
                    StopReplica(replica, ReplicaTrigger.Stop, WhyIdle(replica));
                }
                else if (replica is { State: ReplicaState.Active, Jobs: 0 } && decision != IdleDecision.Stay
                    && serving > KeptOf(entry)
                    && need <= entry.Spec.Replicas.Concurrency * (serving - 1)
                    && _demand.InFlightOf(replica.Id) == 0)
                {
                    Fence(replica, new DrainOrder(DrainReason.Idle, ThenSleep: decision == IdleDecision.Sleep), WhyIdle(replica));
                    serving--;
                }
            }
        }
    }

    private Why WhyIdle(Replica replica) =>
        new(TransitionCause.Idle, $"not used for {(_now - replica.LastBusyAt).TotalSeconds:0.0} s");

    private void Drain()
    {
        foreach (var replica in _replicas.Values.Where(replica => replica.State == ReplicaState.Draining).ToList())
        {
            if (HeardAllGateways() && _demand.IsFenced(replica.Id, _settings.Epoch, replica.FenceRevision))
            {
                Leave(replica);
                continue;
            }

            var waited = _now - replica.StateSince;
            if (replica.Drain is { Reason: DrainReason.Idle } && waited >= _options.DrainTimeout)
            {
                SchedulerLog.DrainTimedOut(_log, replica.Model.Id, replica.Id);
                Unfence(replica, new Why(TransitionCause.Failure, $"did not drain within {_options.DrainTimeout.TotalSeconds:0} s"));
                replica.LastBusyAt = _now;
            }
            else if (waited >= (replica.Jobs > 0 ? _options.JobDrainTimeout : _options.DrainHardTimeout))
            {
                SchedulerLog.DrainForced(_log, replica.Model.Id, replica.Id, _demand.InFlightOf(replica.Id));
                StopReplica(replica, ReplicaTrigger.Stop, WhyForced(replica));
            }
        }
    }

    /// <summary>A new leader knows of no gateway at first, and they work by the routes of the one before it.</summary>
    private bool HeardAllGateways() => !_options.ElectsLeader || _now >= _options.GatewayLease;

    private Why WhyForced(Replica replica) => replica.Why with
    {
        Reason = $"{replica.Why.Reason}; did not drain within {(_now - replica.StateSince).TotalSeconds:0} s",
    };

    /// <summary>
    /// True while it has video jobs that a stop would lose, or may have: those that came before the fence are counted after it.
    /// A sleep asks for them itself.
    /// </summary>
    private bool AwaitsJobs(Replica replica)
    {
        if (!EngineTraits.HasJobs(replica.Model) || (replica.AreJobsCounted && replica.Jobs == 0))
        {
            return false;
        }

        if (replica.Jobs > 0 && replica.Drain is not { Reason: DrainReason.Outdated or DrainReason.Operator })
        {
            BeBusy(replica);
            return true;
        }

        var limit = replica.Jobs > 0 ? _options.JobDrainTimeout : _options.DrainHardTimeout;
        if (_now - replica.StateSince >= limit)
        {
            SchedulerLog.JobsLost(_log, replica.Model.Id, replica.Id, replica.Jobs);
            replica.Why = WhyForced(replica);
            return false;
        }

        AskHealthWhenDue(replica);
        return true;
    }

    /// <summary>Whoever wanted its memory looks for another's: its jobs may take long.</summary>
    private void BeBusy(Replica replica)
    {
        replica.LastBusyAt = _now;
        Unfence(replica, new Why(TransitionCause.Demand, $"{replica.Jobs} unfinished video jobs"));
    }

    private void Leave(Replica replica)
    {
        if (!AreQuiet(replica))
        {
            return;
        }

        int? level = null;
        if (replica.Drain is { ThenSleep: true } && AwaitsHost(replica, out level))
        {
            return;
        }

        if (level is { } depth)
        {
            replica.SleepLevel = depth;
            Move(replica, ReplicaTrigger.Drained);
            _effects.Sleep(replica.Target);
        }
        else if (!AwaitsJobs(replica))
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
