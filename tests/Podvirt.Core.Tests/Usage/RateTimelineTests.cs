using Podvirt.Core.Usage;

namespace Podvirt.Core.Tests.Usage;

public sealed class RateTimelineTests
{
    private static readonly DateTimeOffset s_noon = new(2026, 11, 20, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void NoVersion_IsVersionZeroThatCostsNothing()
    {
        var timeline = new RateTimeline("m", []);

        Assert.Equal(Rate.Free("m"), timeline.At(s_noon));
        Assert.Equal(Rate.Free("m"), timeline.Version(0));
        Assert.Null(timeline.Version(1));
    }

    [Fact]
    public void Version_HoldsFromItsMomentToTheNext()
    {
        var timeline = new RateTimeline("m", [AtOnce(2, 60), AtOnce(1, 0)]);

        Assert.Equal([0, 1, 1, 2], new[] { At(timeline, -0.001), At(timeline, 0), At(timeline, 59.999), At(timeline, 60) });
        Assert.Equal([1, 2], timeline.Versions.Select(r => r.Version));
    }

    [Fact]
    public void WhatIsSetForLater_StandsThroughAChangeBeforeIt()
    {
        var timeline = new RateTimeline("m", [AtOnce(1, 0), Later(2, 60), AtOnce(3, 30)]);

        Assert.Equal([1, 3, 2], new[] { At(timeline, 29), At(timeline, 59), At(timeline, 60) });
    }

    [Fact]
    public void AChangeAfterIt_EndsWhatWasSetForLater()
    {
        var timeline = new RateTimeline("m", [AtOnce(1, 0), Later(2, 60), AtOnce(3, 90)]);

        Assert.Equal([1, 2, 3], new[] { At(timeline, 59), At(timeline, 89), At(timeline, 90) });
    }

    [Fact]
    public void TwoWithTheSameMoment_TheLaterDecisionWins()
    {
        var timeline = new RateTimeline("m", [AtOnce(1, 0), Later(2, 60), Later(3, 60)]);

        Assert.Equal([1, 3], new[] { At(timeline, 59), At(timeline, 60) });
        Assert.Equal(2, timeline.Version(2)!.Version);
    }

    [Fact]
    public void ClockSetBack_EndsWhatBeganAheadButNotWhatWasSetForLater()
    {
        var timeline = new RateTimeline("m", [Later(1, 100), AtOnce(2, 50), AtOnce(3, 10)]);

        Assert.Equal([0, 3, 3, 1], new[] { At(timeline, 9), At(timeline, 10), At(timeline, 51), At(timeline, 100) });
    }

    [Theory]
    [InlineData(null, 2)]
    [InlineData(1, 1)]
    [InlineData(0, 0)]
    [InlineData(9, 2)]
    public void Record_IsRatedByTheVersionItsClientWasToldIfThatIsKnown(int? quoted, int rated)
    {
        var timeline = new RateTimeline("m", [AtOnce(1, 0), AtOnce(2, 10)]);
        var record = new UsageRecord
        {
            Id = Guid.Empty,
            Project = "p",
            Key = "k",
            Model = "m",
            Revision = 1,
            Surface = "chat.completions",
            Outcome = UsageOutcome.Completed,
            Status = 200,
            StartedAt = s_noon.AddMinutes(9),
            DurationUs = 120_000_000,
            QuotedRate = quoted,
        };

        Assert.Equal(rated, timeline.RateOf(record).Version);
    }

    private static int At(RateTimeline timeline, double minutes) => timeline.At(s_noon.AddMinutes(minutes)).Version;

    private static Rate AtOnce(int version, double minutes) => new("m", version, s_noon.AddMinutes(minutes), version, 0, 0);

    private static Rate Later(int version, double minutes) => AtOnce(version, minutes) with { DecidedAt = s_noon };
}
