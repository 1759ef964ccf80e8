using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Engines;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>What operators ask for. An order is decided at once; the steps of every event carry it out.</summary>
internal sealed partial class LifecycleLoop
{
    private static readonly Why s_sleepOrder = new(TransitionCause.Operator, "an operator sends it to sleep");
    private static readonly Why s_stopOrder = new(TransitionCause.Operator, "an operator stops it");

    /// <summary>Model ids, of models in the catalog and of others that may come back.</summary>
    private readonly HashSet<string> _pinned;

    private readonly HashSet<string> _drained;

    /// <summary>Model ids; for a run after this one, which takes their engines over.</summary>
    private readonly HashSet<string> _sentToSleep;

    /// <summary>Replicas that stay up without demand: the catalog's, and the one that an operator wants.</summary>
    private int MinOf(ModelEntry entry) =>
        Math.Max(entry.Spec.Replicas.Min, entry.IsWakeAsked || _pinned.Contains(entry.Spec.Id) ? 1 : 0);

    private void ApplyOrder(OperatorAsked asked)
    {
        _isUnshown = true;
        asked.Answer.TrySetResult(asked.Action switch
        {
            _ when _catalog is null => Refuse("not_ready", "The scheduler does not know the catalog yet; try again in a second."),
            FleetAction.DrainGpu or FleetAction.UndrainGpu => ApplyGpuOrder(asked.Action, asked.Target),
            FleetAction.Unpin => _pinned.Remove(asked.Target)
                ? Accept($"'{asked.Target}' is pinned no more; its idle policy holds.")
                : Accept($"'{asked.Target}' was not pinned."),
            _ when !_models.TryGetValue(asked.Target, out var entry) || entry.IsRemoved =>
                Refuse("model_not_found", $"There is no model '{asked.Target}' in the catalog."),
            _ when _models[asked.Target].Spec.Engine.Kind == EngineKind.External =>
                Refuse("model_external", $"'{asked.Target}' runs elsewhere: Podvirt routes to it and never starts or stops it."),
            FleetAction.Wake => WakeModel(_models[asked.Target]),
            FleetAction.Sleep => SendToSleep(_models[asked.Target]),
            FleetAction.Stop => StopModel(_models[asked.Target]),
            FleetAction.Pin => Pin(_models[asked.Target]),
            _ => throw new InvalidOperationException($"{asked.Action} is not handled."),
        });
    }

    private FleetAnswer ApplyGpuOrder(FleetAction action, string id)
    {
        if (!_gpus.Any(gpu => gpu.Id == id))
        {
            var known = _gpus.Count == 0 ? "there are none" : "there are " + string.Join(", ", _gpus.Select(gpu => gpu.Id));
            return Refuse("gpu_not_found", $"There is no gpu '{id}'; {known}.");
        }

        if (action == FleetAction.UndrainGpu)
        {
            return Accept(_drained.Remove(id) ? $"'{id}' takes replicas again." : $"'{id}' was not drained.");
        }

        _drained.Add(id);
        var count = _index.OnGpu(id).Count(replica => replica.State != ReplicaState.Failed);
        return Accept(count == 0 ? $"'{id}' is drained: it holds nothing." : $"'{id}' drains: {count} of its replicas are replaced elsewhere, or leave.");
    }

    private FleetAnswer WakeModel(ModelEntry entry)
    {
        if (entry.Unschedulable is { } why)
        {
            return Refuse("model_unschedulable", $"'{entry.Spec.Id}' cannot run here: {why}.");
        }

        if (ReplicasOf(entry).Any(replica => IsCurrent(entry, replica) && replica.State == ReplicaState.Active))
        {
            return Accept($"'{entry.Spec.Id}' is Active.");
        }

        entry.IsWakeAsked = true;
        Retry(entry);
        return Accept($"'{entry.Spec.Id}' warms up.");
    }

    /// <summary>A wake is met by whatever became Active, a drain that was taken back too; from then on idleness counts.</summary>
    private void ForgetMetWakes()
    {
        foreach (var entry in _models.Values)
        {
            if (entry.IsWakeAsked
                && ReplicasOf(entry).FirstOrDefault(replica => IsCurrent(entry, replica) && replica.State == ReplicaState.Active) is { } met)
            {
                entry.IsWakeAsked = false;
                met.LastBusyAt = _now;
            }
        }
    }

    private FleetAnswer Pin(ModelEntry entry)
    {
        _pinned.Add(entry.Spec.Id);
        Retry(entry);
        return Accept($"'{entry.Spec.Id}' is pinned: one replica at least stays Active.");
    }

    /// <summary>An operator's word is reason enough to try again before the pause is over.</summary>
    private static void Retry(ModelEntry entry)
    {
        ClearFailure(entry);
        entry.FailedStarts = 0;
    }

    private FleetAnswer SendToSleep(ModelEntry entry)
    {
        var id = entry.Spec.Id;
        var replicas = ReplicasOf(entry).ToList();
        if (KeptBy(entry) is { } kept)
        {
            return Refuse("model_kept", $"'{id}' stays Active: {kept}.");
        }

        if (!EngineTraits.CanSleep(entry.Spec))
        {
            return Refuse("model_cannot_sleep", $"The engine of '{id}' ({entry.Spec.Engine.Kind.ToName()}) cannot sleep; stop it instead.");
        }

        foreach (var replica in replicas)
        {
            replica.IsSleepAsked |= replica.State is ReplicaState.FallingAsleep or ReplicaState.Sleeping;
        }

        if (replicas.Exists(replica => replica.State is ReplicaState.Active or ReplicaState.Draining || replica.IsSleepAsked) && _sentToSleep.Add(id))
        {
            _effects.SaveSleepOrder(id, holds: true);
        }

        if (!replicas.Exists(replica => replica.State is ReplicaState.Active or ReplicaState.Draining))
        {
            return replicas.Exists(replica => replica.State.ToModelStatus() == ModelStatus.Sleeping) ? Accept($"'{id}' is asleep.")
                : replicas.Exists(replica => replica.State.IsWarming())
                    ? Refuse("model_warming_up", $"'{id}' warms up and cannot sleep before it is Active; stop it, or ask again then.")
                    : Refuse("model_cold", $"Nothing of '{id}' runs.");
        }

        entry.IsWakeAsked = false;
        foreach (var replica in replicas)
        {
            DrainByOrder(replica, thenSleep: true, s_sleepOrder);
        }

        return Accept($"'{id}' drains and falls asleep.");
    }

    private FleetAnswer StopModel(ModelEntry entry)
    {
        var id = entry.Spec.Id;
        var replicas = ReplicasOf(entry).Where(replica => replica.State != ReplicaState.Stopping).ToList();
        if (KeptBy(entry) is { } kept)
        {
            return Refuse("model_kept", $"'{id}' stays Active: {kept}.");
        }

        entry.IsWakeAsked = false;
        ForgetSleepOrder(id);
        ClearFailure(entry);
        if (replicas.Count == 0)
        {
            return Accept($"Nothing of '{id}' runs.");
        }

        foreach (var replica in replicas)
        {
            if (replica.State.IsWarming())
            {
                StopReplica(replica, ReplicaTrigger.Stop, s_stopOrder);
            }
            else
            {
                replica.IsStopAsked = replica.State is ReplicaState.Sleeping or ReplicaState.FallingAsleep;
                DrainByOrder(replica, thenSleep: false, s_stopOrder);
            }
        }

        return Accept($"'{id}' drains and stops.");
    }

    /// <summary>It is used again, or stopped: a run after this one owes the order nothing.</summary>
    private void ForgetSleepOrder(string model)
    {
        if (_sentToSleep.Remove(model))
        {
            _effects.SaveSleepOrder(model, holds: false);
        }
    }

    private void DrainByOrder(Replica replica, bool thenSleep, Why why)
    {
        var order = new DrainOrder(DrainReason.Operator, thenSleep);
        if (replica.State == ReplicaState.Active)
        {
            Fence(replica, order, why);
        }
        else if (replica.State == ReplicaState.Draining)
        {
            replica.Drain = order;
            replica.Why = why;
        }
        else
        {
            return;
        }

        replica.IsSleepAsked = thenSleep;
    }

    /// <summary>Sleepers that an operator stopped while their gpus were busy with others.</summary>
    private void StopAsked()
    {
        foreach (var replica in _replicas.Values.Where(replica => replica is { IsStopAsked: true, State: ReplicaState.Sleeping }).ToList())
        {
            if (AreQuiet(replica))
            {
                StopReplica(replica, ReplicaTrigger.Stop, s_stopOrder);
            }
        }
    }

    /// <summary>What an order against this model would not survive; null: nothing.</summary>
    private string? KeptBy(ModelEntry entry) => entry.Spec.Replicas.Min > 0
        ? $"its replicas.min is {entry.Spec.Replicas.Min}; apply a catalog with 0 first"
        : _pinned.Contains(entry.Spec.Id) ? "it is pinned; unpin it first" : null;

    private static FleetAnswer Accept(string message) => new(true, "", message);

    private static FleetAnswer Refuse(string code, string message) => new(false, code, message);
}
