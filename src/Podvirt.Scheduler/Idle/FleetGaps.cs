namespace Podvirt.Scheduler.Idle;

/// <summary>
/// What gap follows a gap, over all models: what is expected of a model that has shown little of itself. One that was away
/// for two hours will hardly be back in a minute, whichever model it is.
/// </summary>
internal sealed class FleetGaps
{
    /// <summary>Before anything was seen every doubling of time is as likely as any other; it takes a few gaps to say otherwise.</summary>
    private const double PriorWeight = 8;

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
        for (var i = 0; i < chances.Length; i++)
        {
            chances[i] = (_rows[context][i] + (PriorWeight / GapBuckets.Count)) / total;
        }
    }

    private static int ContextOf(double? last) => last is { } seconds ? 1 + ((GapBuckets.Of(seconds) + 2) / 3) : 0;
}
