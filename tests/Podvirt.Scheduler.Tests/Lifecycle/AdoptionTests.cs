using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Lifecycle;

/// <summary>Replicas of an earlier run in the loop.</summary>
public class AdoptionTests
{
    private readonly LoopWorld _world = new(Make.Gpus(1, 80));
    private readonly ModelSpec _model = Make.Model("a", gib: 60, sleepAfter: TimeSpan.FromSeconds(5));

    [Fact]
    public void ServingEngine_TakesRequestsFromTheFirstRoutesOn()
    {
        Adopt(isAsleep: false);
        Assert.Equal(0, _world.Effects.Published);
        _world.Apply(_model);
        var route = Assert.Single(_world.Route("a").Replicas);
        Assert.Equal(("old", "http://127.0.0.1/old", "key", true), (route.Id, route.Address, route.ApiKey, route.Admits));
        _world.Report(new ModelDemand("a", 5, 10, 0));
        Assert.Empty(_world.Effects.Of(EffectKind.Start));
    }

    [Fact]
    public void SleepingEngine_IsWokenByDemand_AtItsOwnLevel()
    {
        Adopt(isAsleep: true, level: 2);
        _world.Apply(_model);
        Assert.Equal(ModelStatus.Sleeping, _world.Route("a").Status);
        _world.Report(new ModelDemand("a", 1, 0, 0));
        Assert.Equal(("old", 2), (_world.Effects.Of(EffectKind.Wake)[0].Target.Replica, _world.Effects.Of(EffectKind.Wake)[0].Target.SleepLevel));
        _world.FinishWake("a");
        Assert.Equal(ReplicaState.Active, _world.StateOf("a"));
    }

    [Fact]
    public void Memory_IsTheirs()
    {
        Adopt(isAsleep: false);
        _world.Apply(_model, Make.Model("b", gib: 60));
        _world.Report(new ModelDemand("a", 0, 0, 1), new ModelDemand("b", 1, 0, 0));
        Assert.Empty(_world.Of("b"));
    }

    [Fact]
    public void Engine_FallsAsleepWhenIdle_AndIsNoStartInTheHistory()
    {
        Adopt(isAsleep: false);
        _world.Apply(_model);
        _world.Report();
        _world.Live(TimeSpan.FromSeconds(5));
        Assert.Equal(ReplicaState.FallingAsleep, _world.StateOf("a"));
        Assert.Empty(_world.Effects.Histories);
    }

    [Fact]
    public void ModelThatLeftTheCatalogMeanwhile_Drains()
    {
        Adopt(isAsleep: false);
        _world.Apply();
        _world.Report();
        Assert.Equal(ReplicaState.Stopping, _world.StateOf("a"));
        _world.FinishStop("a");
        Assert.Empty(_world.Loop.Replicas);
    }

    [Fact]
    public void NewerRevision_ReplacesIt()
    {
        Adopt(isAsleep: false);
        _world.Apply(_model with { Revision = 2 });
        _world.Report();
        Assert.Equal(ReplicaState.Stopping, _world.StateOf("a"));
    }

    [Fact]
    public void EngineThatDiesBeforeTheCatalogIsThere_IsReplaced()
    {
        Adopt(isAsleep: false);
        _world.Loop.Handle(new ProcessExited("old", "ended"));
        _world.Apply(_model);
        _world.FinishStop("a");
        _world.Report(new ModelDemand("a", 1, 0, 0));
        Assert.NotEqual("old", _world.Only("a").Id);
    }

    [Fact]
    public void EngineThatIsLookedAt_IsWaitedFor_AndNothingBeginsBesideIt()
    {
        Find();
        _world.Apply(_model, Make.Model("b", gib: 10));
        Assert.Equal((ModelStatus.WarmingUp, "probing", null), (_world.Route("a").Status, _world.Route("a").WarmUp!.Phase, _world.Route("a").WarmUp!.ExpectedAt));
        _world.Report(new ModelDemand("a", 1, 0, 0), new ModelDemand("b", 1, 0, 0));
        Assert.Empty(_world.Effects.Of(EffectKind.Start));
        Assert.Equal(ReplicaState.Placing, _world.StateOf("b"));
        Assert.Equal("old", _world.Only("a").Id);

        Answer(isAsleep: false);
        Assert.Equal("b", Assert.Single(_world.Effects.Of(EffectKind.Start)).Target.Model.Id);
    }

    [Fact]
    public void EngineThatHangs_IsRemovedWithoutAMarkOnItsModel()
    {
        Find();
        _world.Apply(_model);
        var look = _world.Effects.Take(EffectKind.Look).Target;
        _world.Loop.Handle(new StepFailed(look.Replica, look.Attempt, "a look at it took longer than 15 s"));
        Assert.Equal(ReplicaState.Stopping, _world.StateOf("a"));
        Assert.Equal(TransitionCause.Failure, _world.Told.Transitions[^1].Cause);
        _world.FinishStop("a");
        Assert.Null(_world.Route("a").Failure);
        _world.Report(new ModelDemand("a", 1, 0, 0));
        _world.FinishStart("a");
        Assert.Equal(ReplicaState.Active, _world.StateOf("a"));
    }

    [Fact]
    public void Finding_IsTold()
    {
        Adopt(isAsleep: true);
        Assert.Equal(
            [(null, "Find", ReplicaState.Warming, TransitionCause.Restart), (ReplicaState.Warming, "Asleep", ReplicaState.Sleeping, TransitionCause.Restart)],
            _world.Told.Transitions.Select(told => (told.From, told.Trigger, told.To!.Value, told.Cause)));
    }

    private void Find(int level = 1) => _world.Loop.Handle(new EngineFound(
        new EngineTarget("old", 0, _model, Make.Gpus(1, 80), "http://127.0.0.1/old", "key", level), null));

    private void Answer(bool isAsleep)
    {
        var look = _world.Effects.Take(EffectKind.Look).Target;
        _world.Loop.Handle(new LookedAt(look.Replica, look.Attempt, isAsleep, isAsleep ? 2 * Make.GiB : 0, null));
    }

    private void Adopt(bool isAsleep, int level = 1)
    {
        Find(level);
        Answer(isAsleep);
    }
}
