using Podvirt.Core.Usage;

namespace Podvirt.Core.Tests.Usage;

public sealed class UsageRecordTests
{
    [Fact]
    public void EndedAt_IsTheStartAndTheDuration()
    {
        var start = new DateTimeOffset(2026, 1, 31, 23, 59, 59, TimeSpan.Zero);
        var record = new UsageRecord
        {
            Id = Guid.Empty,
            Project = "p",
            Key = "k",
            Model = "m",
            Revision = 1,
            Surface = "completions",
            Outcome = UsageOutcome.Completed,
            Status = 200,
            StartedAt = start,
            DurationUs = 1_000_001,
        };
        Assert.Equal(start.AddTicks(10_000_010), record.EndedAt);
    }
}
