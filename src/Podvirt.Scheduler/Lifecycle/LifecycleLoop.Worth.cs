using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Idle;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>What memory is worth: to those who hold it, and to those who wait for it.</summary>
internal sealed partial class LifecycleLoop
{
    private readonly FleetGaps _fleetGaps = new();
    private double _price;

    /// <summary>A use is all the time in which a model has requests; between two uses lies a gap, which its history learns.</summary>
    private void NoteUse()
    {
        foreach (var entry in _models.Values)
        {
            var demand = _demand.Of(entry.Spec.Id, _now);
            var isUsed = demand.Waiting + demand.InFlight > 0;
            if (isUsed && !entry.IsUsed && entry.LastUsedAt is { } last)
            {
                entry.Use.Used((_now - last).TotalSeconds, _fleetGaps);
            }

            entry.IsUsed = isUsed;
            if (isUsed)
            {
                entry.LastUsedAt = _now;
                entry.Day.Used(_time.GetUtcNow());
            }
        }

        foreach (var replica in _replicas.Values)
        {
            if (replica.State is ReplicaState.Active or ReplicaState.Draining
                && (replica.Jobs > 0 || _demand.InFlightOf(replica.Id) > 0 || _demand.Of(replica.Model.Id, _now).Waiting > 0))
            {
                replica.LastBusyAt = _now;
            }
        }
    }

    private Worth WorthOf(Replica replica)
    {
        var entry = _models[replica.Model.Id];
        // Awake, it is taken to sleep as deep as it did before.
        var level = EngineTraits.SleepLevel(replica.Model, replica.SleepLevel);
        var worth = Worth.Of(Returns(entry, replica), Costs(entry, replica, level), _options.MemoryPrice, IdleTuning.Default);
        // Who was told to sleep does, until it is used or its set time to stop comes: only those who wait for memory end it.
        return replica.IsSleepAsked ? worth with { Asleep = double.PositiveInfinity } : worth;
    }

    private double Returns(ModelEntry entry, Replica replica) => entry.Use.Curve(_fleetGaps).At((_now - replica.LastBusyAt).TotalSeconds);

    /// <param name="level">How deep it sleeps, or would.</param>
    private ModelCosts Costs(ModelEntry entry, Replica replica, int level)
    {
        var (awake, asleep) = (0.0, 0.0);
        foreach (var gpu in replica.Gpus)
        {
            awake += replica.Model.Gpu.MemoryBytes / (double)gpu.MemoryBytes;
            asleep += AssumedResidue(replica) / (double)gpu.MemoryBytes;
        }

        return ModelCosts.Of(
            entry.History.ExpectedColdStartMs / 1000.0,
            ModelCosts.Wake(level, entry.History.ExpectedWakeMs(1) / 1000.0, entry.History.ExpectedWakeMs(2) / 1000.0),
            awake, asleep, entry.Use.FollowersPerSecond, CanSleep(replica));
    }

    private void PriceMemory() => _price = MemoryPrice.Of(
        _options.MemoryPrice,
        _models.Values.Where(entry => entry.IsShort).Sum(entry => _demand.Of(entry.Spec.Id, _now).Waiting),
        _gpus.Count);

    private IdleDecision DecideIdle(ModelEntry entry, Replica replica)
    {
        var isAsleep = replica.State == ReplicaState.Sleeping;
        return IdlePolicy.Decide(
            entry.Spec.Idle, _now - replica.LastBusyAt, WorthOf(replica), _price, isAsleep, CanSleep(replica));
    }

    /// <summary>Kept without demand: what the catalog and the operator say, or one where its time of day has come and that counts.</summary>
    private int KeptOf(ModelEntry entry)
    {
        var kept = MinOf(entry);
        if (!_options.PrewarmByTimeOfDay || kept > 0)
        {
            return kept;
        }

        var now = _time.GetUtcNow();
        var lead = TimeSpan.FromMilliseconds(entry.History.ExpectedColdStartMs ?? ModelCosts.AssumedStartSeconds * 1000);
        return entry.Day.Chance(now) >= DayProfile.Likely || entry.Day.Chance(now + lead) >= DayProfile.Likely ? 1 : 0;
    }

    /// <summary>
    /// Gateways spread requests over all replicas, so that none of several is ever unused: when all requests have fitted into
    /// fewer for a while, with room to spare, one leaves. The room and the while keep it from coming back at once.
    /// </summary>
    private void ScaleIn()
    {
        foreach (var entry in _models.Values)
        {
            if (entry.IsRemoved || entry.Spec.Idle != IdleSpec.Auto)
            {
                continue;
            }

            var serving = ReplicasOf(entry).Where(replica => IsCurrent(entry, replica) && replica is { State: ReplicaState.Active, Jobs: 0 }).ToList();
            var demand = _demand.Of(entry.Spec.Id, _now);
            var rest = serving.Count - 1;
            var fits = demand.Waiting == 0 && demand.InFlight <= _options.ScaleInShare * entry.Spec.Replicas.Concurrency * rest;
            if (rest < Math.Max(1, KeptOf(entry)) || !fits)
            {
                entry.SurplusSince = null;
                continue;
            }

            entry.SurplusSince ??= _now;
            if (_now - entry.SurplusSince < _options.ScaleInAfter)
            {
                continue;
            }

            entry.SurplusSince = null;
            var surplus = serving.OrderBy(replica => _demand.InFlightOf(replica.Id)).ThenBy(replica => replica.LastBusyAt).First();
            Fence(
                surplus, new DrainOrder(DrainReason.Idle, ThenSleep: CanSleep(surplus)),
                new Why(TransitionCause.Surplus, $"all requests have fitted into {rest} for {_options.ScaleInAfter.TotalSeconds:0} s"));
        }
    }
}
