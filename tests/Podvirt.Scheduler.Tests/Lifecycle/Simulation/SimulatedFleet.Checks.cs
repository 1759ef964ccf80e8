using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Lifecycle.Simulation;

/// <summary>What must hold after every event, and what must come true when the faults cease.</summary>
internal sealed partial class SimulatedFleet
{
    private void Check()
    {
        CheckGpus();
        CheckSleepers();
        CheckHost();
        CheckProgress();
        CheckTransitions();
    }

    /// <summary>The faults cease: everything parked is served in bounded time, and then everything but the minimum goes.</summary>
    public void Settle()
    {
        _removed.Clear();
        ApplyCatalog();
        foreach (var gateway in _gateways)
        {
            gateway.SilentUntil = TimeSpan.Zero;
            gateway.Routes = _world.Effects.Routes;
        }

        foreach (var model in s_models)
        {
            _world.Ask(FleetAction.Unpin, model.Id);
        }

        foreach (var gpu in _world.Loop.Gpus)
        {
            GiveOrder(FleetAction.UndrainGpu, gpu.Id);
        }

        // An hour is far beyond every fairness limit, backoff and drain of six models.
        Until(TimeSpan.FromHours(1), () => !_gateways.Any(gateway => gateway.HasParked), "these were never served: " +
            string.Join(", ", _gateways.SelectMany(gateway => gateway.Parked).Where(parked => parked.Value.Count > 0).Select(parked => parked.Key).Distinct()));
        // A failed one holds nothing; its reason stays until somebody wants its model.
        Until(TimeSpan.FromMinutes(20), () =>
        {
            var left = _world.Loop.Replicas.Where(replica => replica.State != ReplicaState.Failed).ToList();
            return left is [{ Model.Id: "kept", State: ReplicaState.Active }];
        }, "not the minimum alone is left without demand");
    }

    private void Until(TimeSpan limit, Func<bool> isDone, string complaint)
    {
        for (var until = Now + limit; !isDone(); Pass(250))
        {
            True(Now < until, complaint);
            foreach (var gateway in _gateways)
            {
                gateway.Routes = _world.Effects.Routes;
                Dispatch(gateway);
                _served += gateway.InFlight.Count;
                gateway.InFlight.Clear();
                Say(gateway);
            }

            FinishJob();

            for (var answers = 0; _world.Effects.Pending.Count > 0 && answers < 100; answers++)
            {
                Answer(isFault: false);
            }

            Check();
        }
    }

    private void CheckGpus()
    {
        foreach (var gpu in _world.Loop.Gpus)
        {
            var held = 0L;
            var changing = 0;
            foreach (var replica in _world.Loop.Replicas)
            {
                if (replica.State != ReplicaState.Failed && replica.GpuIds.Contains(gpu.Id))
                {
                    held += Held(replica);
                    changing += replica.State.IsMemoryTransition() ? 1 : 0;
                }
            }

            True(held <= gpu.MemoryBytes, $"{gpu.Id} holds {held >> 30} GiB");
            True(changing <= 1, $"{changing} transitions on {gpu.Id}");
        }
    }

    /// <summary>A sleeper, and one that is being stopped from sleep, holds its residue; all others all that they reserved.</summary>
    private static long Held(Replica replica) => replica.State switch
    {
        ReplicaState.Sleeping => replica.ResidueBytes,
        ReplicaState.Stopping when replica.ResidueBytes > 0 => replica.ResidueBytes,
        _ => replica.Model.Gpu.MemoryBytes,
    };

    /// <summary>No gateway that is heard may send to an engine that is not awake, nor have a request there.</summary>
    private void CheckSleepers()
    {
        foreach (var replica in _world.Loop.Replicas)
        {
            if (replica.State is not (ReplicaState.FallingAsleep or ReplicaState.Sleeping or ReplicaState.Waking))
            {
                continue;
            }

            foreach (var gateway in _gateways.Where(gateway => gateway.SilentUntil == TimeSpan.Zero))
            {
                True(!gateway.InFlight.Exists(request => request.Replica == replica.Id), $"{replica.Id} is {replica.State} with a request in flight");
                True(
                    !gateway.Routes.Models.Any(route => route.Replicas.Any(known => known.Id == replica.Id && known.Admits)),
                    $"{replica.Id} is {replica.State} while {gateway.Id} may send to it");
            }
        }
    }

    /// <summary>Whoever is on its way has exactly one effect under way; and no effect is under way for somebody who is gone.</summary>
    private void CheckProgress()
    {
        foreach (var replica in _world.Loop.Replicas)
        {
            var isMoving = replica.State.IsMemoryTransition() || replica.State == ReplicaState.Stopping;
            var steps = _world.Effects.Pending.Count(asked =>
                asked.Target.Replica == replica.Id && asked.Kind is not (EffectKind.Probe or EffectKind.ProbeTrouble));
            True(steps == (isMoving ? 1 : 0), $"{replica.Id} is {replica.State} with {steps} effects under way");
        }

        foreach (var asked in _world.Effects.Pending)
        {
            True(_world.Loop.Replicas.Any(replica => replica.Id == asked.Target.Replica), $"{asked.Kind} of {asked.Target.Replica}, which is gone: leaked");
        }
    }

    /// <summary>Sleepers hold no more of the node's memory than is theirs, but for those that leave because of it.</summary>
    private void CheckHost()
    {
        var held = _world.Loop.Replicas.Where(replica => replica.State is not (ReplicaState.Stopping or ReplicaState.Failed)).Sum(replica => replica.HostBytes);
        True(held <= HostBytes, $"{held >> 30} GiB of host memory are held");
    }

    /// <summary>No replica is placed beyond its model's maximum, and none is stopped for others before its jobs are done.</summary>
    private void CheckTransitions()
    {
        foreach (var placed in _world.Told.Transitions)
        {
            _transitions++;
            if (placed is { Trigger: nameof(ReplicaTrigger.Stop), From: ReplicaState.Draining } && _jobs.ContainsKey(placed.Replica))
            {
                True(placed.TookMs >= _world.Options.DrainHardTimeout.TotalMilliseconds, $"{placed.Replica} was stopped with jobs after {placed.TookMs} ms");
            }

            if (placed.To is null or ReplicaState.Stopping)
            {
                _jobs.Remove(placed.Replica);
            }

            if (placed.From is null)
            {
                var up = _world.Of(placed.Model).Count(replica => replica.Model.Revision == placed.Revision
                    && (replica.State == ReplicaState.Active || replica.State.IsWarming()) && !replica.GpuIds.Any(_drained.Contains));
                var max = s_models.Single(model => model.Id == placed.Model).Replicas.Max;
                True(up <= max, $"{up} replicas of {placed.Model}, which may have {max}, after one was placed");
            }
        }

        _world.Told.Transitions.Clear();
    }

    private void True(bool holds, string complaint)
    {
        if (!holds)
        {
            var replicas = _world.Loop.Replicas.Select(replica => $"{replica.Id} {replica.Model.Id} {replica.State} on {string.Join(',', replica.GpuIds)}");
            Assert.Fail($"seed {_seed}, event {_step}: {complaint}; there is {string.Join("; ", replicas)}");
        }
    }
}
