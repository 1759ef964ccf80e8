using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Lifecycle;

public class StrandedTests
{
    [Fact]
    public void SleeperWhoseModelWasPlacedElsewhere_GoesWhenItsGpuIsQuiet()
    {
        var world = new LoopWorld(Make.Gpus(2, 80), new SchedulerOptions { PlacementOrder = PlacementOrder.Spread });
        world.Apply(Make.Model("a", gib: 60, sleepAfter: TimeSpan.FromSeconds(2)), Make.Model("b", gib: 70), Make.Model("beside", gib: 15));
        var sleeper = world.Serve("a");
        // Only the sleeper's gpu has room for b; a itself finds some on the other one.
        Assert.NotEqual(sleeper.GpuIds, world.Serve("beside").GpuIds);
        world.Live(TimeSpan.FromSeconds(2));
        world.FinishSleep("a");
        world.Report(new ModelDemand("b", 1, 0, 0));
        Assert.Equal(sleeper.GpuIds, world.Only("b").GpuIds);

        world.Report(new ModelDemand("a", 1, 0, 0), new ModelDemand("b", 1, 0, 0));
        Assert.Equal([ReplicaState.Sleeping, ReplicaState.Starting], world.Of("a").Select(replica => replica.State));
        world.FinishStart("b");
        Assert.Equal([ReplicaState.Stopping, ReplicaState.Starting], world.Of("a").Select(replica => replica.State));
    }

    [Fact]
    public void SleeperBesideABusyOne_WaitsForIt_RatherThanForAStartElsewhere()
    {
        var (world, b) = SleeperBesideABusyOne();
        Ask(1_000, b);
        Assert.Equal([ReplicaState.Sleeping], world.Of("a").Select(replica => replica.State));
        Assert.Equal(ReplicaState.Active, b.State);

        world.Live(world.Options.ResidencyMin);
        world.Report(new ModelDemand("a", 1, 6_000, 0));
        Assert.Equal(ReplicaState.Draining, b.State);
        Assert.Equal([ReplicaState.Sleeping], world.Of("a").Select(replica => replica.State));

        void Ask(long oldestMs, Replica busy) => world.Report(
            "g1", [new ModelDemand("a", 1, oldestMs, 0), new ModelDemand("b", 0, 0, 1)], [new ReplicaLoad(busy.Id, 1)]);
    }

    [Fact]
    public void SleeperBesideABusyOne_IsStartedElsewhere_WhenThatTookHalfOfAStart()
    {
        var (world, b) = SleeperBesideABusyOne();
        world.Report("g1", [new ModelDemand("a", 1, 60_000, 0), new ModelDemand("b", 0, 0, 1)], [new ReplicaLoad(b.Id, 1)]);
        Assert.Contains(ReplicaState.Starting, world.Of("a").Select(replica => replica.State));
        Assert.Equal(ReplicaState.Active, b.State);
    }

    /// <summary>A gpu where a sleeps and b serves, and another with room for a.</summary>
    private static (LoopWorld World, Replica B) SleeperBesideABusyOne()
    {
        var world = new LoopWorld(Make.Gpus(2, 80), new SchedulerOptions { PlacementOrder = PlacementOrder.Spread });
        world.Apply(Make.Model("a", gib: 60, sleepAfter: TimeSpan.FromSeconds(2)), Make.Model("b", gib: 70), Make.Model("beside", gib: 15));
        var sleeper = world.Serve("a");
        world.Serve("beside");
        world.Live(TimeSpan.FromSeconds(2));
        world.FinishSleep("a");
        var b = world.Serve("b");
        Assert.Equal(sleeper.GpuIds, b.GpuIds);
        return (world, b);
    }
}
