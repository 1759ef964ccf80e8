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

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void JobsOfOneThatIsReplaced_AreWaitedFor(bool isRemoved)
    {
        var (world, replica) = Omni();
        Replace(world, isRemoved);
        world.Report();
        Assert.Equal(ReplicaState.Draining, replica.State);
        // What came since the last probe is counted once the fence holds.
        Answer(world, jobs: 2);
        for (var minute = 0; minute < 20; minute++)
        {
            Pass(world, TimeSpan.FromMinutes(1));
            Answer(world, jobs: 1);
        }

        Assert.Equal(ReplicaState.Draining, replica.State);
        Assert.EndsWith("; 1 unfinished video jobs are waited for", world.Told.Fleet.Replicas.Single(shown => shown.Id == replica.Id).Reason, StringComparison.Ordinal);
        Pass(world, TimeSpan.FromSeconds(1));
        Answer(world, jobs: 0);
        Assert.Equal(ReplicaState.Stopping, replica.State);
    }

    [Theory]
    [InlineData(3, 30)]
    [InlineData(null, 5)]
    public void JobsThatNeverEnd_AreLostAtTheDeadline(int? jobs, int minutes)
    {
        var (world, replica) = Omni();
        Replace(world, isRemoved: true);
        world.Report();
        var began = world.Time.GetUtcNow();
        while (replica.State == ReplicaState.Draining)
        {
            Assert.True(world.Time.GetUtcNow() - began < TimeSpan.FromMinutes(minutes));
            Answer(world, jobs);
            Pass(world, TimeSpan.FromMinutes(1));
        }

        Assert.Equal((ReplicaState.Stopping, TimeSpan.FromMinutes(minutes)), (replica.State, world.Time.GetUtcNow() - began));
        Assert.EndsWith($"did not drain within {minutes * 60} s", replica.Why.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void JobOfOneThatWasIdle_SendsItBackToServing()
    {
        var (world, replica) = Omni();
        Pass(world, TimeSpan.FromSeconds(10));
        Assert.Equal(ReplicaState.Draining, replica.State);
        Answer(world, jobs: 1);
        Assert.Equal(ReplicaState.Active, replica.State);
        Assert.True(world.Route("v").Replicas[0].Admits);
    }

    /// <summary>One that serves, and stops when idle: host memory holds nothing of it, and it knows no other sleep.</summary>
    private static (LoopWorld World, Replica Replica) Omni()
    {
        var gpus = Make.Gpus(1, 80).Select(gpu => gpu with { Simulated = false }).ToList();
        var world = new LoopWorld(gpus, hostBytes: new Dictionary<string, long> { ["box"] = 0 });
        world.Apply(Make.Model("v", sleepAfter: TimeSpan.FromSeconds(10), kind: EngineKind.VllmOmni));
        return (world, world.Serve("v"));
    }

    private static void Replace(LoopWorld world, bool isRemoved)
    {
        if (isRemoved)
        {
            world.Apply();
            return;
        }

        world.Apply(Make.Model("v", sleepAfter: TimeSpan.FromSeconds(10), kind: EngineKind.VllmOmni, revision: 2));
    }

    private static void Pass(LoopWorld world, TimeSpan time)
    {
        world.Tick(time);
        world.Report();
    }

    private static void Answer(LoopWorld world, int? jobs)
    {
        // Of questions from before the fence nobody hears the answer.
        var probe = world.Effects.Of(EffectKind.Probe)[^1].Target;
        world.Effects.Pending.RemoveAll(asked => asked.Kind == EffectKind.Probe);
        world.Loop.Handle(new Probed(probe.Replica, probe.Attempt, ProbeResult.Healthy, WasTrouble: false, "", jobs));
        world.Report();
    }

    private void Live(int seconds, params ModelDemand[] demand) => _world.Live(TimeSpan.FromSeconds(seconds), demand);

    private void AnswerProbe(int jobs)
    {
        var probe = _world.Effects.Take(EffectKind.Probe).Target;
        _world.Loop.Handle(new Probed(probe.Replica, probe.Attempt, ProbeResult.Healthy, WasTrouble: false, "", jobs));
    }
}
