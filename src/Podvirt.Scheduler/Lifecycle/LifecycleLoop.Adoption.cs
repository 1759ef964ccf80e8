using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>Engines of an earlier run: their replicas begin where they were found.</summary>
internal sealed partial class LifecycleLoop
{
    private void ApplyAdoption(Adopted adopted)
    {
        var target = adopted.Target;
        if (!_models.ContainsKey(target.Model.Id))
        {
            // The catalog that is on its way says whether it still stands in it.
            _models.Add(target.Model.Id, new ModelEntry(target.Model, _settings.Histories.GetValueOrDefault(target.Model.Id, StartHistory.Empty)));
        }

        var replica = new Replica(target.Replica, target.Model, target.Gpus, _now)
        {
            State = adopted.IsAsleep ? ReplicaState.Sleeping : ReplicaState.Active,
            Address = target.Address,
            ApiKey = target.ApiKey,
            SleepLevel = target.SleepLevel,
            ResidueBytes = adopted.ResidueBytes,
            HostBase = target.HostBase,
            HostBytes = adopted.HostBytes ?? 0,
            ActiveSince = _now,
            NextProbeAt = _now + _options.ProbeInterval,
        };
        if (adopted is { IsAsleep: true, HostBytes: null } && target.SleepLevel == 1)
        {
            replica.HostBytes = PlannedHostBytes(replica);
        }

        Place(replica, new Why(TransitionCause.Restart, "an earlier run started it, and it still serves"), "Adopt");
    }
}
