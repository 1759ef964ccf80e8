using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Lifecycle;

public class CatalogTests
{
    [Fact]
    public void RemovedModel_DrainsAndStops()
    {
        var world = new LoopWorld(Make.Gpus(1, 80));
        world.Apply(Make.Model("a"));
        var replica = world.Serve("a");
        world.Apply();
        Assert.Empty(world.Effects.Routes.Models);
        world.Report("g1", [], [new ReplicaLoad(replica.Id, 1)]);
        Assert.Equal(ReplicaState.Draining, replica.State);
        world.Report();
        Assert.Equal(ReplicaState.Stopping, replica.State);
        world.FinishStop("a");
        Assert.Empty(world.Loop.Replicas);
    }

    [Fact]
    public void ChangedModelWithDemand_OldServesUntilTheNewDoes()
    {
        var world = new LoopWorld(Make.Gpus(1, 80));
        world.Apply(Make.Model("a", gib: 30));
        var old = world.Serve("a");
        world.Report("g1", [new ModelDemand("a", 0, 0, 1)], [new ReplicaLoad(old.Id, 1)]);
        world.Apply(Make.Model("a", gib: 30, revision: 2));
        Assert.Equal(ReplicaState.Active, old.State);
        world.FinishStart("a");
        Assert.Equal(ReplicaState.Draining, old.State);
        world.Report("g1", [new ModelDemand("a", 0, 0, 1)], [new ReplicaLoad(old.Id, 1)]);
        Assert.Equal(ReplicaState.Draining, old.State);
        world.Report();
        Assert.Equal(ReplicaState.Stopping, old.State);
        Assert.Equal(2, world.Route("a").Replicas.Single(replica => replica.Admits).Revision);
    }

    [Fact]
    public void ChangedModelWhoseSuccessorDoesNotFitBeside_IsDrainedFirst()
    {
        var world = new LoopWorld(Make.Gpus(1, 80));
        world.Apply(Make.Model("a", gib: 60));
        var old = world.Serve("a");
        world.Report("g1", [new ModelDemand("a", 0, 0, 1)], [new ReplicaLoad(old.Id, 1)]);
        world.Apply(Make.Model("a", gib: 60, revision: 2));
        Assert.Equal(ReplicaState.Draining, old.State);
        world.Report(new ModelDemand("a", 1, 0, 0));
        world.FinishStop("a");
        world.FinishStart("a");
        Assert.Equal(2, world.Route("a").Replicas.Single().Revision);
    }

    [Fact]
    public void ChangedModelWithoutDemand_StopsAndIsCold()
    {
        var world = new LoopWorld(Make.Gpus(1, 80));
        world.Apply(Make.Model("a"));
        world.Serve("a");
        world.Apply(Make.Model("a", revision: 2));
        world.Report();
        world.FinishStop("a");
        Assert.Empty(world.Of("a"));
    }
}
