using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Lifecycle;

public class OrderTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly LoopWorld _world = new(Make.Gpus(2, 80));

    [Fact]
    public void Wake_StartsOne_AndItsIdlePolicyHoldsFromThere()
    {
        _world.Apply(Make.Model("a", sleepAfter: 5 * Second));
        Assert.True(_world.Ask(FleetAction.Wake, "a").Accepted);
        Assert.Equal(TransitionCause.Operator, _world.Told.Transitions[0].Cause);
        _world.FinishStart("a");
        Assert.Equal("'a' is Active.", _world.Ask(FleetAction.Wake, "a").Message);
        _world.Report();
        _world.Live(6 * Second);
        _world.FinishSleep("a");

        Assert.True(_world.Ask(FleetAction.Wake, "a").Accepted);
        _world.FinishWake("a");
        Assert.Equal(ReplicaState.Active, _world.StateOf("a"));
    }

    [Fact]
    public void WakeThatADrainTakenBackMeets_KeepsNothingUpForGood()
    {
        _world.Apply(Make.Model("a", sleepAfter: 5 * Second));
        var replica = _world.Serve("a");
        _world.Tick(5 * Second);
        Assert.Equal(ReplicaState.Draining, replica.State);
        Assert.True(_world.Ask(FleetAction.Wake, "a").Accepted);
        Assert.Equal(ReplicaState.Active, replica.State);
        _world.Live(4 * Second);
        Assert.Equal(ReplicaState.Active, replica.State);
        _world.Live(2 * Second);
        _world.FinishSleep("a");
    }

    [Fact]
    public void Wake_DoesNotWaitOutABackoff()
    {
        _world.Apply(Make.Model("a"));
        _world.Report(new ModelDemand("a", 1, 0, 0));
        _world.FailStart("a", "no");
        Assert.Empty(_world.Effects.Of(EffectKind.Start));
        _world.Ask(FleetAction.Wake, "a");
        Assert.Single(_world.Effects.Of(EffectKind.Start));
    }

    [Fact]
    public void FailedWake_IsTriedOnce()
    {
        _world.Apply(Make.Model("a"));
        _world.Ask(FleetAction.Wake, "a");
        _world.FailStart("a", "no");
        _world.Report();
        _world.Live(10 * Second);
        Assert.Equal(ModelStatus.Failed, _world.Route("a").Status);
        Assert.Empty(_world.Effects.Of(EffectKind.Start));
    }

    [Fact]
    public void Sleep_DrainsWhatIsInFlight_AndThenSleeps()
    {
        _world.Apply(Make.Model("a"));
        var replica = _world.Serve("a");
        _world.Report("g1", [new ModelDemand("a", 0, 0, 1)], [new ReplicaLoad(replica.Id, 1)]);
        Assert.True(_world.Ask(FleetAction.Sleep, "a").Accepted);
        _world.Report("g1", [new ModelDemand("a", 0, 0, 1)], [new ReplicaLoad(replica.Id, 1)]);
        Assert.Equal(ReplicaState.Draining, replica.State);
        _world.Report();
        _world.FinishSleep("a");
        Assert.Equal(ReplicaState.Sleeping, replica.State);
        Assert.Equal("'a' is asleep.", _world.Ask(FleetAction.Sleep, "a").Message);
    }

    [Fact]
    public void SleepByOrder_Lasts_HoweverLittleItIsWorth_UntilItIsUsed()
    {
        var world = new LoopWorld(Make.Gpus(2, 80), new SchedulerOptions { MemoryPrice = 1000 });
        world.Apply(Make.Model("a"), Make.Model("timed", sleepAfter: 5 * Second, stopAfter: 20 * Second));
        foreach (var id in new[] { "a", "timed" })
        {
            world.Serve(id);
            Assert.True(world.Ask(FleetAction.Sleep, id).Accepted);
            world.Report();
            world.FinishSleep(id);
        }

        world.Live(10 * Second);
        Assert.Equal((ReplicaState.Sleeping, ReplicaState.Sleeping), (world.StateOf("a"), world.StateOf("timed")));
        world.Live(20 * Second);
        Assert.Equal(ReplicaState.Stopping, world.StateOf("timed"));

        world.FinishStop("timed");
        world.Tick(TimeSpan.FromHours(1));
        Assert.Equal(ReplicaState.Sleeping, world.StateOf("a"));

        world.Report(new ModelDemand("a", 1, 0, 0));
        world.FinishWake("a");
        world.Live(5 * Second);
        world.FinishSleep("a");
        world.Tick(TimeSpan.FromHours(1));
        Assert.Equal(ReplicaState.Stopping, world.StateOf("a"));
    }

    [Fact]
    public void Stop_DrainsWhatServes_AndEndsWhatStarts()
    {
        _world.Apply(Make.Model("a", max: 2, slots: 1));
        var first = _world.Serve("a");
        _world.Report("g1", [new ModelDemand("a", 1, 0, 1)], [new ReplicaLoad(first.Id, 1)]);
        var second = _world.Of("a")[1];
        Assert.Equal(ReplicaState.Starting, second.State);
        Assert.True(_world.Ask(FleetAction.Stop, "a").Accepted);
        Assert.Equal((ReplicaState.Draining, ReplicaState.Stopping), (first.State, second.State));
        // Whoever waits is served all the same: by a fresh one.
        Assert.Equal(ReplicaState.Starting, _world.Of("a")[2].State);
    }

    [Fact]
    public void StopOfASleeperWhoseGpuIsBusy_ComesWhenItIsQuiet()
    {
        var world = new LoopWorld(Make.Gpus(1, 80));
        world.Apply(Make.Model("a", gib: 20, sleepAfter: Second), Make.Model("b", gib: 20));
        var a = world.Serve("a");
        world.Live(2 * Second);
        world.FinishSleep("a");
        world.Report(new ModelDemand("b", 1, 0, 0));
        Assert.True(world.Ask(FleetAction.Stop, "a").Accepted);
        Assert.Equal(ReplicaState.Sleeping, a.State);
        world.FinishStart("b");
        Assert.Equal(ReplicaState.Stopping, a.State);
    }

    [Fact]
    public void Pin_KeepsOneActive_UntilUnpin()
    {
        _world.Apply(Make.Model("a", sleepAfter: Second));
        Assert.True(_world.Ask(FleetAction.Pin, "a").Accepted);
        _world.FinishStart("a");
        _world.Report();
        _world.Live(30 * Second);
        Assert.Equal(ReplicaState.Active, _world.StateOf("a"));
        Assert.Equal("model_kept", _world.Ask(FleetAction.Stop, "a").Code);
        Assert.Equal("model_kept", _world.Ask(FleetAction.Sleep, "a").Code);

        Assert.True(_world.Ask(FleetAction.Unpin, "a").Accepted);
        _world.Live(2 * Second);
        _world.FinishSleep("a");
    }

    [Fact]
    public void PinsAndDrainsOfAnEarlierRun_Hold()
    {
        var world = new LoopWorld(Make.Gpus(2, 80), pinned: ["a"], drained: ["SIM-0"]);
        world.Apply(Make.Model("a"));
        Assert.Equal(["SIM-1"], world.Only("a").GpuIds);
    }

    [Fact]
    public void SleepOrder_IsWrittenDown_UntilItsModelIsUsedOrStopped()
    {
        _world.Apply(Make.Model("a"));
        _world.Serve("a");
        Assert.True(_world.Ask(FleetAction.Sleep, "a").Accepted);
        Assert.Equal(["a"], _world.Effects.SleepOrders);
        _world.Report();
        _world.FinishSleep("a");
        Assert.True(_world.Ask(FleetAction.Sleep, "a").Accepted);
        Assert.Equal(["a"], _world.Effects.SleepOrders);
        _world.Report(new ModelDemand("a", 1, 0, 0));
        _world.FinishWake("a");
        Assert.Empty(_world.Effects.SleepOrders);

        Assert.True(_world.Ask(FleetAction.Sleep, "a").Accepted);
        Assert.True(_world.Ask(FleetAction.Stop, "a").Accepted);
        Assert.Empty(_world.Effects.SleepOrders);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void SleepOrderOfAnEarlierRun_HoldsForTheEngineThatIsTakenOver(bool isAsleep)
    {
        var world = new LoopWorld(Make.Gpus(1, 80), new SchedulerOptions { MemoryPrice = 1000 }, sentToSleep: ["a"]);
        var model = Make.Model("a");
        world.Loop.Handle(new EngineFound(new EngineTarget("old", 0, model, Make.Gpus(1, 80), "http://127.0.0.1/old", "key", 1), null));
        world.Apply(model);
        var look = world.Effects.Take(EffectKind.Look).Target;
        world.Loop.Handle(new LookedAt(look.Replica, look.Attempt, isAsleep, isAsleep ? 2 * Make.GiB : 0, null));
        if (!isAsleep)
        {
            world.Report();
            world.FinishSleep("a");
        }

        // However little it is worth, as on the first day.
        world.Tick(TimeSpan.FromHours(1));
        Assert.Equal(ReplicaState.Sleeping, world.StateOf("a"));
    }

    [Fact]
    public void DrainedGpu_IsLeft_WithoutAGapInServing_AndTakesNothing()
    {
        _world.Apply(Make.Model("a"));
        var old = _world.Serve("a");
        var demand = new ModelDemand("a", 0, 0, 1);
        _world.Report("g1", [demand], [new ReplicaLoad(old.Id, 1)]);
        Assert.Contains("drains: 1 of its replicas", _world.Ask(FleetAction.DrainGpu, old.GpuIds[0]).Message, StringComparison.Ordinal);
        Assert.Equal(ReplicaState.Active, old.State);

        _world.FinishStart("a");
        _world.Report("g1", [demand], [new ReplicaLoad(old.Id, 1)]);
        Assert.Equal((ReplicaState.Draining, TransitionCause.GpuDrained), (old.State, _world.Told.Transitions[^1].Cause));
        _world.Report(demand);
        _world.FinishStop("a");
        var fresh = _world.Only("a");
        Assert.NotEqual(old.GpuIds, fresh.GpuIds);
        _world.Tick(Second);
        Assert.Contains(_world.Told.Fleet.Gpus, gpu => gpu.Id == old.GpuIds[0] && gpu is { IsDraining: true, ReservedBytes: 0 });

        Assert.True(_world.Ask(FleetAction.UndrainGpu, old.GpuIds[0]).Accepted);
        Assert.True(_world.Ask(FleetAction.DrainGpu, fresh.GpuIds[0]).Accepted);
        Assert.Equal(old.GpuIds, _world.Effects.Of(EffectKind.Start).Single().Target.Gpus.Select(gpu => gpu.Id));
    }

    [Fact]
    public void KeptReplicaOnADrainedGpu_IsReplacedBeforeItLeaves_WithoutDemandToo()
    {
        _world.Apply(Make.Model("a", min: 1));
        _world.FinishStart("a");
        var old = _world.Only("a");
        _world.Report();
        _world.Ask(FleetAction.DrainGpu, old.GpuIds[0]);
        _world.Report();
        Assert.Equal(ReplicaState.Active, old.State);
        _world.FinishStart("a");
        Assert.Equal(ReplicaState.Draining, old.State);
    }

    [Theory]
    [InlineData(FleetAction.Wake, "nobody", "model_not_found")]
    [InlineData(FleetAction.Sleep, "a", "model_cold")]
    [InlineData(FleetAction.Sleep, "plain", "model_cannot_sleep")]
    [InlineData(FleetAction.Wake, "huge", "model_unschedulable")]
    [InlineData(FleetAction.Stop, "house", "model_external")]
    [InlineData(FleetAction.Stop, "kept", "model_kept")]
    [InlineData(FleetAction.DrainGpu, "GPU-7", "gpu_not_found")]
    public void ImpossibleOrder_IsRefused_WithAReason(FleetAction action, string target, string code)
    {
        var house = Make.Model("house") with { Engine = new EngineSpec { Kind = EngineKind.External, Url = new Uri("http://10.0.0.5:8000/") } };
        _world.Apply(
            Make.Model("a"), Make.Model("plain", kind: EngineKind.Command), Make.Model("huge", gib: 800), house, Make.Model("kept", min: 1));
        var answer = _world.Ask(action, target);
        Assert.Equal((false, code), (answer.Accepted, answer.Code));
        Assert.NotEmpty(answer.Message);
    }

    [Fact]
    public void OrderBeforeTheCatalog_IsRefused() => Assert.Equal("not_ready", _world.Ask(FleetAction.Wake, "a").Code);
}
