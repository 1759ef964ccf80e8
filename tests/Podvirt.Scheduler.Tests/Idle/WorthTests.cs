using Podvirt.Scheduler.Idle;

namespace Podvirt.Scheduler.Tests.Idle;

public class WorthTests
{
    private static readonly ModelCosts Costs = new(60, 2, 4, AwakeGpus: 0.5, AsleepGpus: 0.02, FollowersPerSecond: 0, CanSleep: true);

    [Fact]
    public void Worth_IsWaitingSavedForEachGpuSecond()
    {
        var worth = Worth.Of(returns: 0.01, Costs, price: 0, IdleTuning.Default);
        Assert.Equal(0.01 * 2 / 0.48, worth.Awake, tolerance: 1e-9);
        Assert.Equal(0.01 * ((IdleTuning.Default.StartFactor * 60) - 2) / 0.02, worth.Asleep, tolerance: 1e-9);
    }

    [Fact]
    public void SleeperUsedOnceADay_IsWorthMoreAgainstOthersThanOneThatIsAwakeAndUsedEveryTenSeconds()
    {
        var sleeper = Worth.Of(returns: 1 / 86_400.0, Costs, price: 0, IdleTuning.Default);
        var awake = Worth.Of(returns: 1 / 10.0, Costs, price: 0, IdleTuning.Default);
        Assert.True(sleeper.AgainstOthers(IdleTuning.Default).Asleep > awake.AgainstOthers(IdleTuning.Default).Awake);

        // With nobody to ask for its memory, that is what it would be without others.
        Assert.True(sleeper.Asleep < awake.Awake);
    }

    [Fact]
    public void EngineWithoutSleep_SavesAWholeStart() =>
        Assert.Equal(0.01 * 60 / 0.5, Worth.Of(0.01, Costs with { CanSleep = false }, price: 0, IdleTuning.Default).Awake, tolerance: 1e-9);

    [Fact]
    public void StartThatWasMeasuredAsQuick_CostsMoreThanAWakeAllTheSame()
    {
        var costs = ModelCosts.Of(startSeconds: 0.2, wakeSeconds: 0.1, awakeGpus: 0.5, asleepGpus: 0.02, followersPerSecond: 0, canSleep: true);
        Assert.Equal(ModelCosts.WakeSecondsMin, costs.WakeSeconds);
        Assert.Equal(ModelCosts.WakeSecondsMin + ModelCosts.StartOverWakeSecondsMin, costs.StartSeconds);
        var slow = ModelCosts.Of(90, 5, 0.5, 0.02, 0, canSleep: true);
        Assert.Equal((90.0, 5.0), (slow.StartSeconds, slow.WakeSeconds));
    }

    [Theory]
    [InlineData(1, 2.0, 9.0, 2.0)]
    [InlineData(1, null, 9.0, 3.0)]
    [InlineData(1, null, null, null)]
    [InlineData(2, 2.0, 9.0, 9.0)]
    [InlineData(2, 2.0, null, 6.0)]
    [InlineData(2, null, null, ModelCosts.AssumedDeepWakeSeconds)]
    public void WakeOfALevelThatWasNotMeasured_IsTakenFromTheOther(int level, double? quick, double? deep, double? seconds) =>
        Assert.Equal(seconds, ModelCosts.Wake(level, quick, deep));

    [Fact]
    public void MemoryHeldWhileItGetsReady_CountsAgainstLeaving() =>
        Assert.Equal(0.01 * (2 + (0.1 * 0.5 * 6)) / 0.48, Worth.Of(0.01, Costs, price: 0.1, IdleTuning.Default).Awake, tolerance: 1e-9);

    [Fact]
    public void Followers_WaitAsWell() =>
        Assert.Equal(60 * (1 + (0.1 * 60 / 2)), (Costs with { FollowersPerSecond = 0.1 }).Waiting(60), tolerance: 1e-9);

    [Fact]
    public void Price_RisesWithThoseWhoWaitForMemory()
    {
        Assert.Equal(0.02, MemoryPrice.Of(0.02, waiting: 0, gpus: 8));
        Assert.Equal(1.02, MemoryPrice.Of(0.02, waiting: 8, gpus: 8), tolerance: 1e-9);
        Assert.Equal(0.02, MemoryPrice.Of(0.02, waiting: 1, gpus: 0));
    }

    [Fact]
    public void TimeOfDay_IsLikelyAfterTwoDays_AndNoMoreAfterTwoWithout()
    {
        var day = new DayProfile();
        var nine = new DateTimeOffset(2026, 1, 5, 9, 5, 0, TimeSpan.Zero);
        day.Used(nine);
        Assert.False(day.Chance(nine.AddDays(1)) >= DayProfile.Likely);
        day.Used(nine.AddDays(1));
        Assert.True(day.Chance(nine.AddDays(2)) >= DayProfile.Likely);
        Assert.False(day.Chance(nine.AddDays(2).AddHours(3)) >= DayProfile.Likely);
        Assert.False(day.Chance(nine.AddDays(4)) >= DayProfile.Likely);
    }
}
