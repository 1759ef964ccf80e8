using HdrHistogram;

namespace Podvirt.LoadTest.Generator;

/// <summary>A distribution of times, in microseconds.</summary>
internal sealed record Delays(long Count, double Mean, double P50, double P90, double P99, double P999, double Max)
{
    /// <summary>An hour: nothing here lasts longer.</summary>
    private const long NanosecondsMax = 3_600_000_000_000;

    public static readonly Delays None = new(0, 0, 0, 0, 0, 0, 0);

    public static LongHistogram NewHistogram() => new(NanosecondsMax, 3);

    public static void Record(LongHistogram histogram, long nanoseconds) => histogram.RecordValue(Math.Clamp(nanoseconds, 0, NanosecondsMax));

    public static Delays Of(LongHistogram histogram) => histogram.TotalCount == 0
        ? None
        : new Delays(
            histogram.TotalCount, histogram.GetMean() / 1e3, At(histogram, 50), At(histogram, 90), At(histogram, 99), At(histogram, 99.9), histogram.GetMaxValue() / 1e3);

    private static double At(LongHistogram histogram, double percentile) => histogram.GetValueAtPercentile(percentile) / 1e3;
}
