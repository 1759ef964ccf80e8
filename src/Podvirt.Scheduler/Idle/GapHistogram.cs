namespace Podvirt.Scheduler.Idle;

/// <summary>How long one model was idle between its uses, the recent times counting most.</summary>
internal sealed class GapHistogram
{
    private readonly float[] _weights;

    private readonly float _kept;

    public GapHistogram(IdleTuning tuning)
        : this(new float[GapBuckets.Count], tuning)
    {
    }

    private GapHistogram(float[] weights, IdleTuning tuning)
    {
        _weights = weights;
        _kept = (float)(1 - (1 / tuning.GapMemory));
        Total = weights.Sum();
    }

    /// <summary>The weight of all of them: their number at first, and <see cref="IdleTuning.GapMemory"/> in the end.</summary>
    public double Total { get; private set; }

    /// <summary>The last one, in seconds; null before the first.</summary>
    public double? Last { get; private set; }

    public IReadOnlyList<float> Weights => _weights;

    /// <param name="weights">As <see cref="Weights"/> gave them once, without the empty ones at the end.</param>
    public static GapHistogram From(IReadOnlyList<float> weights, double? last, IdleTuning tuning)
    {
        var all = new float[GapBuckets.Count];
        for (var i = 0; i < Math.Min(weights.Count, all.Length); i++)
        {
            all[i] = float.IsFinite(weights[i]) ? Math.Max(0, weights[i]) : 0;
        }

        return new GapHistogram(all, tuning) { Last = last };
    }

    /// <param name="seconds">From the end of the last use to the next request.</param>
    public void Record(double seconds)
    {
        for (var i = 0; i < _weights.Length; i++)
        {
            _weights[i] *= _kept;
        }

        _weights[GapBuckets.Of(seconds)] += 1;
        Total = (Total * _kept) + 1;
        Last = seconds;
    }
}
