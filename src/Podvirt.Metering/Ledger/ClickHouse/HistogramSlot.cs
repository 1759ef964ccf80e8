namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>
/// A bucket of <see cref="DurationHistogram"/> as a number that ClickHouse's <c>quantilesTiming</c> keeps exactly. That holds few numbers as a
/// list and many as counts, so that two merge by copying or adding arrays; as counts it tells numbers below 1,024 apart, and larger ones by
/// steps of 16, of which it gives back any number nearby.
/// </summary>
internal static class HistogramSlot
{
    /// <summary>Numbers below are kept as they are: durations up to 18 hours.</summary>
    private const int Small = 1_024;

    private const int Step = 16;

    public static ushort Of(int bucket) => (ushort)(bucket < Small ? bucket : Small + ((bucket - Small + 1) * Step));

    /// <param name="slot">As a quantile says it; no number where there is no duration.</param>
    public static int BucketOf(float slot) => float.IsNaN(slot) ? 0 : slot < Small ? (int)slot : Small - 1 + (((int)slot - Small + (Step / 2)) / Step);
}
