using Podvirt.Core.Usage;
using Podvirt.Metering.Rating;

namespace Podvirt.Metering.Tests.Rating;

public sealed class UsageCheckTests
{
    [Theory]
    [InlineData(0, 0, 0, 0, true)]
    [InlineData(10, 10, 10, 10, true)]
    [InlineData(1_000_000_000_000, 0, 1_000_000_000_000, 0, true)]
    [InlineData(1_000_000_000_001, 0, 0, 0, false)]
    [InlineData(0, 0, 1_000_000_000_001, 0, false)]
    [InlineData(-1, 0, 0, 0, false)]
    [InlineData(10, -1, 0, 0, false)]
    [InlineData(10, 11, 0, 0, false)]
    [InlineData(0, 0, -1, 0, false)]
    [InlineData(0, 0, 5, 6, false)]
    [InlineData(0, 0, 5, -1, false)]
    public void Counts_MustBePossible(long prompt, long cached, long completion, long reasoning, bool valid) =>
        Assert.Equal(valid, UsageCheck.IsValid(Sample.Record() with { Tokens = new TokenCounts(prompt, cached, completion, reasoning) }));

    [Fact]
    public void Times_MustBePossible()
    {
        Assert.False(UsageCheck.IsValid(Sample.Record() with { DurationUs = -1 }));
        Assert.False(UsageCheck.IsValid(Sample.Record() with { DurationUs = long.MaxValue }));
        Assert.False(UsageCheck.IsValid(Sample.Record() with { ParkedUs = -1 }));
        Assert.False(UsageCheck.IsValid(Sample.Record() with { QueuedUs = -1 }));
        Assert.False(UsageCheck.IsValid(Sample.Record() with { FirstTokenUs = -1 }));
        Assert.False(UsageCheck.IsValid(Sample.Record() with { VideoUs = -1 }));
        Assert.False(UsageCheck.IsValid(Sample.Record() with { Source = UsageSource.Quarantined }));
        Assert.False(UsageCheck.IsValid(Sample.Record() with { StartedAt = DateTimeOffset.MaxValue }));
    }

    [Fact]
    public void InvalidRecord_IsTheSameRequestWithoutItsNumbers()
    {
        var record = Sample.Record() with { Tokens = new TokenCounts(1, 2, 3, 4), Reason = "stalled", Outcome = UsageOutcome.Truncated };

        var expected = record with { Tokens = default, VideoUs = 0, Source = UsageSource.Quarantined };
        Assert.Equal(expected, UsageCheck.WithoutCounts(record));
        Assert.Equal(
            expected with { DurationUs = 0, ParkedUs = 0, QueuedUs = 0, FirstTokenUs = null },
            UsageCheck.WithoutCounts(record with { DurationUs = long.MaxValue }));
        Assert.Equal("invalid_usage", UsageCheck.WithoutCounts(record with { Reason = "" }).Reason);
    }
}
