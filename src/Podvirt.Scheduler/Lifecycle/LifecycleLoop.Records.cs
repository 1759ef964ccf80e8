using Podvirt.Core.Gpus;
using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Engines;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>What people are told: every change with its cause, and the fleet as it is.</summary>
internal sealed partial class LifecycleLoop
{
    /// <summary>Changes within this time are shown together: a fleet's report is as long as the fleet.</summary>
    private static readonly TimeSpan s_showInterval = TimeSpan.FromMilliseconds(100);

    private long _sequence;
    private long _shownRevision;
    private TimeSpan _shownAt;
    private bool _isUnshown = true;

    private void Record(Replica replica, ReplicaState? from, string trigger, ReplicaState? to)
    {
        _isUnshown = true;
        _settings.Listener?.Moved(new ReplicaTransition(
            _settings.Epoch, ++_sequence, _time.GetUtcNow(), replica.Model.Id, replica.Model.Revision, replica.Id, replica.GpuIds,
            from, trigger, to, replica.Why.Cause, replica.Why.Reason, from is null ? 0 : (long)(_now - replica.StateSince).TotalMilliseconds,
            replica.Why.Eviction));
    }

    /// <summary>A new replica begins its life.</summary>
    private void Place(Replica replica, Why why, string trigger = "Place")
    {
        replica.Why = why;
        replica.StateSinceUtc = _time.GetUtcNow();
        replica.CreatedAtUtc = replica.StateSinceUtc;
        _replicas.Add(replica.Id, replica);
        _index.Add(replica);
        _touched.Add(replica);
        Record(replica, null, trigger, replica.State);
    }

    /// <summary>Why a model gets a replica.</summary>
    private Why WhyWanted(ModelEntry entry)
    {
        var demand = _demand.Of(entry.Spec.Id, _now);
        return demand.Waiting + demand.InFlight > 0
            ? new Why(
                TransitionCause.Demand,
                $"{demand.Waiting} waiting, the oldest for {demand.Oldest.TotalMilliseconds:0} ms; {demand.InFlight} in flight")
            : entry.IsWakeAsked ? new Why(TransitionCause.Operator, "an operator wakes it")
            : _pinned.Contains(entry.Spec.Id) ? new Why(TransitionCause.Operator, "an operator pinned it")
            : new Why(TransitionCause.Minimum, $"replicas.min is {entry.Spec.Replicas.Min}");
    }

    /// <summary>Why a replica of no current revision leaves.</summary>
    private static Why WhyOutdated(ModelEntry entry, Replica replica) => entry.IsRemoved
        ? new Why(TransitionCause.Removed, "its model left the catalog")
        : replica.Model.Revision == entry.Spec.Revision ? new Why(TransitionCause.GpuDrained, "an operator drains its gpu")
        : new Why(TransitionCause.Outdated, $"revision {replica.Model.Revision} is replaced by {entry.Spec.Revision}");

    private void ShowFleet()
    {
        if (_settings.Listener is not { } listener
            || _now - _shownAt < (_isUnshown ? s_showInterval : _options.PublishInterval))
        {
            return;
        }

        _shownRevision += _isUnshown ? 1 : 0;
        _isUnshown = false;
        _shownAt = _now;
        listener.Show(new FleetReport(
            _settings.Epoch, _shownRevision, [.. _gpus.Select(Report)], [.. _replicas.Values.OrderBy(replica => replica.Id, StringComparer.Ordinal).Select(Report)]));
    }

    private GpuReport Report(GpuDevice gpu)
    {
        long reserved = 0;
        long asleep = 0;
        string? changing = null;
        foreach (var replica in _index.OnGpu(gpu.Id))
        {
            if (replica.State == ReplicaState.Failed)
            {
                continue;
            }

            var held = Held(replica);
            (reserved, asleep) = replica.State == ReplicaState.Sleeping ? (reserved, asleep + held) : (reserved + held, asleep);
            changing = replica.State.IsMemoryTransition() || replica.State == ReplicaState.Stopping ? replica.Id : changing;
        }

        return new GpuReport(
            gpu.Id, gpu.Index, gpu.Node, gpu.Type, gpu.Simulated, gpu.MemoryBytes, reserved, asleep, changing, _drained.Contains(gpu.Id));
    }

    private static string ReasonOf(Replica replica) => replica switch
    {
        { FailureReason: { } failure } => failure,
        { State: ReplicaState.Draining, Jobs: > 0 } => $"{replica.Why.Reason}; {replica.Jobs} unfinished video jobs are waited for",
        _ => replica.Why.Reason,
    };

    private ReplicaReport Report(Replica replica) => new(
        replica.Id, replica.Model.Id, replica.Model.Revision, replica.State, replica.StateSinceUtc, replica.CreatedAtUtc,
        replica.State.IsWarming() ? replica.Phase : null, replica.GpuIds, replica.Gpus.Count == 0 ? "" : replica.Gpus[0].Type,
        replica.State == ReplicaState.Failed ? 0 : Held(replica), replica.State == ReplicaState.Sleeping ? replica.SleepLevel : null,
        replica.Why.Cause, ReasonOf(replica), replica.State == ReplicaState.Failed ? 0 : HostBytes(replica));
}
