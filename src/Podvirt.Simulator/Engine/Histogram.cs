namespace Podvirt.Simulator.Engine;

/// <summary>Counts of durations by upper bound, in seconds, as Prometheus wants them. Safe for many writers.</summary>
internal sealed class Histogram(params double[] bounds)
{
    private readonly long[] _counts = new long[bounds.Length + 1];
    private long _sumTicks;

    public IReadOnlyList<double> Bounds => bounds;

    public double SumSeconds => TimeSpan.FromTicks(Interlocked.Read(ref _sumTicks)).TotalSeconds;

    public void Observe(TimeSpan value)
    {
        var seconds = value.TotalSeconds;
        var index = 0;
        while (index < bounds.Length && seconds > bounds[index])
        {
            index++;
        }

        Interlocked.Increment(ref _counts[index]);
        Interlocked.Add(ref _sumTicks, value.Ticks);
    }

    /// <summary>The number of observations at most as large as each bound, then of all.</summary>
    public long[] Cumulative()
    {
        var result = new long[_counts.Length];
        var sum = 0L;
        for (var i = 0; i < result.Length; i++)
        {
            sum += Interlocked.Read(ref _counts[i]);
            result[i] = sum;
        }

        return result;
    }
}
