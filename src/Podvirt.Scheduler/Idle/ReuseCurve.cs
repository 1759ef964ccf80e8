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

    private readonly double[] _mass;
    private readonly double[] _after;
    private readonly double[] _rates;
    private readonly double[] _remaining;

    private ReuseCurve(double[] mass)
    {
        _mass = mass;
        _after = new double[GapBuckets.Count + 1];
        for (var i = mass.Length - 1; i >= 0; i--)
        {
            _after[i] = _after[i + 1] + mass[i];
        }

        _rates = new double[GapBuckets.Count];
        Array.Fill(_rates, double.NaN);
        _remaining = (double[])_rates.Clone();
    }

    /// <param name="own">The model's gaps.</param>
    /// <param name="fleet">Those of all models.</param>
    public static ReuseCurve Of(GapHistogram own, FleetGaps fleet, IdleTuning tuning)
    {
        var mass = new double[GapBuckets.Count];
        fleet.Expect(own.Last, mass);
        for (var i = 0; i < mass.Length; i++)
        {
            mass[i] = (mass[i] * tuning.FleetWeight) + own.Weights[i];
        }

        return new ReuseCurve(mass);
    }

    /// <param name="mass">Weights of the gaps' buckets; their sum does not matter.</param>
    public static ReuseCurve Of(ReadOnlySpan<double> mass) => new(mass.ToArray());

    /// <summary>How likely a return is soon enough to matter for what is placed beside it: about, and at most 1.</summary>
    public double ChanceSoon(double idleSeconds) => Math.Min(1, At(idleSeconds) * SoonSeconds);

    /// <summary>Returns for each second held, from this idle time on.</summary>
    public double At(double idleSeconds)
    {
        // Few of the idle times are ever asked for.
        ref var rate = ref _rates[GapBuckets.Of(idleSeconds)];
        if (double.IsNaN(rate))
        {
            rate = From(GapBuckets.Of(idleSeconds));
        }

        return rate;
    }

    /// <summary>
    /// Returns for each second held by somebody who cannot give up before: one in the mean time from this idle time to the
    /// return. Never more than <see cref="At"/>.
    /// </summary>
    public double AtLast(double idleSeconds)
    {
        ref var rate = ref _remaining[GapBuckets.Of(idleSeconds)];
        if (double.IsNaN(rate))
        {
            rate = ToTheEnd(GapBuckets.Of(idleSeconds));
        }

        return rate;
    }

    private double ToTheEnd(int start)
    {
        var began = GapBuckets.Start(start);
        var seconds = 0.0;
        for (var end = start; end < _mass.Length; end++)
        {
            seconds += _mass[end] * (GapBuckets.Middle(end) - began);
        }

        return seconds > 0 ? _after[start] / seconds : 0;
    }

    private double From(int start)
    {
        var began = GapBuckets.Start(start);
        var (best, held) = (0.0, 0.0);
        for (var end = start; end < _mass.Length; end++)
        {
            // Giving up at the end of this bucket: those that return in it are held half of it, the others all of it.
            var until = end == _mass.Length - 1 ? GapBuckets.Middle(end) : GapBuckets.Start(end + 1);
            held += _mass[end] * (GapBuckets.Middle(end) - began);
            var seconds = held + (_after[end + 1] * (until - began));
            best = seconds > 0 ? Math.Max(best, (_after[start] - _after[end + 1]) / seconds) : best;
        }

        return best;
    }
}
