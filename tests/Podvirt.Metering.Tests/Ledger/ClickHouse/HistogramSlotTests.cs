using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Ledger.ClickHouse;

namespace Podvirt.Metering.Tests.Ledger.ClickHouse;

/// <summary>The engine's quantiles are those of the histogram, whether it holds a group as a list or as counts.</summary>
[Collection(ClickHouseCollection.Name)]
public sealed class HistogramSlotTests(ClickHouseFixture clickHouse)
{
    /// <summary>The engine takes larger numbers for this one.</summary>
    private const int SlotEnd = 30_000;

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public void EveryBucket_ComesBackFromItsSlot()
    {
        for (var bucket = 0; bucket <= DurationHistogram.BucketOf(long.MaxValue); bucket++)
        {
            var slot = HistogramSlot.Of(bucket);
            Assert.InRange(slot, bucket, SlotEnd - 1);
            Assert.Equal(bucket, HistogramSlot.BucketOf(slot));
            // What is given back for larger ones.
            for (var by = slot < 1_024 ? 0 : -8; by <= (slot < 1_024 ? 0 : 7); by++)
            {
                Assert.Equal(bucket, HistogramSlot.BucketOf(slot + by));
            }
        }
        Assert.Equal(0, HistogramSlot.BucketOf(float.NaN));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(20)]
    [InlineData(100)]
    [InlineData(8_000)]
    public async Task ShortAndVeryLongDurations_HaveTheHistogramsQuantiles(int records)
    {
        using var database = clickHouse.NewDatabase();
        var ledger = new ClickHouseLedger(database);
        var random = new Random(records);
        var exact = new DurationHistogram();
        var rated = new List<RatedRecord>();
        for (var n = 0; n < records; n++)
        {
            // Up to two years, each power of ten as often.
            var durationUs = (long)Math.Pow(10, random.NextDouble() * 13.8);
            exact.Add(durationUs);
            var record = Sample.Record(n) with { StartedAt = Sample.Noon.AddMinutes(n % 60).AddMicroseconds(-durationUs), DurationUs = durationUs, FirstTokenUs = null };
            rated.Add(new RatedRecord(record, 1, Cost.Zero));
        }
        foreach (var batch in rated.Chunk(Math.Max(1, records / 2)))
        {
            await ledger.AppendAsync(batch, Ended);
        }

        var hour = new FiguresQuery(Sample.Noon, Sample.Noon.AddHours(1));
        var latency = (await ledger.FiguresAsync(hour, FiguresGroup.Model, Ended)).Total.Latency;
        var series = Assert.Single(await ledger.SeriesAsync(hour, FiguresStep.Hour, FiguresGroup.None, Ended)).Figures.Latency;

        Assert.Equal(new DurationFigures(records, latency.SumUs, exact.Quantile(0.5), exact.Quantile(0.95), exact.Quantile(0.99)), latency);
        Assert.Equal(latency, series);
        Assert.Empty(await ledger.DifferencesAsync(Ended));
    }
}
