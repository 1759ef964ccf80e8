using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Engines;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>
/// Engines that are not what was decided. A leader that was paused between its last look at the lease and its call to the engine makes
/// that call late: the next leader finds out and heals it.
/// </summary>
internal sealed partial class LifecycleLoop
{
    /// <returns>True: it is being healed.</returns>
    private bool IsOtherwise(Replica replica, Probed probed)
    {
        if (probed.IsAsleep is not { } isAsleep || isAsleep == (replica.State == ReplicaState.Sleeping)
            || replica.State is not (ReplicaState.Active or ReplicaState.Sleeping))
        {
            return false;
        }

        SchedulerLog.EngineDiffers(_log, replica.Model.Id, replica.Id, replica.State);
        if (replica.State == ReplicaState.Sleeping)
        {
            // It holds memory that may be another's by now, and serves nobody.
            Break(replica, "it is awake, and nobody who leads has woken it");
            return true;
        }

        // How deep it was sent to sleep nobody knows: the way up from the deepest is right for all.
        replica.SleepLevel = EngineTraits.SleepLevel(replica.Model, 2);
        replica.IsFound = true;
        replica.EnterFirst(WarmUpPhases.Probing, _now, _time.GetUtcNow());
        Move(replica, ReplicaTrigger.Doubt, new Why(TransitionCause.Failure, "it sleeps, and nobody who leads has sent it to sleep"));
        _effects.Look(replica.Target, null);
        return true;
    }
}
