using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Lifecycle;

public class PhaseLimitTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(20, 80)]
    [InlineData(5, 60)]
    [InlineData(400, 600)]
    [InlineData(0, 600)]
    public void Limit_IsAMultipleOfTheLongest_WithAFloorAndABound(int longestSeconds, int allowedSeconds)
    {
        IReadOnlyList<PhaseTime>[] earlier = [[new PhaseTime("weights", 1)], [new PhaseTime("weights", longestSeconds * 1000)], []];
        var limit = PhaseLimit.Of("weights", longestSeconds == 0 ? [] : earlier, 4, 60 * Second, 600 * Second);
        Assert.Equal((allowedSeconds * Second, longestSeconds * Second), (limit.Allowed, limit.Longest));
    }

    [Fact]
    public void PhaseThatTakesFarLongerThanEver_FailsTheStart_AndTheNextHasTheWholeBound()
    {
        var world = Learned();
        world.Report(new ModelDemand("a", 1, 0, 0));
        EnterWeights(world);
        world.Tick(79 * Second);
        Assert.Equal(ReplicaState.Starting, world.StateOf("a"));
        world.Tick(2 * Second);
        world.FinishStop("a");
        Assert.Equal("phase 'weights' took longer than 80 s; the longest of earlier starts was 20 s", world.Route("a").Failure?.Reason);

        world.Live(2 * Second, new ModelDemand("a", 1, 0, 0));
        EnterWeights(world);
        world.Tick(500 * Second);
        Assert.Contains(world.Of("a"), replica => replica.State == ReplicaState.Starting);
        world.Tick(101 * Second);
        Assert.Equal("phase 'weights' took longer than 600 s", world.Told.Transitions[^1].Reason);
    }

    [Fact]
    public void NewRevision_IsNotLimitedByTheOldOnesTimes()
    {
        var world = Learned();
        world.Apply(Make.Model("a", revision: 2));
        world.Report(new ModelDemand("a", 1, 0, 0));
        EnterWeights(world);
        world.Tick(500 * Second);
        Assert.Equal(ReplicaState.Starting, world.StateOf("a"));
    }

    private static LoopWorld Learned()
    {
        var history = StartHistory.Empty.WithColdStart(25 * Second, [new PhaseTime("starting", 5000), new PhaseTime("weights", 20_000)]);
        var world = new LoopWorld(Make.Gpus(1, 80), histories: new Dictionary<string, StartHistory> { ["a"] = history });
        world.Apply(Make.Model("a"));
        return world;
    }

    private static void EnterWeights(LoopWorld world)
    {
        var start = world.Effects.Of(EffectKind.Start).Single().Target;
        world.Loop.Handle(new PhaseSeen(start.Replica, start.Attempt, "weights"));
    }
}
