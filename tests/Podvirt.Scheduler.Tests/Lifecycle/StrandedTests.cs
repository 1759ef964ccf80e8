using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
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
}
