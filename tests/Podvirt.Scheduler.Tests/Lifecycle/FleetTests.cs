using Podvirt.Core.Gpus;
using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Runtimes;
using Podvirt.Scheduler.Runtimes.Nomad;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Lifecycle;

/// <summary>Gpus that come and go while the loop runs, and gpus that somebody else chooses.</summary>
public sealed class FleetTests
{
    private static readonly IReadOnlyDictionary<string, long> s_noLimits = new Dictionary<string, long>();

    private readonly LoopWorld _world = new(Make.Gpus(1, 80));

    [Fact]
    public void GpuThatComes_IsPlacedOn()
    {
        _world.Apply(Make.Model("big", count: 2, gib: 60));
        Assert.Equal("model_unschedulable", _world.Route("big").Failure?.Code);
        Change(Make.Gpus(2, 80));
        Assert.Null(_world.Route("big").Failure);
        Assert.Equal(["SIM-0", "SIM-1"], _world.Serve("big").GpuIds);
    }

    [Fact]
    public void GpuThatIsAway_IsNotPlacedOn_UntilItIsBack()
    {
        _world.Apply(Make.Model("m"));
        Change(Make.Gpus(1, 80), "SIM-0");
        _world.Report(new ModelDemand("m", 1, 0, 0));
        Assert.Empty(_world.Of("m"));
        Change(Make.Gpus(1, 80));
        _world.Report(new ModelDemand("m", 1, 100, 0));
        Assert.Equal(ReplicaState.Starting, _world.StateOf("m"));
    }

    [Fact]
    public void WhatServesOnAGpuThatIsAway_ServesOn_AndKeepsItsMemory()
    {
        _world.Apply(Make.Model("m", gib: 60), Make.Model("other", gib: 60));
        var serving = _world.Serve("m");
        Change([.. Make.Gpus(1, 80), .. Make.Gpus(1, 80, node: "more", first: 1)], "SIM-0");
        Assert.Equal(["SIM-1"], _world.Serve("other").GpuIds);
        Assert.Equal(ReplicaState.Active, serving.State);
        Change([.. Make.Gpus(1, 80), .. Make.Gpus(1, 80, node: "more", first: 1)]);
        Assert.Equal(ReplicaState.Active, serving.State);
    }

    [Fact]
    public void ReplicaThatRunsElsewhere_HoldsMemoryThere()
    {
        var world = new LoopWorld(Make.Gpus(2, 80), Exclusive());
        world.Apply(Make.Model("a"), Make.Model("b"));
        world.Report(new ModelDemand("a", 1, 0, 0));
        var start = world.Effects.Take(EffectKind.Start, "a").Target;
        Assert.Equal("SIM-0", start.Gpus[0].Id);
        world.Loop.Handle(new Launched(start.Replica, start.Attempt, "http://127.0.0.1/a", "key", ["SIM-1"]));
        Assert.Equal(["SIM-1"], world.Only("a").GpuIds);
        world.Report(new ModelDemand("a", 1, 0, 0), new ModelDemand("b", 1, 0, 0));
        Assert.Equal("SIM-0", world.Effects.Take(EffectKind.Start, "b").Target.Gpus[0].Id);
    }

    [Fact]
    public void ReplicaOnGpusThatNobodyKnows_IsStopped()
    {
        var world = new LoopWorld(Make.Gpus(1, 80), Exclusive());
        world.Apply(Make.Model("a"));
        world.Report(new ModelDemand("a", 1, 0, 0));
        var start = world.Effects.Take(EffectKind.Start, "a").Target;
        world.Loop.Handle(new Launched(start.Replica, start.Attempt, "http://127.0.0.1/a", "key", ["GPU-9"]));
        Assert.Equal(ReplicaState.Stopping, world.StateOf("a"));
        Assert.Equal("it runs on gpus that no node agent tells of: GPU-9", world.Route("a").Failure?.Reason);
    }

    [Fact]
    public void WholeGpus_AreNotShared_AwakeOrAsleep()
    {
        var world = new LoopWorld(Make.Gpus(1, 80), Exclusive());
        world.Apply(Make.Model("a", gib: 20, sleepAfter: TimeSpan.FromSeconds(10)), Make.Model("b", gib: 20));
        var first = world.Serve("a");
        world.Live(TimeSpan.FromSeconds(12));
        world.FinishSleep("a");
        world.Report(new ModelDemand("b", 1, 0, 0));
        Assert.Empty(world.Of("b"));
        Assert.Equal(ReplicaState.Stopping, first.State);
        world.FinishStop("a");
        world.Report(new ModelDemand("b", 1, 100, 0));
        Assert.Equal(ReplicaState.Starting, world.StateOf("b"));
    }

    private static SchedulerOptions Exclusive() => new() { Nomad = new NomadOptions { Placement = NomadPlacement.Exclusive } };

    private void Change(IReadOnlyList<GpuDevice> gpus, params string[] away) =>
        _world.Loop.Handle(new FleetChanged(new Fleet(gpus, away.ToHashSet()), s_noLimits));
}
