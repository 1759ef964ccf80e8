using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Lifecycle;

public class TransitionRecordTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly LoopWorld _world = new(Make.Gpus(1, 80));

    [Fact]
    public void ColdStart_IsToldStepByStep_WithItsCauseAndItsTimes()
    {
        _world.Apply(Make.Model("a"));
        _world.Report(new ModelDemand("a", 3, 1200, 0));
        var start = _world.Effects.Take(EffectKind.Start).Target;
        _world.Time.Advance(7 * Second);
        _world.Loop.Handle(new EngineReady(start.Replica, start.Attempt));
        _world.Time.Advance(2 * Second);
        _world.FinishCanary("a");

        Assert.Equal(
            [
                (null, "Place", ReplicaState.Placing, 0L), (ReplicaState.Placing, "Launch", ReplicaState.Starting, 0L),
                (ReplicaState.Starting, "Ready", ReplicaState.Warming, 7000L), (ReplicaState.Warming, "Canary", ReplicaState.Active, 2000L),
            ],
            _world.Told.Transitions.Select(told => (told.From, told.Trigger, told.To, told.TookMs)));
        Assert.All(_world.Told.Transitions, told => Assert.Equal(TransitionCause.Demand, told.Cause));
        Assert.All(_world.Told.Transitions, told => Assert.Equal("3 waiting, the oldest for 1200 ms; 0 in flight", told.Reason));
        Assert.Equal([1L, 2, 3, 4], _world.Told.Transitions.Select(told => told.Sequence));
        Assert.Equal(_world.Time.GetUtcNow(), _world.Told.Transitions[^1].At);
    }

    [Fact]
    public void Eviction_NamesForWhom_AndTheNumbers_AndAtLastWhatWasMeasured()
    {
        _world.Apply(Make.Model("a", gib: 60), Make.Model("b", gib: 50));
        _world.Serve("a");
        _world.Live(_world.Options.ResidencyMin);
        _world.Report(new ModelDemand("b", 1, 0, 0));
        _world.Report(new ModelDemand("b", 1, 0, 0));

        var fenced = _world.Told.Transitions.Single(told => told.Trigger == "Fence");
        Assert.Equal((TransitionCause.Evicted, "a"), (fenced.Cause, fenced.Model));
        var eviction = fenced.Eviction!;
        Assert.Equal(("b", 50 * Make.GiB, 20 * Make.GiB), (eviction.ForModel, eviction.NeededBytes, eviction.FreeBytes));
        Assert.Equal(["SIM-0"], eviction.Gpus);
        Assert.Equal((60 * Make.GiB) - _world.Options.AssumedResidueBytes, eviction.FreedBytes);
        Assert.Equal("b needs 50.0 GiB, 20.0 GiB are free; this one gives 58.6 GiB", fenced.Reason);

        _world.FinishSleep("a", residue: 2 * Make.GiB);
        var asleep = _world.Told.Transitions.Single(told => told.Trigger == "Asleep");
        Assert.Equal((TransitionCause.Evicted, "b", 58 * Make.GiB), (asleep.Cause, asleep.Eviction!.ForModel, asleep.Eviction.FreedBytes));

        // What wakes it is another story.
        _world.FinishStart("b");
        _world.Live(_world.Options.ResidencyMin);
        _world.Report(new ModelDemand("a", 1, 0, 0));
        _world.Report(new ModelDemand("a", 1, 0, 0));
        _world.FinishSleep("b");
        var woken = _world.Told.Transitions.Single(told => told.Trigger == "Wake");
        Assert.Equal((TransitionCause.Demand, null), (woken.Cause, woken.Eviction));
    }

    [Fact]
    public void EveryWayDown_NamesItsCause()
    {
        _world.Apply(Make.Model("a", sleepAfter: 5 * Second, stopAfter: 20 * Second), Make.Model("b", gib: 10), Make.Model("c", gib: 10, min: 1));
        _world.FinishStart("c");
        _world.Serve("a");
        _world.Serve("b");
        _world.Live(6 * Second);
        Assert.Equal(TransitionCause.Idle, Last("a", "Fence").Cause);
        Assert.StartsWith("not used for 5.", Last("a", "Fence").Reason, StringComparison.Ordinal);
        Assert.Equal(TransitionCause.Minimum, Last("c", "Place").Cause);

        _world.Apply(Make.Model("a", sleepAfter: 5 * Second, revision: 2), Make.Model("c", gib: 10, min: 1));
        Assert.Equal(TransitionCause.Removed, Last("b", "Fence").Cause);
        _world.FinishSleep("a");
        Assert.Equal((TransitionCause.Outdated, "revision 1 is replaced by 2"), (Last("a", "Stop").Cause, Last("a", "Stop").Reason));

        _world.Loop.Handle(new ProcessExited(_world.Only("c").Id, "killed by signal 9"));
        Assert.Equal((TransitionCause.Failure, "killed by signal 9"), (Last("c", "Break").Cause, Last("c", "Break").Reason));
    }

    [Fact]
    public void Fleet_ShowsWhatEachGpuHolds_AndWhatEachReplicaIsBusyWith()
    {
        _world.Apply(Make.Model("a", gib: 30, sleepAfter: 5 * Second), Make.Model("b", gib: 20));
        _world.Serve("a");
        _world.Live(6 * Second);
        _world.FinishSleep("a", residue: 2 * Make.GiB);
        _world.Report(new ModelDemand("b", 1, 0, 0));
        var start = _world.Effects.Take(EffectKind.Start).Target;
        _world.Loop.Handle(new PhaseSeen(start.Replica, start.Attempt, "weights"));
        _world.Tick(Second);

        var gpu = Assert.Single(_world.Told.Fleet.Gpus);
        Assert.Equal((80 * Make.GiB, 20 * Make.GiB, 2 * Make.GiB), (gpu.MemoryBytes, gpu.ReservedBytes, gpu.SleepingBytes));
        Assert.Equal(start.Replica, gpu.Transition);
        var b = _world.Told.Fleet.Replicas.Single(replica => replica.Model == "b");
        Assert.Equal((ReplicaState.Starting, "weights", 20 * Make.GiB), (b.State, b.Phase, b.HeldBytes));
        var a = _world.Told.Fleet.Replicas.Single(replica => replica.Model == "a");
        Assert.Equal((ReplicaState.Sleeping, 1, TransitionCause.Idle), (a.State, a.SleepLevel, a.Cause));
    }

    private ReplicaTransition Last(string model, string trigger) =>
        _world.Told.Transitions.Last(told => told.Model == model && told.Trigger == trigger);
}
