using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Lifecycle;

/// <summary>The loop of a leader that has taken over from another one, while gateways went on.</summary>
public sealed class TakeOverTests
{
    private readonly LoopWorld _world = new(Make.Gpus(1, 80), new SchedulerOptions { ElectsLeader = true });
    private readonly ModelSpec _model = Make.Model("a", gib: 60);

    [Fact]
    public void RoutesOfTheEarlierLeader_StandUntilItIsKnownWhatServes()
    {
        Find();
        _world.Apply(_model);
        Assert.Equal(0, _world.Effects.Published);
        Answer(isAsleep: false);
        Assert.True(Assert.Single(_world.Route("a").Replicas).Admits);
    }

    [Fact]
    public void EngineThatDoesNotAnswer_HoldsTheRoutesBackForAMomentOnly()
    {
        Find();
        _world.Apply(_model);
        _world.Tick(_world.Options.PublishInterval);
        Assert.Equal(ModelStatus.WarmingUp, _world.Route("a").Status);
    }

    [Fact]
    public void Fence_IsNotConfirmedBeforeEveryGatewayCouldSpeak()
    {
        Find();
        _world.Apply(_model);
        Answer(isAsleep: false);
        _world.Ask(FleetAction.Stop, "a");
        _world.Tick(_world.Options.GatewayLease - TimeSpan.FromMilliseconds(100));
        Assert.Equal(ReplicaState.Draining, _world.StateOf("a"));
        _world.Report("g1", [new ModelDemand("a", 0, 0, 1)], [new ReplicaLoad("old", 1)]);
        _world.Tick(TimeSpan.FromMilliseconds(100));
        Assert.Equal(ReplicaState.Draining, _world.StateOf("a"));
        _world.Report();
        Assert.Equal(ReplicaState.Stopping, _world.StateOf("a"));
    }

    [Fact]
    public void OlderRevision_IsLookedAtAndServes_UntilItsSuccessorDoes()
    {
        Find();
        _world.Apply(_model with { Revision = 2, Gpu = _model.Gpu with { MemoryBytes = 10 * Make.GiB } });
        Answer(isAsleep: false);
        _world.Report(new ModelDemand("a", 0, 0, 1));
        Assert.Equal([ReplicaState.Active, ReplicaState.Starting], _world.Of("a").Select(replica => replica.State));
    }

    [Fact]
    public void ActiveEngineThatSleeps_LeavesTheRoutes_AndIsWokenFromTheDepth()
    {
        Find();
        _world.Apply(_model);
        Answer(isAsleep: false);
        Probe(isAsleep: true);
        Assert.Equal(ReplicaState.Warming, _world.StateOf("a"));
        Assert.False(Assert.Single(_world.Route("a").Replicas).Admits);
        Answer(isAsleep: true);
        Assert.Equal(ReplicaState.Sleeping, _world.StateOf("a"));
        _world.Report(new ModelDemand("a", 0, 0, 1));
        Assert.Equal(2, _world.Effects.Take(EffectKind.Wake, "a").Target.SleepLevel);
    }

    [Fact]
    public void SleeperThatIsAwake_IsRemoved()
    {
        Find();
        _world.Apply(_model);
        Answer(isAsleep: true);
        Probe(isAsleep: false);
        Assert.Equal(ReplicaState.Stopping, _world.StateOf("a"));
        Assert.Null(_world.Route("a").Failure);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(null)]
    public void SleeperThatSleeps_OrSaysNothing_SleepsOn(bool? isAsleep)
    {
        Find();
        _world.Apply(_model);
        Answer(isAsleep: true);
        Probe(isAsleep);
        Assert.Equal(ReplicaState.Sleeping, _world.StateOf("a"));
    }

    private void Find() => _world.Loop.Handle(new EngineFound(
        new EngineTarget("old", 0, _model, Make.Gpus(1, 80), "http://127.0.0.1/old", "key", 1), null));

    private void Answer(bool isAsleep)
    {
        var look = _world.Effects.Take(EffectKind.Look).Target;
        _world.Loop.Handle(new LookedAt(look.Replica, look.Attempt, isAsleep, isAsleep ? 2 * Make.GiB : 0, null));
    }

    private void Probe(bool? isAsleep)
    {
        _world.Tick(TimeSpan.FromSeconds(1));
        var asked = _world.Effects.Take(EffectKind.Probe).Target;
        _world.Loop.Handle(new Probed(asked.Replica, asked.Attempt, ProbeResult.Healthy, WasTrouble: false, "", IsAsleep: isAsleep));
    }
}
