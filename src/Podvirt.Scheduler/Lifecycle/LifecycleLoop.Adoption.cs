using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>
/// Engines of an earlier run. Each is looked at beside everything else: until it is known whether it serves or sleeps, its model
/// warms up, all of its memory is taken, and nothing else changes on its gpus.
/// </summary>
internal sealed partial class LifecycleLoop
{
    private void ApplyFound(EngineFound found)
    {
        var target = found.Target;
        if (!_models.ContainsKey(target.Model.Id))
        {
            // The catalog that is on its way says whether it still stands in it.
            _models.Add(target.Model.Id, new ModelEntry(target.Model, _settings.Histories.GetValueOrDefault(target.Model.Id, StartHistory.Empty)));
        }

        var replica = new Replica(target.Replica, target.Model, target.Gpus, _now)
        {
            State = ReplicaState.Warming,
            IsFound = true,
            Address = target.Address,
            ApiKey = target.ApiKey,
            SleepLevel = target.SleepLevel,
            HostBase = target.HostBase,
        };
        // It may well sleep, or keep its copy: with that the worst is assumed until it is known.
        replica.HostBytes = target is { HostBase: not null, SleepLevel: 1 } ? PlannedHostBytes(replica) : 0;
        replica.EnterFirst(WarmUpPhases.Probing, _now, _time.GetUtcNow());
        Place(replica, new Why(TransitionCause.Restart, "an earlier run started it; it is asked whether it serves"), "Find");
        _effects.Look(replica.Target, found.UnderWay);
    }

    private void Adopt(Replica replica, LookedAt seen)
    {
        replica.IsFound = false;
        replica.ResidueBytes = seen.ResidueBytes;
        replica.HostBytes = seen.HostBytes ?? (seen.IsAsleep && replica.SleepLevel == 1 ? PlannedHostBytes(replica) : 0);
        replica.ActiveSince = _now;
        replica.LastBusyAt = _now;
        replica.NextProbeAt = _now + _options.ProbeInterval;
        SchedulerLog.AdoptedReplica(_log, replica.Model.Id, replica.Id, seen.IsAsleep ? "asleep" : "serving");
        Move(
            replica, seen.IsAsleep ? ReplicaTrigger.Asleep : ReplicaTrigger.Canary,
            new Why(TransitionCause.Restart, $"an earlier run started it, and it still {(seen.IsAsleep ? "sleeps" : "serves")}"));
        if (_sentToSleep.Contains(replica.Model.Id))
        {
            DrainByOrder(replica, thenSleep: true, s_sleepOrder);
            replica.IsSleepAsked = true;
        }
    }
}
