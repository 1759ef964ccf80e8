using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Lifecycle;

public class EvictionTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    // Starts that take no time would make sleep worthless.
    private static readonly StartHistory Slow = new() { ColdStartsMs = [60_000, 60_000, 60_000, 60_000], WakesMs = [2_000, 2_000, 2_000, 2_000] };

    private readonly LoopWorld _world = new(
        Make.Gpus(1, 80), histories: new Dictionary<string, StartHistory> { ["a"] = Slow, ["b"] = Slow });

    [Fact]
    public void TwoModelsThatDoNotFitTogether_TakeTurns()
    {
        _world.Apply(Make.Model("a", gib: 60, sleepAfter: Hour), Make.Model("b", gib: 60, sleepAfter: Hour));
        var a = _world.Serve("a");
        _world.Live(_world.Options.ResidencyMin);
        _world.Report(new ModelDemand("b", 1, 0, 0));
        Assert.Equal("waiting for memory", _world.Route("b").WarmUp?.Phase);
        Assert.Empty(_world.Of("b"));
        Assert.Equal(ReplicaState.Draining, a.State);
        _world.Report(new ModelDemand("b", 1, 100, 0));
        Assert.Equal(ReplicaState.FallingAsleep, a.State);
        _world.FinishSleep("a");
        _world.FinishStart("b");
        Assert.Equal((ReplicaState.Sleeping, ReplicaState.Active), (a.State, _world.StateOf("b")));

        _world.Report();
        _world.Live(_world.Options.ResidencyMin);
        _world.Report(new ModelDemand("a", 1, 0, 0));
        _world.Report(new ModelDemand("a", 1, 0, 0));
        _world.FinishSleep("b");
        _world.FinishWake("a");
        Assert.Equal((ReplicaState.Active, ReplicaState.Sleeping), (a.State, _world.StateOf("b")));
    }

    [Fact]
    public void ReplicaThatHasJustStarted_IsLeftAlone_ForItsResidency()
    {
        _world.Apply(Make.Model("a", gib: 60, sleepAfter: Hour), Make.Model("b", gib: 60, sleepAfter: Hour));
        var a = _world.Serve("a");
        for (var second = 0; second < 5; second++)
        {
            _world.Report(new ModelDemand("b", 1, second * 1000, 0));
            Assert.Equal(ReplicaState.Active, a.State);
            _world.Tick(Second);
        }

        Assert.Equal(ReplicaState.Draining, a.State);
    }

    [Fact]
    public void SleepThatHostMemoryDoesNotHold_IsOfLevelTwo_OrAStop()
    {
        var hosts = new Dictionary<string, long> { ["box"] = 50 * Make.GiB };
        var world = new LoopWorld(Make.Gpus(1, 80), hostBytes: hosts);
        world.Apply(Make.Model("a", gib: 20, sleepAfter: Second), Make.Model("b", gib: 40, sleepAfter: Second));
        world.Serve("a");
        world.Live(Second);
        world.FinishSleep("a");
        world.Serve("b");
        world.Live(Second);
        Assert.Equal((1, 2), (world.Only("a").SleepLevel, world.Effects.Of(EffectKind.Sleep).Single().Target.SleepLevel));

        // When the first is gone there is room for the second.
        world.FinishSleep("b");
        world.Apply(Make.Model("b", gib: 40, sleepAfter: Second));
        world.FinishStop("a");
        world.Report(new ModelDemand("b", 1, 0, 0));
        world.FinishWake("b");
        world.Report();
        world.Live(Second);
        Assert.Equal(1, world.Effects.Of(EffectKind.Sleep).Single().Target.SleepLevel);
    }

    [Fact]
    public void AgedRequest_KeepsTheGpuThatOthersWouldTakeAgain()
    {
        // Small models come and go on one gpu; each is on its way up when the last one leaves. The large one needs all of it.
        _world.Apply(Make.Model("large", gib: 78), Make.Model("s1", gib: 40), Make.Model("s2", gib: 40));
        _world.Report(new ModelDemand("s1", 1, 0, 0));
        _world.Tick(_world.Options.FairnessLimit);
        _world.Report(new ModelDemand("s1", 1, 30_000, 0), new ModelDemand("large", 1, 30_000, 0), new ModelDemand("s2", 1, 0, 0));
        Assert.Single(_world.Of("s1"));
        Assert.Empty(_world.Of("s2"));
    }

    [Fact]
    public void SleepThatLeavesTooMuch_StopsTheSleeper()
    {
        _world.Apply(Make.Model("a", gib: 60, sleepAfter: Hour), Make.Model("b", gib: 78));
        var a = _world.Serve("a");
        _world.Live(_world.Options.ResidencyMin);
        _world.Report(new ModelDemand("b", 1, 0, 0));
        _world.Report(new ModelDemand("b", 1, 0, 0));
        _world.FinishSleep("a", residue: 3 * Make.GiB);
        Assert.Equal(ReplicaState.Stopping, a.State);
        _world.FinishStop("a");
        _world.FinishStart("b");
        Assert.Equal(ModelStatus.Active, _world.Route("b").Status);
    }

    [Fact]
    public void SleeperWhoseGpuIsTaken_IsReplacedOnAFreeOne()
    {
        var world = new LoopWorld(Make.Gpus(2, 80));
        world.Apply(Make.Model("a", gib: 60, sleepAfter: Second), Make.Model("b", gib: 60, min: 1));
        world.FinishStart("b");
        var b = world.Only("b");
        var a = world.Serve("a");
        Assert.NotEqual(a.GpuIds, b.GpuIds);
        world.Live(Second);
        world.FinishSleep("a");
        // Somebody else moves in beside the sleeper, for good.
        world.Apply(Make.Model("a", gib: 60, sleepAfter: Second), Make.Model("c", gib: 60, min: 1));
        world.Report();
        world.FinishStart("c");
        Assert.Equal(a.GpuIds, world.Only("c").GpuIds);
        world.FinishStop("b");

        world.Report(new ModelDemand("a", 1, 0, 0));
        world.FinishStop("a");
        world.FinishStart("a");
        Assert.Equal(b.GpuIds, world.Only("a").GpuIds);
    }

    [Fact]
    public void BusyReplica_IsLeftAlone_UntilTheFairnessLimit()
    {
        _world.Apply(Make.Model("a", gib: 60, sleepAfter: Hour), Make.Model("b", gib: 60, sleepAfter: Hour));
        var a = _world.Serve("a");
        for (var second = 0; second < 35; second++)
        {
            Assert.Equal(second <= 30 ? ReplicaState.Active : ReplicaState.Draining, a.State);
            _world.Tick(Second);
            _world.Report(
                "g1", [new ModelDemand("a", 0, 0, 1), new ModelDemand("b", 1, second * 1000, 0)], [new ReplicaLoad(a.Id, 1)]);
        }

        // Its own demand does not take this fence back.
        _world.Report("g1", [new ModelDemand("a", 5, 0, 0), new ModelDemand("b", 1, 36_000, 0)], []);
        Assert.Equal(ReplicaState.FallingAsleep, a.State);
        _world.FinishSleep("a");
        _world.FinishStart("b");
        Assert.Equal(ReplicaState.Active, _world.StateOf("b"));
    }

    [Fact]
    public void DrainForOthers_EndsByForce()
    {
        _world.Apply(Make.Model("a", gib: 60, sleepAfter: Hour), Make.Model("b", gib: 60, sleepAfter: Hour));
        var a = _world.Serve("a");
        for (var second = 0; second < 340; second++)
        {
            _world.Tick(Second);
            _world.Report(
                "g1", [new ModelDemand("a", 0, 0, 1), new ModelDemand("b", 1, second * 1000, 0)], [new ReplicaLoad(a.Id, 1)]);
        }

        Assert.Equal(ReplicaState.Stopping, a.State);
    }

    [Fact]
    public void ReplicaOfTheMinimum_IsNeverEvicted()
    {
        _world.Apply(Make.Model("a", gib: 60, min: 1), Make.Model("b", gib: 60));
        _world.FinishStart("a");
        for (var second = 0; second < 60; second++)
        {
            _world.Tick(Second);
            _world.Report(new ModelDemand("b", 1, second * 1000, 0));
        }

        Assert.Equal(ReplicaState.Active, _world.StateOf("a"));
        Assert.Equal("waiting for memory", _world.Route("b").WarmUp?.Phase);
    }
}
