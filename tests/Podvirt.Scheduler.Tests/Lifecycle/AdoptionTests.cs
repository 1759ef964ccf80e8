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

    private void Adopt(bool isAsleep, int level = 1) => _world.Loop.Handle(new Adopted(
        new EngineTarget("old", 0, _model, Make.Gpus(1, 80), "http://127.0.0.1/old", "key", level), isAsleep, isAsleep ? 2 * Make.GiB : 0));
}
