using Podvirt.Scheduler.Idle;

namespace Podvirt.Scheduler.Tests.Idle;

public class GapHistogramTests
{
    [Theory]
    [InlineData(0, 0)]
    [InlineData(0.99, 0)]
    [InlineData(1, 1)]
    [InlineData(1.3, 2)]
    [InlineData(2, 4)]
    [InlineData(1e12, GapBuckets.Count - 1)]
    public void Gap_FallsIntoItsBucket(double seconds, int bucket) => Assert.Equal(bucket, GapBuckets.Of(seconds));

    [Fact]
    public void BucketStart_BelongsToItsBucket() =>
        Assert.All(Enumerable.Range(0, GapBuckets.Count), bucket => Assert.Equal(bucket, GapBuckets.Of(GapBuckets.Start(bucket))));

    [Fact]
    public void OldGaps_FadeAsNewOnesCome()
    {
        var gaps = new GapHistogram(IdleTuning.Default);
        for (var i = 0; i < 4000; i++)
        {
            gaps.Record(i < 2000 ? 10 : 1000);
        }

        Assert.Equal(IdleTuning.Default.GapMemory, gaps.Total, tolerance: 1);
        Assert.True(gaps.Weights[GapBuckets.Of(10)] < 0.01 * gaps.Weights[GapBuckets.Of(1000)]);
        Assert.Equal(1000, gaps.Last);
    }

    [Fact]
    public void StoredHistory_ComesBackAsItWas()
    {
        var use = new UseHistory(IdleTuning.Default);
        var fleet = new FleetGaps();
        use.Used(40, fleet);
        use.Used(90, fleet);
        use.Served(10, waiting: 6);
        var back = UseRecord.Of(use).ToHistory(IdleTuning.Default);
        Assert.Equal(use.Gaps.Weights, back.Gaps.Weights);
        Assert.Equal((90, use.FollowersPerSecond), (back.Gaps.Last, back.FollowersPerSecond));
        Assert.Equal(0.1, back.FollowersPerSecond, tolerance: 1e-9);
    }

    [Fact]
    public void FleetsChances_SumToOne_WithAndWithoutExperience()
    {
        var fleet = new FleetGaps();
        var chances = new double[GapBuckets.Count];
        foreach (var last in new double?[] { null, 20, 3600 })
        {
            fleet.Expect(last, chances);
            Assert.Equal(1, chances.Sum(), tolerance: 1e-9);
            Assert.Equal(last is 3600, Math.Abs(chances[3] - chances[40]) < 1e-9);
            Assert.Equal(last is not 3600, Math.Abs(chances.Take(GapBuckets.Of(60) + 1).Sum() - (7 / 8.0)) < 1e-9);
        }

        for (var i = 0; i < 50_000; i++)
        {
            fleet.Record(1e9, 60);
        }

        fleet.Expect(1e9, chances);
        Assert.Equal(1, chances.Sum(), tolerance: 1e-9);
        Assert.True(chances[GapBuckets.Of(60)] > 0.99);
    }
}
