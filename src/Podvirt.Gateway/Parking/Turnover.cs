namespace Podvirt.Gateway.Parking;

/// <summary>How fast slots come free while requests wait for them, from the last few that did.</summary>
internal sealed class Turnover
{
    // One or two say little; a long memory would not follow a change of load.
    private const int SamplesMin = 4;
    private const int SamplesMax = 32;

    private readonly long[] _returns = new long[SamplesMax];
    private long _count;

    /// <summary>A slot came free at this timestamp.</summary>
    public void Note(long now) => _returns[_count++ % SamplesMax] = now;

    /// <summary>The queue was empty: what was measured before it says nothing about the next one.</summary>
    public void Clear() => _count = 0;

    /// <summary>Timestamp ticks for each slot; null where too few came free.</summary>
    public double? TicksPerSlot(long now)
    {
        if (_count < SamplesMin)
        {
            return null;
        }
        var samples = (int)Math.Min(_count, SamplesMax);
        var first = _returns[(_count - samples) % SamplesMax];

        // To this moment, not to the last return: where nothing comes free any more, the estimate grows.
        return (double)(now - first) / (samples - 1);
    }
}
