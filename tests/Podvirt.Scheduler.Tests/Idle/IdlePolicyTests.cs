using Podvirt.Core.Models;
using Podvirt.Scheduler.Idle;

namespace Podvirt.Scheduler.Tests.Idle;

public class IdlePolicyTests
{
    /// <summary>Where times are set, no worth changes them: here the memory is worth nothing, and then everything.</summary>
    [Theory]
    [InlineData(10, 30, 9, false, true, "Stay")]
    [InlineData(10, 30, 10, false, true, "Sleep")]
    [InlineData(10, 30, 10, true, true, "Stay")]
    [InlineData(10, 30, 30, true, true, "Stop")]
    [InlineData(10, 30, 30, false, true, "Stop")]
    [InlineData(10, 30, 10, false, false, "Stop")]
    [InlineData(60, null, 899, true, true, "Stay")]
    [InlineData(60, null, 900, true, true, "Stop")]
    [InlineData(null, 300, 299, false, false, "Stay")]
    [InlineData(null, 300, 300, false, false, "Stop")]
    [InlineData(null, 300, 300, true, true, "Stop")]
    [InlineData(1800, null, 1799, false, true, "Stay")]
    [InlineData(1800, null, 1800, false, true, "Sleep")]
    [InlineData(1800, null, 2699, true, true, "Stay")]
    public void SetTimes_OverrideWorth(int? sleepAfter, int? stopAfter, int idle, bool isAsleep, bool canSleep, string expected)
    {
        var spec = new IdleSpec(Seconds(sleepAfter), Seconds(stopAfter));
        foreach (var worth in new[] { new Worth(0, 0), new Worth(9, 9) })
        {
            Assert.Equal(expected, IdlePolicy.Decide(spec, TimeSpan.FromSeconds(idle), worth, price: 1, isAsleep, canSleep).ToString());
        }
    }

    [Theory]
    [InlineData(1, 1, false, true, "Stay")]
    [InlineData(0.9, 1, false, true, "Sleep")]
    [InlineData(0.9, 0.9, false, true, "Stop")]
    [InlineData(0.9, 0, false, false, "Stop")]
    [InlineData(0, 1, true, true, "Stay")]
    [InlineData(9, 0.9, true, true, "Stop")]
    public void WithoutTimes_MemoryIsHeldWhileItIsWorthItsPrice(double awake, double asleep, bool isAsleep, bool canSleep, string expected) =>
        Assert.Equal(
            expected,
            IdlePolicy.Decide(IdleSpec.Auto, TimeSpan.FromDays(1), new Worth(awake, asleep), price: 1, isAsleep, canSleep).ToString());

    [Fact]
    public void OnlyATimeToStop_LeavesSleepToThePolicy()
    {
        var spec = new IdleSpec(null, TimeSpan.FromSeconds(300));
        var idle = TimeSpan.FromSeconds(10);
        Assert.Equal(IdleDecision.Sleep, IdlePolicy.Decide(spec, idle, new Worth(0, 0), 1, isAsleep: false, canSleep: true));
        Assert.Equal(IdleDecision.Stay, IdlePolicy.Decide(spec, idle, new Worth(0, 0), 1, isAsleep: true, canSleep: true));
    }

    private static TimeSpan? Seconds(int? seconds) => seconds is { } value ? TimeSpan.FromSeconds(value) : null;
}
