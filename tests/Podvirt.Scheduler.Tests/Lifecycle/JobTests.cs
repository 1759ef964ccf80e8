using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Lifecycle;

/// <summary>Video jobs run without a request: they are activity all the same.</summary>
public class JobTests
{
    private readonly LoopWorld _world = new(Make.Gpus(1, 80));

    [Fact]
    public void RunningJob_IsUse_UntilItIsDone()
    {
        _world.Apply(Make.Model("v", sleepAfter: TimeSpan.FromSeconds(3)));
        var replica = _world.Serve("v");
        for (var second = 0; second < 10; second++)
        {
            Live(1);
            AnswerProbe(jobs: 1);
        }

        Assert.Equal(ReplicaState.Active, replica.State);
        Live(1);
        AnswerProbe(jobs: 0);
        Live(3);
        Assert.Equal(ReplicaState.FallingAsleep, replica.State);
    }

    [Fact]
    public void RunningJob_IsKept_HoweverLittleItsMemoryIsWorth()
    {
        var world = new LoopWorld(Make.Gpus(1, 80), new SchedulerOptions { MemoryPrice = 1000 });
        world.Apply(Make.Model("v", gib: 60));
        world.Report(new ModelDemand("v", 1, 0, 0));
        world.FinishStart("v");
        world.Tick(TimeSpan.FromSeconds(1));
        var probe = world.Effects.Take(EffectKind.Probe).Target;
        world.Loop.Handle(new Probed(probe.Replica, probe.Attempt, ProbeResult.Healthy, WasTrouble: false, "", Jobs: 1));
        world.Live(TimeSpan.FromSeconds(5));
        Assert.Equal(ReplicaState.Active, world.StateOf("v"));
    }

    [Fact]
    public void RunningJob_IsNotEvicted()
    {
        _world.Apply(Make.Model("v", gib: 60), Make.Model("other", gib: 60));
        var replica = _world.Serve("v");
        Live(1);
        AnswerProbe(jobs: 1);
        _world.Report(new ModelDemand("other", 1, 0, 0));
        Assert.Equal(ReplicaState.Active, replica.State);
        Assert.Empty(_world.Of("other"));

        Live(2, new ModelDemand("other", 1, 0, 0));
        AnswerProbe(jobs: 0);
        Live(5, new ModelDemand("other", 1, 0, 0));
        Assert.Equal(ReplicaState.FallingAsleep, replica.State);
    }

    [Fact]
    public void JobThatCameBeforeTheSleep_SendsItBackToServing()
    {
        _world.Apply(Make.Model("v", sleepAfter: TimeSpan.FromSeconds(3)));
        var replica = _world.Serve("v");
        Live(3);
        Assert.Equal(ReplicaState.FallingAsleep, replica.State);
        var sleep = _world.Effects.Take(EffectKind.Sleep).Target;
        _world.Loop.Handle(new StillBusy(sleep.Replica, sleep.Attempt, Jobs: 2));
        Assert.Equal(ReplicaState.Active, replica.State);
        Assert.True(Assert.Single(_world.Route("v").Replicas).Admits);
        Assert.Null(replica.Drain);
    }

    private void Live(int seconds, params ModelDemand[] demand) => _world.Live(TimeSpan.FromSeconds(seconds), demand);

    private void AnswerProbe(int jobs)
    {
        var probe = _world.Effects.Take(EffectKind.Probe).Target;
        _world.Loop.Handle(new Probed(probe.Replica, probe.Attempt, ProbeResult.Healthy, WasTrouble: false, "", jobs));
    }
}
