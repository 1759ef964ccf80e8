using Podvirt.Core.Models;

namespace Podvirt.Gateway.Routing;

/// <summary>What a detached gateway finds out for itself: which replicas sleep. Nothing else sends to them before it says that they do not.</summary>
internal sealed partial class ModelDispatcher
{
    /// <summary>Its engines can be put to sleep by the scheduler, and say whether they are.</summary>
    public bool MaySleep => Model.Engine.Kind is EngineKind.Vllm or EngineKind.VllmOmni or EngineKind.Simulated;

    /// <summary>Its slots are taken by nobody until <see cref="NoteAwake"/>, or until the routes say something new of it.</summary>
    public void NoteAsleep(ReplicaSlots replica)
    {
        lock (_lock)
        {
            replica.IsFoundAsleep = true;
        }
    }

    public void NoteAwake(ReplicaSlots replica)
    {
        lock (_lock)
        {
            if (!replica.IsFoundAsleep)
            {
                return;
            }
            replica.IsFoundAsleep = false;
        }
        Release();
    }

    /// <summary>The routes say again which replicas sleep.</summary>
    public void ForgetSleepers()
    {
        lock (_lock)
        {
            foreach (var replica in _replicas.Values)
            {
                replica.IsFoundAsleep = false;
            }
        }
        Release();
    }

    /// <summary>Replicas of which it matters now whether they sleep: requests wait for their answer, or for them to be awake.</summary>
    public void AddDoubtful(List<(ModelDispatcher Dispatcher, ReplicaSlots Replica)> doubtful)
    {
        if (!MaySleep)
        {
            return;
        }
        lock (_lock)
        {
            foreach (var replica in _replicas.Values)
            {
                if (replica.IsFoundAsleep || replica.HeadWaits.Any)
                {
                    doubtful.Add((this, replica));
                }
            }
        }
    }
}
