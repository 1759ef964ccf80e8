using Podvirt.Core.Gpus;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Idle;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Lifecycle;

/// <summary>The nodes' own memory, which level-1 sleepers share: who gets it, who gives it back, and what is known of it.</summary>
public class HostMemoryTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    /// <summary>Starts and wakes take the same for all; a deep wake takes much longer than a start's worth of idle hours could be.</summary>
    private static readonly StartHistory Known = new()
    {
        ColdStartsMs = [30_000, 30_000, 30_000],
        WakesMs = [1_000, 1_000, 1_000],
        DeepWakesMs = [25_000, 25_000, 25_000],
    };

    [Fact]
    public void Sleeper_CountsForWhatItWasMeasuredToTake()
    {
        var world = World(50, Make.Gpus(1, 80));
        world.Apply(Make.Model("a", gib: 40, sleepAfter: Second), Make.Model("b", gib: 20, sleepAfter: Second));
        Sleep(world, "a", level: 1, host: 15 * Make.GiB);
        Assert.Equal(new HostNeed(1, 15 * Make.GiB), world.Effects.Histories["a"].HostNeed);

        // All of b's 20 GiB would not fit beside a's 40; beside its 15 they do.
        Sleep(world, "b", level: 1, host: 8 * Make.GiB);
        Assert.Equal(15 * Make.GiB, world.Told.Fleet.Replicas.Single(replica => replica.Model == "a").HostBytes);

        // Of another revision nothing is known.
        world.Apply(Make.Model("a", gib: 40, sleepAfter: Second, revision: 2), Make.Model("b", gib: 20, sleepAfter: Second));
        world.FinishStop("a");
        Sleep(world, "a", level: 1, host: null);
        Assert.Equal(40 * Make.GiB, world.Told.Fleet.Replicas.Single(replica => replica.Model == "a").HostBytes);
    }

    [Fact]
    public void HistoryOfAnEarlierRun_IsWhatTheFirstSleepIsPlannedWith()
    {
        var world = World(20, Make.Gpus(1, 80), Known with { HostNeed = new HostNeed(1, 15 * Make.GiB) });
        world.Apply(Make.Model("a", gib: 40, sleepAfter: Second));
        Sleep(world, "a", level: 1, host: 15 * Make.GiB);
    }

    [Fact]
    public void EveryNode_HoldsItsOwnSleepers()
    {
        IReadOnlyList<GpuDevice> gpus = [.. Make.Gpus(1, 80, node: "one"), .. Make.Gpus(1, 80, node: "two", first: 1)];
        var world = new LoopWorld(gpus, hostBytes: new Dictionary<string, long> { ["one"] = 30 * Make.GiB, ["two"] = 60 * Make.GiB });
        world.Apply(Make.Model("a", gib: 50, sleepAfter: Second), Make.Model("b", gib: 50, sleepAfter: Second));
        var a = world.Serve("a");
        world.Report(new ModelDemand("a", 0, 0, 1), new ModelDemand("b", 1, 0, 0));
        world.FinishStart("b");
        Assert.NotEqual(a.GpuIds, world.Only("b").GpuIds);
        world.Report();
        world.Live(Second);
        var levels = world.Effects.Of(EffectKind.Sleep).ToDictionary(asked => asked.Target.Gpus[0].Node, asked => asked.Target.SleepLevel);
        Assert.Equal(new Dictionary<string, int> { ["one"] = 2, ["two"] = 1 }, levels);
    }

    [Fact]
    public void SleepThatDoesNotFit_TakesThePlaceOfOneThatIsWorthLess()
    {
        var world = World(50, Make.Gpus(1, 80), Known, EveryTenMinutes);
        world.Apply(Sleepy("a"), Sleepy("b"));
        Sleep(world, "a", level: 1, host: 40 * Make.GiB);
        // A day without a use: hardly anybody will come.
        world.Tick(TimeSpan.FromHours(24));
        world.Serve("b");
        world.Live(Second);

        var stopped = world.Told.Transitions.Last(moved => moved.Model == "a");
        Assert.Equal((ReplicaState.Stopping, TransitionCause.Evicted), (stopped.To, stopped.Cause));
        Assert.Equal("b needs 40.0 GiB of box's host memory to sleep, 10.0 GiB are free; this sleeper gives 40.0 GiB", stopped.Reason);
        Assert.Equal(new EvictionNumbers("b", [], 40 * Make.GiB, 10 * Make.GiB, 40 * Make.GiB), stopped.Eviction);
        Assert.Equal(ReplicaState.Draining, world.StateOf("b"));

        // It sleeps when the memory is there, and not before.
        world.Live(Second);
        Assert.Equal(ReplicaState.Draining, world.StateOf("b"));
        world.FinishStop("a");
        Assert.Equal(1, world.Effects.Of(EffectKind.Sleep).Single().Target.SleepLevel);
    }

    [Fact]
    public void SleepThatDoesNotFit_IsOfLevelTwo_WhereNobodyIsWorthLess()
    {
        var world = World(50, Make.Gpus(1, 80));
        world.Apply(Sleepy("a"), Sleepy("b"));
        Sleep(world, "a", level: 1, host: 40 * Make.GiB);
        Sleep(world, "b", level: 2, host: 0);
        Assert.Equal((ReplicaState.Sleeping, ReplicaState.Sleeping), (world.StateOf("a"), world.StateOf("b")));
    }

    [Fact]
    public void SleepOfOneThatWillBeBackLater_LeavesFreeMemoryToOthers()
    {
        var world = World(50, Make.Gpus(2, 80), Known, EveryTenMinutes);
        world.Apply(Sleepy("a"), Sleepy("b"));
        Sleep(world, "b", level: 1, host: 40 * Make.GiB);
        world.Report(new ModelDemand("b", 1, 0, 0));
        world.FinishWake("b");
        world.Report(new ModelDemand("b", 0, 0, 1));
        world.Effects.Pending.Clear();
        world.Live(Second, new ModelDemand("b", 0, 0, 1));
        var probe = world.Effects.Take(EffectKind.Probe, "b").Target;
        world.Loop.Handle(new Probed(probe.Replica, probe.Attempt, ProbeResult.Healthy, WasTrouble: false, "", HostBytes: 0));
        world.Report(new ModelDemand("b", 0, 0, 1));
        Assert.Equal(0, world.Only("b").HostBytes);

        // Nobody holds any of it: b will want it when it sleeps again, and saves more with it.
        world.Report(new ModelDemand("a", 1, 0, 0), new ModelDemand("b", 0, 0, 1));
        world.FinishStart("a");
        world.Report(new ModelDemand("b", 0, 0, 1));
        world.Live(Second, new ModelDemand("b", 0, 0, 1));
        Assert.Equal(("a", 2), world.Effects.Of(EffectKind.Sleep).Select(asked => (asked.Target.Model.Id, asked.Target.SleepLevel)).Single());
    }

    [Fact]
    public void SleepersThatTookMoreThanThereIs_GiveItBack_TheLeastWorthyFirst()
    {
        var world = World(50, Make.Gpus(1, 80), Known with { HostNeed = new HostNeed(1, 20 * Make.GiB) });
        world.Apply(Sleepy("a"), Sleepy("b"));
        Sleep(world, "a", level: 1, host: 20 * Make.GiB);
        world.Tick(TimeSpan.FromHours(1));
        Sleep(world, "b", level: 1, host: 35 * Make.GiB);
        Assert.Equal((ReplicaState.Stopping, ReplicaState.Sleeping), (world.StateOf("a"), world.StateOf("b")));
        Assert.Contains("5.0 GiB more than the host memory of box", world.Told.Transitions.Last(moved => moved.Model == "a").Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void CopyThatAnAwakeEngineKeeps_CountsUntilItIsSeenToBeGone()
    {
        var world = World(50, Make.Gpus(1, 80));
        world.Apply(Sleepy("a"), Sleepy("b"));
        Sleep(world, "a", level: 1, host: 30 * Make.GiB);
        world.Report(new ModelDemand("a", 1, 0, 0));
        world.FinishWake("a");
        world.Report(new ModelDemand("a", 0, 0, 1));
        Assert.Equal(30 * Make.GiB, world.Only("a").HostBytes);

        // Asked once, and not with every probe.
        world.Effects.Pending.Clear();
        world.Live(Second, new ModelDemand("a", 0, 0, 1));
        var probe = world.Effects.Take(EffectKind.Probe, "a").Target;
        Assert.Equal(Make.GiB, probe.HostBase);
        world.Loop.Handle(new Probed(probe.Replica, probe.Attempt, ProbeResult.Healthy, WasTrouble: false, "", HostBytes: 2 * Make.GiB));
        Assert.Equal(2 * Make.GiB, world.Only("a").HostBytes);
        world.Live(Second, new ModelDemand("a", 0, 0, 1));
        Assert.Null(world.Effects.Take(EffectKind.Probe, "a").Target.HostBase);
    }

    [Theory]
    [InlineData(true, 12L)]
    [InlineData(true, null)]
    [InlineData(false, 3L)]
    [InlineData(false, null)]
    public void EngineOfAnEarlierRun_CountsForAllThatItMayHold_UntilItIsMeasured(bool isAsleep, long? gib)
    {
        var world = World(100, Make.Gpus(1, 80));
        var target = new EngineTarget("old", 0, Sleepy("a"), Make.Gpus(1, 80), "http://127.0.0.1/old", "key", 1, HostBase: Make.GiB);
        world.Loop.Handle(new EngineFound(target, null));
        Assert.Equal(40 * Make.GiB, world.Only("a").HostBytes);
        var look = world.Effects.Take(EffectKind.Look).Target;
        world.Loop.Handle(new LookedAt(look.Replica, look.Attempt, isAsleep, isAsleep ? Make.GiB : 0, gib * Make.GiB));
        Assert.Equal(gib * Make.GiB ?? (isAsleep ? 40 * Make.GiB : 0), world.Only("a").HostBytes);
    }

    [Fact]
    public void DeepWake_HasAHistoryOfItsOwn()
    {
        var world = World(10, Make.Gpus(1, 80), StartHistory.Empty);
        world.Apply(Sleepy("a"));
        Sleep(world, "a", level: 2, host: 0);
        world.Report(new ModelDemand("a", 1, 0, 0));
        world.FinishWake("a");
        Assert.Empty(world.Effects.Histories["a"].WakesMs);
        Assert.Single(world.Effects.Histories["a"].DeepWakesMs);
        Assert.Equal(["waking", "canary"], world.Effects.Histories["a"].DeepWakePhases[0].Select(phase => phase.Phase));
    }

    private static StartHistory EveryTenMinutes
    {
        get
        {
            var use = new UseHistory(IdleTuning.Default);
            var fleet = new FleetGaps();
            for (var i = 0; i < 100; i++)
            {
                use.Used(600, fleet);
            }

            return Known with { Use = UseRecord.Of(use) };
        }
    }

    private static LoopWorld World(int hostGib, IReadOnlyList<GpuDevice> gpus, StartHistory? history = null, StartHistory? ofB = null)
    {
        var histories = new Dictionary<string, StartHistory> { ["a"] = history ?? Known, ["b"] = ofB ?? history ?? Known };
        return new LoopWorld(gpus, histories: histories, hostBytes: new Dictionary<string, long> { ["box"] = hostGib * Make.GiB });
    }

    private static ModelSpec Sleepy(string id) => Make.Model(id, gib: 40, sleepAfter: Second, stopAfter: TimeSpan.FromDays(30));

    private static void Sleep(LoopWorld world, string model, int level, long? host)
    {
        world.Serve(model);
        world.Live(Second);
        Assert.Equal(level, world.Effects.Of(EffectKind.Sleep).Single().Target.SleepLevel);
        world.FinishSleep(model, host: host);
        world.Tick(Second);
    }
}
