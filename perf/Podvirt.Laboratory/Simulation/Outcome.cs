namespace Podvirt.Laboratory.Simulation;

/// <summary>What a simulation measured after its warm-up.</summary>
internal sealed class Outcome
{
    // Waits in hundredths of octaves from 10 ms: exact to a percent.
    private const double Step = 32;

    private readonly long[] _waits = new long[1024];
    private readonly List<int> _decisionNanoseconds = new(1 << 20);

    public long Requests { get; private set; }

    /// <summary>Waited for a cold start, their own or one under way.</summary>
    public long ColdStarted { get; private set; }

    /// <summary>Waited for a wake.</summary>
    public long Woken { get; private set; }

    public double WaitingSeconds { get; private set; }

    public double GpuSeconds { get; set; }

    public Breakdown Breakdown { get; } = new();

    public long Starts { get; set; }

    public long Wakes { get; set; }

    public long Evictions { get; set; }

    public double GpuHours => GpuSeconds / 3600;

    public double WaitingHours => WaitingSeconds / 3600;

    public double ColdShare => (double)ColdStarted / Math.Max(1, Requests);

    public double WokenShare => (double)Woken / Math.Max(1, Requests);

    public void Served(double wait, bool wasCold)
    {
        Requests++;
        if (wait <= 0)
        {
            return;
        }

        ColdStarted += wasCold ? 1 : 0;
        Woken += wasCold ? 0 : 1;
        WaitingSeconds += wait;
        _waits[Math.Clamp((int)(Math.Log2(Math.Max(0.01, wait) / 0.01) * Step), 0, _waits.Length - 1)]++;
    }

    public void Decided(TimeSpan took) => _decisionNanoseconds.Add((int)Math.Min(int.MaxValue, took.TotalNanoseconds));

    public int Decisions => _decisionNanoseconds.Count;

    /// <summary>How long the real planner took, in microseconds.</summary>
    public double DecisionMicroseconds(double percentile)
    {
        if (_decisionNanoseconds.Count == 0)
        {
            return 0;
        }

        _decisionNanoseconds.Sort();
        return _decisionNanoseconds[(int)((_decisionNanoseconds.Count - 1) * percentile)] / 1000.0;
    }

    /// <summary>Of all requests, in seconds.</summary>
    public double Wait(double percentile)
    {
        var above = (long)Math.Ceiling(Requests * (1 - percentile));
        for (var i = _waits.Length - 1; i >= 0; i--)
        {
            above -= _waits[i];
            if (above <= 0 && _waits[i] > 0)
            {
                return 0.01 * Math.Pow(2, (i + 0.5) / Step);
            }
        }

        return 0;
    }
}
