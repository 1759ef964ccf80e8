using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Lifecycle;

public class ColdStartTests
{
    private readonly LoopWorld _world = new(Make.Gpus(4, 80));

    [Fact]
    public void EveryModelOfTheCatalog_IsInTheRoutes()
    {
        _world.Apply(Make.Model("a"), Make.Model("b"));

        Assert.Equal(["a", "b"], _world.Effects.Routes.Models.Select(route => route.Model.Id));
        Assert.All(_world.Effects.Routes.Models, route => Assert.Equal(ModelStatus.Cold, route.Status));
        Assert.Equal((LoopWorld.Epoch, 1L), (_world.Effects.Routes.Epoch, _world.Effects.Routes.Revision));
    }

    [Fact]
    public void AThousandParkedRequests_StartOneReplica()
    {
        _world.Apply(Make.Model("a", max: 4, slots: 4));
        for (var i = 0; i < 10; i++)
        {
            _world.Report(new ModelDemand("a", 1000, i * 100, 0));
            _world.Tick(TimeSpan.FromMilliseconds(100));
        }

        Assert.Single(_world.Of("a"));
        Assert.Single(_world.Effects.Of(EffectKind.Start));
    }

    [Fact]
    public void MoreRequestsThanSlots_StartMore_OneServes_UpToTheMaximum()
    {
        _world.Apply(Make.Model("a", max: 3, slots: 4));
        _world.Report(new ModelDemand("a", 1000, 0, 0));
        _world.FinishStart("a");
        for (var i = 0; i < 10; i++)
        {
            _world.Report(new ModelDemand("a", 996, 0, 4));
        }

        Assert.Equal(3, _world.Of("a").Count);
    }

    [Fact]
    public void RequestsWithinTheSlots_StartNoMore()
    {
        _world.Apply(Make.Model("a", max: 3, slots: 4));
        _world.Report(new ModelDemand("a", 4, 0, 0));
        _world.FinishStart("a");
        _world.Report(new ModelDemand("a", 0, 0, 4));

        Assert.Single(_world.Of("a"));
    }

    [Fact]
    public void FurtherReplicas_NeverEvictAnybody()
    {
        var world = new LoopWorld(Make.Gpus(1, 80));
        world.Apply(Make.Model("idle", gib: 40), Make.Model("busy", gib: 40, max: 2, slots: 1));
        world.Serve("idle");
        world.Serve("busy");
        world.Report(new ModelDemand("busy", 50, 0, 1));

        Assert.Equal(ReplicaState.Active, world.StateOf("idle"));
        Assert.Single(world.Of("busy"));
    }

    [Fact]
    public void Minimum_RunsWithoutDemand_AndIsNeverSlept()
    {
        _world.Apply(Make.Model("a", min: 1, sleepAfter: TimeSpan.FromSeconds(1), stopAfter: TimeSpan.FromSeconds(2)));
        _world.FinishStart("a");
        _world.Live(TimeSpan.FromSeconds(30));

        Assert.Equal(ReplicaState.Active, _world.StateOf("a"));
    }

    [Fact]
    public void PhasesAreShown_AndTheDurationIsMeasured()
    {
        _world.Apply(Make.Model("a"));
        _world.Report(new ModelDemand("a", 1, 0, 0));
        var start = _world.Effects.Of(EffectKind.Start)[0].Target;
        Assert.Equal("starting", _world.Route("a").WarmUp?.Phase);
        _world.Loop.Handle(new PhaseSeen(start.Replica, start.Attempt, "weights"));
        Assert.Equal("weights", _world.Route("a").WarmUp?.Phase);
        _world.Tick(TimeSpan.FromSeconds(3));
        _world.Loop.Handle(new EngineReady(start.Replica, start.Attempt));
        Assert.Equal("canary", _world.Route("a").WarmUp?.Phase);
        Assert.False(_world.Route("a").Replicas[0].Admits);
        _world.FinishCanary("a");

        Assert.True(_world.Route("a").Replicas[0].Admits);
        Assert.Equal(3000, _world.Route("a").StartupDurationMs);
        Assert.Equal([3000], _world.Effects.Histories["a"].ColdStartsMs);
    }

    [Fact]
    public void History_SaysHowLongToExpect()
    {
        var history = new StartHistory { ColdStartsMs = [9000, 10_000, 50_000], WakesMs = [800] };
        var world = new LoopWorld(Make.Gpus(1, 80), histories: new Dictionary<string, StartHistory> { ["a"] = history });
        world.Apply(Make.Model("a", sleepAfter: TimeSpan.FromSeconds(1)));
        Assert.Equal(10_000, world.Route("a").ExpectedWaitMs);
        Assert.Equal(50_000, world.Route("a").StartupDurationMs);

        world.Report(new ModelDemand("a", 1, 0, 0));
        Assert.Equal(world.Time.GetUtcNow().AddSeconds(10), world.Route("a").WarmUp?.ExpectedAt);
        world.FinishStart("a");
        world.Report();
        world.Live(TimeSpan.FromSeconds(2));
        world.FinishSleep("a");
        Assert.Equal(800, world.Route("a").ExpectedWaitMs);
    }

    [Fact]
    public void ResultOfAnOlderAttempt_IsIgnored()
    {
        _world.Apply(Make.Model("a"));
        _world.Report(new ModelDemand("a", 1, 0, 0));
        var start = _world.Effects.Of(EffectKind.Start)[0].Target;
        _world.FinishStart("a");
        _world.Loop.Handle(new StepFailed(start.Replica, start.Attempt, "late"));
        _world.Loop.Handle(new EngineReady("nobody", 1));

        Assert.Equal(ReplicaState.Active, _world.StateOf("a"));
    }

    [Fact]
    public void TwoStartsOnOneGpu_OneAfterTheOther()
    {
        var world = new LoopWorld(Make.Gpus(1, 80));
        world.Apply(Make.Model("a", gib: 30), Make.Model("b", gib: 30));
        world.Report(new ModelDemand("a", 1, 5, 0), new ModelDemand("b", 1, 0, 0));

        Assert.Equal("a", Assert.Single(world.Effects.Of(EffectKind.Start)).Target.Model.Id);
        Assert.Equal("waiting for gpu", world.Route("b").WarmUp?.Phase);
        world.FinishStart("a");
        Assert.Equal("b", Assert.Single(world.Effects.Of(EffectKind.Start)).Target.Model.Id);
    }

    [Fact]
    public void ModelThatNeverFits_SaysSoWithTheNumbers()
    {
        var world = new LoopWorld(Make.Gpus(1, 24));
        world.Apply(Make.Model("big", gib: 80, count: 2));
        world.Report(new ModelDemand("big", 1, 0, 0));

        Assert.Equal(ModelStatus.Failed, world.Route("big").Status);
        Assert.Equal(
            new ModelFailure("model_unschedulable", "needs 2 × 80 GiB on one node; the largest is 1 × 24 GiB", null),
            world.Route("big").Failure);
        Assert.Empty(world.Of("big"));
    }

    [Fact]
    public void ModelWithoutGpus_NeedsNone()
    {
        var world = new LoopWorld([]);
        world.Apply(Make.Model("cpu", gib: 0, count: 0, kind: EngineKind.Command));
        world.Serve("cpu");
        Assert.Equal(ModelStatus.Active, world.Route("cpu").Status);
    }

    [Fact]
    public void Routes_AreRepeatedEveryTwoSeconds_WithTheSameRevision()
    {
        _world.Apply(Make.Model("a"));
        var published = _world.Effects.Published;
        for (var i = 0; i < 40; i++)
        {
            _world.Tick(TimeSpan.FromMilliseconds(100));
        }

        Assert.Equal(published + 2, _world.Effects.Published);
        Assert.Equal(1, _world.Effects.Routes.Revision);
    }
}
