namespace Podvirt.Scheduler.Idle;

/// <summary>
/// What gap follows a gap, over all models: what is expected of a model that has shown little of itself. One that was away
/// for two hours will hardly be back in a minute, whichever model it is.
/// </summary>
internal sealed class FleetGaps
{
    /// <summary>It takes a few gaps to say otherwise than what is expected before anything was seen.</summary>
    private const double PriorWeight = 8;

    /// <summary>
    /// Before anything was seen: who is new, or was back within a minute, is back within a minute seven times of eight. So at
    /// the default price a model of which little is known serves for about a minute without a request, and then sleeps.
    /// </summary>
    private const double PriorWithinMinute = 7 / 8.0;

    // Apart from that every doubling of time is as likely as any other.
    private static readonly double[] s_prior = Prior(null);
    private static readonly double[] s_priorOfFrequent = Prior(PriorWithinMinute);

    /// <summary>One context for each doubling of the last gap, and one for models without any.</summary>
    private const int Contexts = 2 + ((GapBuckets.Count + 1) / 3);

    private const double Kept = 1 - (1 / 20_000.0);

    private readonly double[][] _rows = [.. Enumerable.Range(0, Contexts).Select(_ => new double[GapBuckets.Count])];
    private readonly double[] _totals = new double[Contexts];

    /// <param name="last">The model's gap before; null when this is its first.</param>
    public void Record(double? last, double seconds)
    {
        var context = ContextOf(last);
        var row = _rows[context];
        if (_totals[context] > 1 / (1 - Kept))
        {
            for (var i = 0; i < row.Length; i++)
            {
                row[i] *= Kept;
            }

            _totals[context] *= Kept;
        }

        row[GapBuckets.Of(seconds)]++;
        _totals[context]++;
    }

    /// <summary>The chances of the next gap's buckets; they sum to one.</summary>
    public void Expect(double? last, Span<double> chances)
    {
        var context = ContextOf(last);
        var total = _totals[context] + PriorWeight;
        var prior = last is null or < 60 ? s_priorOfFrequent : s_prior;
        for (var i = 0; i < chances.Length; i++)
        {
            chances[i] = (_rows[context][i] + (PriorWeight * prior[i])) / total;
        }
    }

    private static double[] Prior(double? withinMinute)
    {
        var minute = GapBuckets.Of(60) + 1;
        var share = withinMinute ?? minute / (double)GapBuckets.Count;
        return [.. Enumerable.Range(0, GapBuckets.Count).Select(i => i < minute ? share / minute : (1 - share) / (GapBuckets.Count - minute))];
    }

    private static int ContextOf(double? last) => last is { } seconds ? 1 + ((GapBuckets.Of(seconds) + 2) / 3) : 0;
}
