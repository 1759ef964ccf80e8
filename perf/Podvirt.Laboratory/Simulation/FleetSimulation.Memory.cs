using Podvirt.Laboratory.Traces;
using Podvirt.Scheduler.Idle;
using Podvirt.Scheduler.Placement;

namespace Podvirt.Laboratory.Simulation;

/// <summary>Who waits for memory, and who has to leave for them.</summary>
internal sealed partial class FleetSimulation
{
    private readonly LinkedList<SimulatedModel> _queue = [];
    private readonly SimulatedModel?[] _claimants;
    private readonly List<SimulatedModel> _freedFor = [];
    private bool _mayFit;

    private void Enqueue(SimulatedModel model)
    {
        if (!model.IsQueued)
        {
            model.IsQueued = true;
            model.QueuedAt = _now;
            _queue.AddLast(model);
            _mayFit = true;
            if (model.Replica is { } sleeper)
            {
                Enter(sleeper);
            }
        }
    }

    /// <summary>The one for whom these gpus are being freed looks again.</summary>
    private void FreedSomething(SimulatedReplica replica)
    {
        _mayFit = true;
        foreach (var number in replica.Numbers)
        {
            if (_claimants[number] is { } model && !_freedFor.Contains(model))
            {
                _freedFor.Add(model);
            }
        }
    }

    /// <summary>First those whose memory was freed; then the others, the longest wait first.</summary>
    private void ServeQueue()
    {
        while (_freedFor.Count > 0)
        {
            var model = _freedFor[^1];
            _freedFor.RemoveAt(_freedFor.Count - 1);
            Satisfy(model, model.Claim);
        }

        if (!_mayFit)
        {
            return;
        }

        _mayFit = false;
        // What did not fit for one that needs as little does not fit for the next either.
        Span<long> refused = stackalloc long[TraceSettings.GpusPerNode + 1];
        refused.Fill(long.MaxValue);
        for (var node = _queue.First; node is not null;)
        {
            var next = node.Next;
            var model = node.Value;
            ref var limit = ref refused[model.Traits.Gpus];
            var isSleeper = model.Replica is not null;
            if (model.Claim is null && (isSleeper || model.Traits.Bytes < limit) && !Satisfy(model, only: null) && !isSleeper)
            {
                limit = Math.Min(limit, model.Traits.Bytes);
            }

            if (!model.IsQueued)
            {
                _queue.Remove(node);
            }

            node = next;
        }
    }

    /// <summary>True when it rises, or memory is being freed for it.</summary>
    private bool Satisfy(SimulatedModel model, IReadOnlyList<string>? only)
    {
        Release(model);
        if (!model.IsQueued)
        {
            return true;
        }

        var traits = model.Traits;
        if (model.Replica is { State: SimulatedState.Sleeping } sleeper)
        {
            var wake = Decide(new PlacementRequest(
                traits.Gpus, traits.Bytes - traits.ResidueBytes, EvictionScope.Idle, sleeper.Gpus, sleeper.Id));
            if (wake.Outcome == PlacementOutcome.Fits)
            {
                Dequeue(model);
                sleeper.RiseBegan = _now;
                Intend(sleeper, SimulatedState.ToWake);
                return true;
            }

            if (wake.Outcome == PlacementOutcome.Evict)
            {
                Evict(model, wake);
                return true;
            }

            // As in the lifecycle: unless a neighbour starts, a part of the start's time is waited for the neighbours.
            var patience = Patience.Share * (traits.StartSeconds - traits.WakeSeconds);
            if (_now < model.QueuedAt + patience && !sleeper.Numbers.Any(number => _starting[number] > 0))
            {
                JudgeAt(sleeper, model.QueuedAt + patience + 1e-6);
                return false;
            }
        }

        var start = Decide(new PlacementRequest(traits.Gpus, traits.Bytes, EvictionScope.Idle, only));
        if (start.Outcome == PlacementOutcome.NoRoom && only is not null)
        {
            start = Decide(new PlacementRequest(traits.Gpus, traits.Bytes, EvictionScope.Idle));
        }

        switch (start.Outcome)
        {
            case PlacementOutcome.Fits:
                Start(model, start);
                return true;
            case PlacementOutcome.Evict:
                Evict(model, start);
                return true;
            default:
                return false;
        }
    }

    private void Start(SimulatedModel model, PlacementDecision decision)
    {
        Dequeue(model);
        if (model.Replica is { } left)
        {
            // Its memory was taken beside it while it slept.
            model.WhyCold = RiseCause.Stranded;
            Intend(left, SimulatedState.ToStop);
        }

        IReadOnlyList<string> gpus = [.. decision.Gpus.Select(gpu => gpu.Id)];
        var replica = new SimulatedReplica(model, $"{model.Traits.Index}-{model.Replicas++}", gpus, [.. gpus.Select(id => _numbers[id])])
        {
            RiseBegan = _now,
        };
        _replicas.Add(replica.Id, replica);
        _residents[replica.Node].Add(replica);
        model.Replica = replica;
        CountStarting(replica, 1);
        Enter(replica);
        TryBegin(replica);
    }

    private void Evict(SimulatedModel model, PlacementDecision decision)
    {
        model.Claim = [.. decision.Gpus.Select(gpu => gpu.Id)];
        _ledger.Claim(model.Claim);
        foreach (var gpu in model.Claim)
        {
            _claimants[_numbers[gpu]] = model;
        }

        foreach (var victim in decision.Victims)
        {
            var replica = _replicas[victim.Replica];
            Outcome.Evictions++;
            if (!victim.Sleep)
            {
                replica.Model.WhyCold = RiseCause.AfterEviction;
            }

            Intend(replica, victim.Sleep ? SimulatedState.ToSleep : SimulatedState.ToStop);
        }
    }

    private void Release(SimulatedModel model)
    {
        if (model.Claim is not { } claim)
        {
            return;
        }

        foreach (var gpu in claim)
        {
            _claimants[_numbers[gpu]] = null;
        }

        _ledger.Unclaim(claim);
        model.Claim = null;
    }

    private static void Dequeue(SimulatedModel model) => model.IsQueued = false;
}
