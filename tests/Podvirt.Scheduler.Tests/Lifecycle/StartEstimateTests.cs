using Podvirt.Core.Messages;
using Podvirt.Messaging;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Lifecycle;

/// <summary>What a start has still to go, by the phases of the model's own earlier ones.</summary>
public class StartEstimateTests
{
    private static readonly IReadOnlyList<PhaseTime> s_cold =
    [
        new("waiting for gpu", 9000), new("starting", 1000), new("weights", 10_000), new("compile", 5000), new("graphs", 3000), new("canary", 500),
    ];

    [Theory]
    [InlineData("", 0, 19_500)]
    [InlineData("waiting for gpu", 0, 19_500)]
    [InlineData("starting", 1000, 18_500)]
    [InlineData("download", 0, 18_500)]
    [InlineData("weights", 10_000, 8500)]
    [InlineData("graphs", 3000, 500)]
    [InlineData("canary", 500, 0)]
    public void Phase_HasItsOwnMedianAndThoseOfAllAfterIt(string phase, long thisMs, long laterMs) =>
        Assert.Equal(new StartEstimate(thisMs, laterMs), StartEstimate.For([s_cold], phase));

    [Fact]
    public void OneOddStart_DoesNotMoveTheEstimate()
    {
        IReadOnlyList<PhaseTime> odd = [new("starting", 1000), new("download", 600_000), new("weights", 90_000), new("canary", 500)];
        Assert.Equal(new StartEstimate(10_000, 8500), StartEstimate.For([s_cold, odd, s_cold], "weights"));
        Assert.Equal(new StartEstimate(1000, 18_500), StartEstimate.For([s_cold, odd, s_cold], "starting"));
        Assert.Null(StartEstimate.For([], "weights"));
    }

    [Fact]
    public void StartLikeTheOnesBefore_IsForetoldToTheSecond_AndOnlyShrinks()
    {
        var world = World(new StartHistory { ColdStartsMs = [28_500], ColdPhases = [s_cold], WakesMs = [700], WakePhases = [[new("waking", 600), new("canary", 100)]] });
        world.Report(new ModelDemand("a", 1, 0, 0));
        var start = world.Effects.Of(EffectKind.Start)[0].Target;
        var seen = new List<TimeSpan>();
        foreach (var phase in s_cold.Skip(1))
        {
            if (phase.Phase == "canary")
            {
                world.Loop.Handle(new EngineReady(start.Replica, start.Attempt));
            }
            else if (phase.Phase != "starting")
            {
                world.Loop.Handle(new PhaseSeen(start.Replica, start.Attempt, phase.Phase));
            }
            Assert.Equal(phase.Phase, world.Route("a").WarmUp?.Phase);
            for (var passed = 0L; passed < phase.Ms; passed += 100)
            {
                seen.Add(Left(world)!.Value);
                world.Time.Advance(TimeSpan.FromMilliseconds(100));
            }
        }
        Assert.Equal(Enumerable.Range(0, 195).Select(i => TimeSpan.FromMilliseconds(19_500 - (i * 100))), seen);
        world.FinishCanary("a");

        // It is history itself now.
        Assert.Equal(
            [("waiting for gpu", 0L), ("starting", 1000L), ("weights", 10_000L), ("compile", 5000L), ("graphs", 3000L), ("canary", 500L)],
            world.Effects.Histories["a"].ColdPhases[1].Select(phase => (phase.Phase, phase.Ms)));
    }

    [Fact]
    public void PhaseThatIsLateOrEarly_NeverMakesTheEstimateGrow()
    {
        var world = World(new StartHistory { ColdStartsMs = [28_500], ColdPhases = [s_cold] });
        world.Report(new ModelDemand("a", 1, 0, 0));
        var start = world.Effects.Of(EffectKind.Start)[0].Target;
        var last = Left(world)!.Value;
        foreach (var (phase, seconds) in new[] { ("weights", 25), ("compile", 1), ("graphs", 8) })
        {
            world.Loop.Handle(new PhaseSeen(start.Replica, start.Attempt, phase));
            for (var second = 0; second < seconds; second++)
            {
                var left = Left(world)!.Value;
                Assert.InRange(left, TimeSpan.FromMilliseconds(500), last);
                last = left;
                world.Tick(TimeSpan.FromSeconds(1));
            }
        }
        Assert.Equal(TimeSpan.FromMilliseconds(500), last);
        world.Loop.Handle(new EngineReady(start.Replica, start.Attempt));
        world.Tick(TimeSpan.FromSeconds(2));
        Assert.Null(Left(world));
    }

    [Fact]
    public void WaitsForOthers_AllOfTheStartIsStillToCome()
    {
        var world = World(new StartHistory { ColdStartsMs = [19_500], ColdPhases = [s_cold] }, Make.Model("other"));
        world.Report(new ModelDemand("other", 1, 5, 0));
        world.Report(new ModelDemand("other", 1, 5, 0), new ModelDemand("a", 1, 0, 0));
        Assert.Equal("waiting for gpu", world.Route("a").WarmUp?.Phase);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(TimeSpan.FromMilliseconds(19_500), Left(world));
            world.Tick(TimeSpan.FromSeconds(60));
        }
    }

    [Fact]
    public void Wake_IsForetoldByWakes()
    {
        var world = World(
            new StartHistory { ColdStartsMs = [19_500], ColdPhases = [s_cold], WakesMs = [700], WakePhases = [[new("waking", 600), new("canary", 100)]] });
        world.Serve("a");
        world.Live(TimeSpan.FromSeconds(2));
        world.FinishSleep("a");
        world.Report(new ModelDemand("a", 1, 0, 0));
        Assert.Equal(("waking", TimeSpan.FromMilliseconds(700)), (world.Route("a").WarmUp?.Phase, Left(world)));
        world.Tick(TimeSpan.FromMilliseconds(300));
        Assert.Equal(TimeSpan.FromMilliseconds(400), Left(world));
        world.Tick(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.FromMilliseconds(100), Left(world));
        world.FinishWake("a");
        Assert.Equal([("waking", 1300L), ("canary", 0L)], world.Effects.Histories["a"].WakePhases[1].Select(phase => (phase.Phase, phase.Ms)));
    }

    [Fact]
    public void HistoryGrows_OnlyTheLastStartsAreKept()
    {
        var history = StartHistory.Empty;
        for (var i = 0; i < 40; i++)
        {
            history = history.WithColdStart(TimeSpan.FromSeconds(i), [new("weights", i)]);
        }
        Assert.Equal(StartHistory.LengthMax, history.ColdPhases.Count);
        Assert.Equal(39, history.ColdPhases[^1][0].Ms);
    }

    [Fact]
    public void History_IsStoredWithItsPhases_AndReadWithoutThem()
    {
        var history = StartHistory.Empty.WithColdStart(TimeSpan.FromSeconds(20), s_cold).WithWake(TimeSpan.FromSeconds(1), [new("waking", 900)], level: 1);
        var read = new StateEntry("history/a", StateJson.ToBytes(history), 1).Read<StartHistory>();
        Assert.Equal(s_cold, read.ColdPhases[0]);
        Assert.Equal([new PhaseTime("waking", 900)], read.WakePhases[0]);

        var earlier = new StateEntry("history/a", """{"cold_starts_ms":[20000],"wakes_ms":[900]}"""u8.ToArray(), 1).Read<StartHistory>();
        Assert.Equal([20_000], earlier.ColdStartsMs);
        Assert.Equal([900], earlier.WakesMs);
        Assert.Empty(earlier.ColdPhases);
        Assert.Empty(earlier.WakePhases);
    }

    private static LoopWorld World(StartHistory history, params Podvirt.Core.Models.ModelSpec[] others)
    {
        var world = new LoopWorld(Make.Gpus(1, 80), histories: new Dictionary<string, StartHistory> { ["a"] = history });
        world.Apply([Make.Model("a", sleepAfter: TimeSpan.FromSeconds(1)), .. others]);
        return world;
    }

    private static TimeSpan? Left(LoopWorld world) => world.Route("a").WarmUp?.Left(world.Time.GetUtcNow());
}
