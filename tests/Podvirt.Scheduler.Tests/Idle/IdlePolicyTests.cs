using Podvirt.Core.Models;
using Podvirt.Scheduler.Idle;

namespace Podvirt.Scheduler.Tests.Idle;

public class IdlePolicyTests
{
    [Theory]
    [InlineData(10, 30, 9, false, true, "Stay")]
    [InlineData(10, 30, 10, false, true, "Sleep")]
    [InlineData(10, 30, 10, true, true, "Stay")]
    [InlineData(10, 30, 30, true, true, "Stop")]
    [InlineData(10, 30, 30, false, true, "Stop")]
    [InlineData(10, 30, 10, false, false, "Stop")]
    [InlineData(null, null, 59, false, true, "Stay")]
    [InlineData(null, null, 60, false, true, "Sleep")]
    [InlineData(null, null, 899, true, true, "Stay")]
    [InlineData(null, null, 900, true, true, "Stop")]
    [InlineData(null, null, 60, false, false, "Stop")]
    [InlineData(null, 300, 299, false, false, "Stay")]
    [InlineData(1800, null, 1799, false, true, "Stay")]
    [InlineData(1800, null, 1800, false, true, "Sleep")]
    [InlineData(1800, null, 2699, true, true, "Stay")]
    public void IdleTime_DecidesWhatIsDue(int? sleepAfter, int? stopAfter, int idle, bool isAsleep, bool canSleep, string expected)
    {
        var spec = new IdleSpec(Seconds(sleepAfter), Seconds(stopAfter));
        Assert.Equal(expected, IdlePolicy.Decide(spec, TimeSpan.FromSeconds(idle), isAsleep, canSleep).ToString());
    }

    private static TimeSpan? Seconds(int? seconds) => seconds is { } value ? TimeSpan.FromSeconds(value) : null;
}
