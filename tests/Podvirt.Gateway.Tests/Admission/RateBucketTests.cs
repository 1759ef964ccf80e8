using Podvirt.Gateway.Admission;

namespace Podvirt.Gateway.Tests.Admission;

public sealed class RateBucketTests
{
    private const long Minute = TimeSpan.TicksPerMinute;

    private readonly RateBucket _bucket = new();

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(60)]
    [InlineData(1_000_000_000)]
    public void EmptyBucket_HasOneUnitExactlyWhenItIsDue(int limit)
    {
        _bucket.SetLimit(limit, 0);
        _bucket.Take(limit, 0);
        Assert.False(_bucket.Holds(1, 0));

        var due = _bucket.Until(1, 0);
        Assert.Equal(Math.Ceiling((double)Minute / limit), due.Ticks);
        Assert.False(_bucket.Holds(1, due.Ticks - 1));
        Assert.True(_bucket.Holds(1, due.Ticks));
        Assert.Equal(TimeSpan.Zero, _bucket.Until(1, due.Ticks));
    }

    [Fact]
    public void FullBucket_HoldsAMinuteAndNoMore()
    {
        _bucket.SetLimit(10, 0);
        Assert.Equal(10, _bucket.Remaining(100 * Minute));
        _bucket.Take(-50, 100 * Minute);
        Assert.Equal(10, _bucket.Remaining(100 * Minute));
        Assert.Equal(TimeSpan.Zero, _bucket.UntilFull(100 * Minute));
    }

    [Fact]
    public void ManySmallSteps_FillAsOneLargeOne()
    {
        _bucket.SetLimit(7, 0);
        _bucket.Take(7, 0);
        for (var now = 1L; now <= Minute; now += 613)
        {
            _bucket.Remaining(now);
        }
        Assert.Equal(6, _bucket.Remaining(Minute - 1));
        Assert.Equal(7, _bucket.Remaining(Minute));
    }

    [Fact]
    public void MoreUsedThanThere_IsOwedAndWorkedOff()
    {
        _bucket.SetLimit(60, 0);
        _bucket.Take(180, 0);
        Assert.Equal(0, _bucket.Remaining(0));
        Assert.Equal(TimeSpan.FromSeconds(121), _bucket.Until(1, 0));
        Assert.Equal(1, _bucket.Remaining(121 * TimeSpan.TicksPerSecond));
    }

    [Fact]
    public void AskBeyondTheLimit_WaitsForAFullBucketOnly()
    {
        _bucket.SetLimit(10, 0);
        Assert.True(_bucket.Holds(1_000_000, 0));
        _bucket.Take(1, 0);
        Assert.False(_bucket.Holds(1_000_000, 0));
        Assert.Equal(TimeSpan.FromSeconds(6), _bucket.Until(1_000_000, 0));
    }

    [Fact]
    public void ClockThatStandsStillOrGoesBack_FillsNothing()
    {
        _bucket.SetLimit(60, 10 * Minute);
        _bucket.Take(60, 10 * Minute);
        Assert.Equal(0, _bucket.Remaining(Minute));
        Assert.Equal(0, _bucket.Remaining(10 * Minute));
        Assert.Equal(1, _bucket.Remaining((10 * Minute) + TimeSpan.TicksPerSecond));
    }

    [Fact]
    public void ChangedLimit_KeepsWhatWasUsed()
    {
        _bucket.SetLimit(10, 0);
        _bucket.Take(4, 0);
        _bucket.SetLimit(100, 0);
        Assert.Equal(96, _bucket.Remaining(0));
        _bucket.SetLimit(5, 0);
        Assert.Equal(1, _bucket.Remaining(0));
        _bucket.SetLimit(null, 0);
        Assert.True(_bucket.Holds(long.MaxValue, 0));
        Assert.Null(_bucket.Limit);
        _bucket.SetLimit(5, 0);
        Assert.Equal(5, _bucket.Remaining(0));
    }

    [Theory]
    [InlineData(0, "0ms")]
    [InlineData(1, "1ms")]
    [InlineData(12 * TimeSpan.TicksPerMillisecond, "12ms")]
    [InlineData(TimeSpan.TicksPerSecond, "1s")]
    [InlineData(1500 * TimeSpan.TicksPerMillisecond, "1.5s")]
    [InlineData(6 * TimeSpan.TicksPerMinute, "6m0s")]
    [InlineData((2 * TimeSpan.TicksPerHour) + (3 * TimeSpan.TicksPerMinute) + (4 * TimeSpan.TicksPerSecond), "2h3m4s")]
    public void Reset_IsWrittenAsOpenAiDoes(long ticks, string text) => Assert.Equal(text, RateStanding.Text(TimeSpan.FromTicks(ticks)));
}
