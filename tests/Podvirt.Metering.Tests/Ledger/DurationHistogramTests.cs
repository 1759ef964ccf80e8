using CsCheck;
using Podvirt.Metering.Ledger;

namespace Podvirt.Metering.Tests.Ledger;

public sealed class DurationHistogramTests
{
    /// <summary>Short and long ones, with the edges of buckets and powers of two among them.</summary>
    private static Gen<long> Duration { get; } = Gen.OneOf(
        Gen.Long[0, 200],
        Gen.Long[0, 400_000_000],
        Gen.Long[0, long.MaxValue],
        Gen.Select(Gen.Int[0, 62], Gen.Long[-1, 1]).Select((power, by) => Math.Max(0, (1L << power) + by)));

    [Fact]
    public void EveryQuantile_IsWithinItsBoundOfTheExactOne() =>
        Gen.Select(Duration.Array[1, 300], Gen.Double[0, 1]).Sample((durations, share) =>
        {
            var histogram = Of(durations);
            var sorted = durations.Order().ToArray();

            for (var rank = 1; rank <= sorted.Length; rank++)
            {
                AssertClose(sorted[rank - 1], histogram.Quantile((rank - 0.5) / sorted.Length));
            }
            AssertClose(sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Length) - 1)], histogram.Quantile(share));
        });

    [Fact]
    public void Merge_IsTheHistogramOfTheUnion() =>
        Gen.Select(Duration.Array[0, 60], Duration.Array[0, 60], Duration.Array[0, 60]).Sample((a, b, c) =>
        {
            var whole = Bytes(Of([.. a, .. b, .. c]));

            var added = Of(b);
            added.Add(Of(a));
            added.Add(Of(c));
            Assert.Equal(whole, Bytes(added));

            var read = Of(c);
            read.Add(Bytes(Of(a)).AsSpan());
            read.Add(Bytes(Of(b)).AsSpan());
            Assert.Equal(whole, Bytes(read));
            Assert.Equal(a.Length + b.Length + c.Length, read.Count);
        });

    [Fact]
    public void ClearedHistogram_IsAsNew() =>
        Gen.Select(Duration.Array[0, 60], Duration.Array[0, 60]).Sample((before, after) =>
        {
            var histogram = Of(before);
            histogram.Clear();
            Assert.Equal((0L, 0L), (histogram.Count, histogram.Quantile(0.5)));
            foreach (var duration in after)
            {
                histogram.Add(duration);
            }
            Assert.Equal(Bytes(Of(after)), Bytes(histogram));
        });

    [Fact]
    public void SecondsOfOneRequest_TakeFewBytes()
    {
        Assert.Equal(3, Bytes(Of([2_345_678])).Length);
        Assert.Empty(Bytes(new DurationHistogram()));
    }

    [Fact]
    public void DamagedBytes_AreRefused()
    {
        foreach (var bytes in (byte[][])[[0x80], [5], [5, 0], [0xff, 0xff, 0x7f, 1], [255, 255, 255, 255, 255, 255, 255, 255, 255, 1]])
        {
            Assert.Throws<InvalidDataException>(() => new DurationHistogram().Add(bytes.AsSpan()));
        }
    }

    [Fact]
    public void WhatCannotBe_IsRefused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new DurationHistogram().Add(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new DurationHistogram().Quantile(1.1));
    }

    private static void AssertClose(long exact, long quantile)
    {
        var off = Int128.Abs((Int128)exact - quantile);
        Assert.True(off * 64 <= exact, $"{quantile} for {exact}");
    }

    private static DurationHistogram Of(long[] durations)
    {
        var histogram = new DurationHistogram();
        foreach (var duration in durations)
        {
            histogram.Add(duration);
        }
        return histogram;
    }

    private static byte[] Bytes(DurationHistogram histogram)
    {
        byte[] buffer = [];
        var length = histogram.WriteTo(ref buffer);
        return buffer[..length];
    }
}
