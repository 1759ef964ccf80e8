namespace Podvirt.Scheduler.Idle;

/// <summary>
/// Idle times on a logarithmic scale, three steps to the doubling: below 1 s, then up to 24 days. A decision about memory
/// is as good at the next step as a moment before it.
/// </summary>
internal static class GapBuckets
{
    public const int Count = 64;

    private static readonly double[] s_starts = [0, .. Enumerable.Range(0, Count - 1).Select(i => Math.Pow(2, i / 3.0))];

    // Within a bucket all moments are alike; the last one has no end, and lasts as long again as it took to get there.
    private static readonly double[] s_middles =
        [.. Enumerable.Range(0, Count).Select(i => i == Count - 1 ? 2 * s_starts[i] : (s_starts[i] + s_starts[i + 1]) / 2)];

    /// <summary>Seconds at which the bucket begins.</summary>
    public static double Start(int bucket) => s_starts[bucket];

    public static double Middle(int bucket) => s_middles[bucket];

    public static int Of(double seconds) =>
        seconds < 1 ? 0 : Math.Min(Count - 1, 1 + (int)Math.Floor((3 * Math.Log2(seconds)) + 1e-9));
}
