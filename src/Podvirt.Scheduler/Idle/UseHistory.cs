namespace Podvirt.Scheduler.Idle;

/// <summary>What one model has shown of its use: its gaps, and how many come while the first one waits. Written by one caller.</summary>
internal sealed class UseHistory
{
    // A new number counts a fifth: five starts or wakes make a habit.
    private const double Fresh = 0.2;

    private readonly IdleTuning _tuning;
    private ReuseCurve? _curve;
    private double _curveTotal;

    public UseHistory(IdleTuning tuning)
        : this(new GapHistogram(tuning), 0, tuning)
    {
    }

    public UseHistory(GapHistogram gaps, double followersPerSecond, IdleTuning tuning)
    {
        _tuning = tuning;
        Gaps = gaps;
        FollowersPerSecond = followersPerSecond;
    }

    public GapHistogram Gaps { get; }

    public double FollowersPerSecond { get; private set; }

    /// <param name="seconds">From the end of the last use to the next request.</param>
    /// <param name="fleet">Learns of it, too.</param>
    public void Used(double seconds, FleetGaps fleet)
    {
        fleet.Record(Gaps.Last, seconds);
        Gaps.Record(seconds);
        _curveTotal += 1;
        if (_curveTotal >= Gaps.Total / 16)
        {
            // One more of many changes little, and a busy model has many.
            _curve = null;
        }
    }

    /// <param name="seconds">That the first request waited.</param>
    /// <param name="waiting">Requests that waited in the end.</param>
    public void Served(double seconds, int waiting)
    {
        if (seconds > 0 && waiting > 0)
        {
            FollowersPerSecond += Fresh * (((waiting - 1) / seconds) - FollowersPerSecond);
        }
    }

    public ReuseCurve Curve(FleetGaps fleet)
    {
        if (_curve is null)
        {
            _curve = ReuseCurve.Of(Gaps, fleet, _tuning);
            _curveTotal = 0;
        }

        return _curve;
    }
}
