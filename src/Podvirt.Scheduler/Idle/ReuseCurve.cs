namespace Podvirt.Scheduler.Idle;

/// <summary>
/// For each idle time: how many returns a second of holding on buys, at the best moment to give up later. This is the
/// index of an optimal stopping problem: holding on is right as long as the index, times what a return saves, exceeds
/// what a second of holding costs.
/// </summary>
internal sealed class ReuseCurve
{
    /// <summary>Ten minutes: for about so long a replica that finds a place keeps it. Of one, ten and a hundred it served best.</summary>
    public const double SoonSeconds = 600;

    private readonly float[] _rates;

    private ReuseCurve(float[] rates) => _rates = rates;

    /// <param name="own">The model's gaps.</param>
    /// <param name="fleet">Those of all models.</param>
    public static ReuseCurve Of(GapHistogram own, FleetGaps fleet, IdleTuning tuning)
    {
        Span<double> mass = stackalloc double[GapBuckets.Count];
        fleet.Expect(own.Last, mass);
        for (var i = 0; i < mass.Length; i++)
        {
            mass[i] = (mass[i] * tuning.FleetWeight) + own.Weights[i];
        }

        return Of(mass);
    }

    /// <param name="mass">Weights of the gaps' buckets; their sum does not matter.</param>
    public static ReuseCurve Of(ReadOnlySpan<double> mass)
    {
        var rates = new float[GapBuckets.Count];
        Span<double> after = stackalloc double[GapBuckets.Count + 1];
        after[^1] = 0;
        for (var i = mass.Length - 1; i >= 0; i--)
        {
            after[i] = after[i + 1] + mass[i];
        }

        for (var start = 0; start < rates.Length; start++)
        {
            var began = GapBuckets.Start(start);
            var (best, held) = (0.0, 0.0);
            for (var end = start; end < rates.Length; end++)
            {
                // Giving up at the end of this bucket: those that return in it are held half of it, the others all of it.
                var width = end == rates.Length - 1 ? GapBuckets.Middle(end) - began : GapBuckets.Start(end + 1) - began;
                held += mass[end] * (GapBuckets.Middle(end) - began);
                var returned = after[start] - after[end + 1];
                var seconds = held + (after[end + 1] * width);
                best = seconds > 0 ? Math.Max(best, returned / seconds) : best;
            }

            rates[start] = (float)best;
        }

        return new ReuseCurve(rates);
    }

    /// <summary>How likely a return is soon enough to matter for what is placed beside it: about, and at most 1.</summary>
    public double ChanceSoon(double idleSeconds) => Math.Min(1, At(idleSeconds) * SoonSeconds);

    /// <summary>Returns for each second held, from this idle time on.</summary>
    public double At(double idleSeconds) => _rates[GapBuckets.Of(idleSeconds)];
}
