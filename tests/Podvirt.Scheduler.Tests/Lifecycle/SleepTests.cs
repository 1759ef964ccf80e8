using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Lifecycle;

public class SleepTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly LoopWorld _world = new(Make.Gpus(1, 80));

    [Fact]
    public void IdleTimes_AreObeyedExactly()
    {
        _world.Apply(Make.Model("a", sleepAfter: TimeSpan.FromSeconds(10), stopAfter: TimeSpan.FromSeconds(30)));
        _world.Serve("a");
        _world.Live(TimeSpan.FromSeconds(9));
        Assert.Equal(ReplicaState.Active, _world.StateOf("a"));
        _world.Live(Second);
        Assert.Equal(ReplicaState.FallingAsleep, _world.StateOf("a"));
        _world.FinishSleep("a");
        _world.Live(TimeSpan.FromSeconds(19));
        Assert.Equal(ReplicaState.Sleeping, _world.StateOf("a"));
        _world.Live(Second);
        Assert.Equal(ReplicaState.Stopping, _world.StateOf("a"));
        _world.FinishStop("a");
        Assert.Equal(ModelStatus.Cold, _world.Route("a").Status);
    }

    [Fact]
    public void RequestInFlight_IsUse()
    {
        _world.Apply(Make.Model("a", sleepAfter: TimeSpan.FromSeconds(5)));
        var replica = _world.Serve("a");
        for (var i = 0; i < 20; i++)
        {
            _world.Tick(Second);
            _world.Report("g1", [new ModelDemand("a", 0, 0, 1)], [new ReplicaLoad(replica.Id, 1)]);
        }

        Assert.Equal(ReplicaState.Active, replica.State);
    }

    [Fact]
    public void EngineWithoutSleep_Stops()
    {
        _world.Apply(Make.Model("a", sleepAfter: TimeSpan.FromSeconds(2), kind: EngineKind.Command));
        _world.Serve("a");
        _world.Live(TimeSpan.FromSeconds(2));
        Assert.Empty(_world.Effects.Of(EffectKind.Sleep));
        Assert.Equal(ReplicaState.Stopping, _world.StateOf("a"));
    }

    [Fact]
    public void Fence_WaitsForEveryGateway()
    {
        _world.Apply(Make.Model("a", sleepAfter: Second));
        var replica = _world.Serve("a");
        _world.Report("g2", [], []);
        var before = _world.Effects.Routes.Revision;
        _world.Tick(Second);
        Assert.Equal(ReplicaState.Draining, replica.State);
        Assert.False(_world.Route("a").Replicas[0].Admits);

        _world.Report("g1", [], [], revision: before);
        _world.Report("g2", [], []);
        Assert.Equal(ReplicaState.Draining, replica.State);

        _world.Report("g1", [], []);
        Assert.Equal(ReplicaState.FallingAsleep, replica.State);
    }

    [Fact]
    public void Fence_OfAnotherEpoch_DoesNotCount()
    {
        _world.Apply(Make.Model("a", sleepAfter: Second));
        var replica = _world.Serve("a");
        _world.Tick(Second);
        _world.Loop.Handle(new GatewayReported(new GatewayReport("g1", LoopWorld.Epoch - 1, 1_000_000, [], [])));
        Assert.Equal(ReplicaState.Draining, replica.State);
    }

    [Fact]
    public void SilentGateway_LosesItsSay()
    {
        _world.Apply(Make.Model("a", sleepAfter: Second));
        var replica = _world.Serve("a");
        _world.Report("gone", [], []);
        _world.Tick(Second);
        Assert.Equal(ReplicaState.Draining, replica.State);
        for (var i = 0; i < 4; i++)
        {
            _world.Report("g1", [], []);
            Assert.Equal(ReplicaState.Draining, replica.State);
            _world.Tick(Second);
        }

        _world.Report("g1", [], []);
        Assert.Equal(ReplicaState.FallingAsleep, replica.State);
    }

    [Fact]
    public void RequestInFlight_HoldsTheFence_AndTimeOutTakesItBack()
    {
        _world.Apply(Make.Model("a", sleepAfter: Second));
        var replica = _world.Serve("a");
        _world.Tick(Second);
        Assert.Equal(ReplicaState.Draining, replica.State);

        // The gateway does not know the routes yet and says nothing of demand.
        for (var i = 0; i < 30; i++)
        {
            _world.Report("g1", [], [], revision: 1);
            _world.Tick(Second);
        }

        Assert.Equal(ReplicaState.Active, replica.State);
        Assert.True(_world.Route("a").Replicas[0].Admits);
    }

    [Fact]
    public void DemandWhileDraining_TakesTheReplicaBack_InANewRevision()
    {
        _world.Apply(Make.Model("a", sleepAfter: Second));
        var replica = _world.Serve("a");
        _world.Tick(Second);
        var fenced = _world.Effects.Routes.Revision;
        _world.Report("g1", [new ModelDemand("a", 1, 0, 0)], [], revision: fenced);

        Assert.Equal(ReplicaState.Active, replica.State);
        Assert.True(_world.Effects.Routes.Revision > fenced);
        Assert.Empty(_world.Effects.Of(EffectKind.Sleep));
    }

    [Fact]
    public void DemandWhileAsleep_Wakes_WithTheCanaryBeforeActive()
    {
        var replica = SleepingReplica("a");
        _world.Report(new ModelDemand("a", 1, 0, 0));
        Assert.Equal("waking", _world.Route("a").WarmUp?.Phase);
        var wake = _world.Effects.Take(EffectKind.Wake, "a").Target;
        _world.Loop.Handle(new Woke(wake.Replica, wake.Attempt));
        Assert.Equal(ReplicaState.Waking, replica.State);
        Assert.Equal("canary", _world.Route("a").WarmUp?.Phase);
        _world.FinishCanary("a");
        Assert.Equal(ReplicaState.Active, replica.State);
        Assert.Single(_world.Effects.Histories["a"].WakesMs);
    }

    [Fact]
    public void DemandWhileFallingAsleep_WakesWhenAsleep()
    {
        _world.Apply(Make.Model("a", sleepAfter: Second));
        var replica = _world.Serve("a");
        _world.Live(Second);
        _world.Report(new ModelDemand("a", 1, 0, 0));
        Assert.Equal(ReplicaState.FallingAsleep, replica.State);
        _world.FinishSleep("a");
        Assert.Equal(ReplicaState.Waking, replica.State);
        Assert.Single(_world.Of("a"));
    }

    [Fact]
    public void MemoryThatDoesNotComeBack_RecyclesTheReplica()
    {
        _world.Apply(Make.Model("a", sleepAfter: Second));
        _world.Serve("a");
        _world.Live(Second);
        var sleep = _world.Effects.Take(EffectKind.Sleep).Target;
        _world.Loop.Handle(new StepFailed(sleep.Replica, sleep.Attempt, "asleep, but 12 GiB did not come back"));
        Assert.Equal(ReplicaState.Stopping, _world.StateOf("a"));
        _world.FinishStop("a");
        Assert.Empty(_world.Of("a"));
        Assert.Equal(ModelStatus.Cold, _world.Route("a").Status);
        Assert.Null(_world.Route("a").Failure);
    }

    [Fact]
    public void WakeThatFails_StartsCold()
    {
        var replica = SleepingReplica("a");
        _world.Report(new ModelDemand("a", 1, 0, 0));
        var wake = _world.Effects.Take(EffectKind.Wake, "a").Target;
        _world.Loop.Handle(new StepFailed(wake.Replica, wake.Attempt, "500"));
        _world.FinishStop("a");
        Assert.NotEqual(replica.Id, _world.Effects.Of(EffectKind.Start).Single().Target.Replica);
        _world.FinishStart("a");
        Assert.Equal(ModelStatus.Active, _world.Route("a").Status);
    }

    [Fact]
    public void SurplusReplica_SleepsByTheSameIdleTimes()
    {
        var world = new LoopWorld(Make.Gpus(2, 80));
        world.Apply(Make.Model("a", gib: 60, max: 2, slots: 2, sleepAfter: TimeSpan.FromSeconds(5)));
        world.Report(new ModelDemand("a", 4, 0, 0));
        world.FinishStart("a");
        world.Report(new ModelDemand("a", 2, 0, 2));
        world.FinishStart("a");
        var first = world.Of("a")[0];
        for (var i = 0; i < 10; i++)
        {
            world.Tick(Second);
            world.Report("g1", [new ModelDemand("a", 0, 0, 1)], [new ReplicaLoad(first.Id, 1)]);
        }

        Assert.Equal(ReplicaState.Active, first.State);
        Assert.Equal(ReplicaState.FallingAsleep, world.Of("a")[1].State);
    }

    private Replica SleepingReplica(string model)
    {
        _world.Apply(Make.Model(model, sleepAfter: Second));
        var replica = _world.Serve(model);
        _world.Live(Second);
        _world.FinishSleep(model);
        Assert.Equal(ReplicaState.Sleeping, replica.State);
        return replica;
    }
}
