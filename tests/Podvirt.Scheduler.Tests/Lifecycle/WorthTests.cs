using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Idle;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Lifecycle;

public class WorthTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private static readonly StartHistory Slow = new() { ColdStartsMs = [60_000, 60_000, 60_000], WakesMs = [2_000, 2_000, 2_000] };

    [Fact]
    public void ModelThatReturnsEveryTwoMinutes_IsKept_AndOneThatIsNewIsNot()
    {
        var world = new LoopWorld(
            Make.Gpus(1, 80), histories: new Dictionary<string, StartHistory> { ["known"] = UsedEvery(120), ["new"] = Slow });
        world.Apply(Make.Model("known"), Make.Model("new"));
        world.Serve("known");
        world.Serve("new");
        world.Live(TimeSpan.FromSeconds(70));
        Assert.Equal((ReplicaState.Active, ReplicaState.FallingAsleep), (world.StateOf("known"), world.StateOf("new")));

        // It did not come when it always does.
        world.Live(TimeSpan.FromSeconds(60));
        Assert.NotEqual(ReplicaState.Active, world.StateOf("known"));
    }

    [Fact]
    public void Eviction_TakesWhoeverIsWorthLeast_NotWhoeverWasUsedFirst()
    {
        var world = new LoopWorld(
            Make.Gpus(1, 80), histories: new Dictionary<string, StartHistory> { ["known"] = UsedEvery(20), ["new"] = Slow });
        world.Apply(Make.Model("known", gib: 30), Make.Model("new", gib: 30), Make.Model("third", gib: 30));
        world.Serve("known");
        world.Live(Second);
        world.Serve("new");
        world.Live(world.Options.ResidencyMin);
        world.Report(new ModelDemand("third", 1, 0, 0));
        Assert.Equal((ReplicaState.Active, ReplicaState.Draining), (world.StateOf("known"), world.StateOf("new")));
    }

    [Fact]
    public void Eviction_PutsOneThatIsUsedOftenToSleep_BeforeItStopsASleeperThatIsUsedSomeTimesADay()
    {
        var world = new LoopWorld(
            Make.Gpus(1, 80),
            histories: new Dictionary<string, StartHistory> { ["often"] = UsedEvery(20), ["seldom"] = UsedEvery(7200), ["third"] = Slow });
        world.Apply(Make.Model("often", gib: 60), Make.Model("seldom", gib: 15, sleepAfter: Second), Make.Model("third", gib: 20));
        world.Serve("seldom");
        world.Live(Second);
        world.FinishSleep("seldom");
        world.Serve("often");
        world.Live(world.Options.ResidencyMin);

        // Either of them alone would make room for it.
        world.Report(new ModelDemand("third", 1, 0, 0));
        Assert.Equal((ReplicaState.Draining, ReplicaState.Sleeping), (world.StateOf("often"), world.StateOf("seldom")));
    }

    [Fact]
    public void UseIsRemembered_WithTheStarts()
    {
        var world = new LoopWorld(Make.Gpus(1, 80));
        world.Apply(Make.Model("a", sleepAfter: Second, kind: EngineKind.Command));
        world.Serve("a");
        world.Live(TimeSpan.FromSeconds(2));
        world.FinishStop("a");
        world.Live(TimeSpan.FromSeconds(98));
        world.Serve("a");
        var use = world.Effects.Histories["a"].Use!;
        Assert.Equal(100, use.LastGap!.Value, tolerance: 2);
        Assert.Equal(1, use.Gaps.Sum(), tolerance: 1e-6);
    }

    [Fact]
    public void SurplusReplica_Leaves_WhenTheRestHasRoomForAWhile()
    {
        var world = TwoReplicas(out var replicas);
        // Three of the four slots that would be left are within the share; both replicas are in use all the time.
        for (var second = 0; second < 60; second++)
        {
            Assert.All(replicas, replica => Assert.Equal(ReplicaState.Active, replica.State));
            Use(world, replicas, 2, 1);
        }

        Use(world, replicas, 2, 1);
        Assert.Equal(ReplicaState.Draining, replicas[1].State);
        Assert.Equal(ReplicaState.Active, replicas[0].State);
    }

    [Fact]
    public void SurplusReplica_Stays_WhileTheRestWouldBeFull()
    {
        var world = TwoReplicas(out var replicas);
        for (var second = 0; second < 300; second++)
        {
            Use(world, replicas, 2, 2);
        }

        Assert.All(replicas, replica => Assert.Equal(ReplicaState.Active, replica.State));
    }

    [Fact]
    public void TimeOfDay_StartsItAhead_OnlyWhereThatIsAskedFor()
    {
        foreach (var isAsked in new[] { false, true })
        {
            var world = new LoopWorld(
                Make.Gpus(1, 80), new SchedulerOptions { PrewarmByTimeOfDay = isAsked },
                new Dictionary<string, StartHistory> { ["a"] = Slow });
            world.Apply(Make.Model("a", sleepAfter: Second, kind: EngineKind.Command));
            for (var day = 0; day < 2; day++)
            {
                // Used at midnight; half a minute before the next one a start would be done in time.
                Assert.Empty(world.Of("a"));
                world.Serve("a");
                world.Tick(TimeSpan.FromMinutes(20));
                world.Report();
                world.FinishStop("a");
                world.Tick(TimeSpan.FromHours(23.5));
                Assert.Empty(world.Of("a"));
                world.Tick(TimeSpan.FromMinutes(9.5));
                Assert.Equal(isAsked && day == 1 ? 1 : 0, world.Of("a").Count);
                world.Tick(TimeSpan.FromMinutes(0.5));
            }
        }
    }

    private static StartHistory UsedEvery(double seconds)
    {
        var gaps = new GapHistogram(IdleTuning.Default);
        for (var i = 0; i < 40; i++)
        {
            gaps.Record(seconds);
        }

        return Slow with { Use = UseRecord.Of(new UseHistory(gaps, 0, IdleTuning.Default)) };
    }

    private static LoopWorld TwoReplicas(out IReadOnlyList<Replica> replicas)
    {
        var world = new LoopWorld(Make.Gpus(2, 80));
        world.Apply(Make.Model("a", gib: 60, max: 2, slots: 4));
        world.Report(new ModelDemand("a", 8, 0, 0));
        world.FinishStart("a");
        world.Report(new ModelDemand("a", 4, 0, 4));
        world.FinishStart("a");
        replicas = world.Of("a");
        return world;
    }

    private static void Use(LoopWorld world, IReadOnlyList<Replica> replicas, int first, int second)
    {
        world.Tick(Second);
        world.Report(
            "g1", [new ModelDemand("a", 0, 0, first + second)],
            [new ReplicaLoad(replicas[0].Id, first), new ReplicaLoad(replicas[1].Id, second)]);
    }
}
