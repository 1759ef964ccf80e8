using System.Numerics;

namespace Podvirt.Gateway.Parking;

/// <summary>
/// How long one model's engines lately took from the lease to their first byte. A prompt of a hundred kilobytes says
/// nothing about one of a hundred bytes, so bodies are compared with those of their own size only: each class takes four
/// times the bytes of the one before.
/// </summary>
internal sealed class PrefillHistory
{
    // Enough for a median that one odd request does not move, few enough to follow a change of load.
    private const int SamplesMax = 15;

    // Classes 0 to 15 hold any array's length.
    private const int Classes = 16;

    private readonly Lock _lock = new();
    private readonly Samples?[] _classes = new Samples?[Classes];

    public void Note(int bodyBytes, TimeSpan duration)
    {
        lock (_lock)
        {
            var samples = _classes[ClassOf(bodyBytes)] ??= new Samples();
            samples.Ticks[samples.Count++ % SamplesMax] = duration.Ticks;
        }
    }

    /// <summary>The median; null where nothing of that size was measured.</summary>
    public TimeSpan? Expected(int bodyBytes)
    {
        Span<long> sorted = stackalloc long[SamplesMax];
        lock (_lock)
        {
            if (_classes[ClassOf(bodyBytes)] is not { } samples)
            {
                return null;
            }
            sorted = sorted[..(int)Math.Min(samples.Count, SamplesMax)];
            samples.Ticks.AsSpan(0, sorted.Length).CopyTo(sorted);
        }
        sorted.Sort();
        return TimeSpan.FromTicks(sorted[sorted.Length / 2]);
    }

    private static int ClassOf(int bodyBytes) => BitOperations.Log2((uint)Math.Max(1, bodyBytes)) / 2;

    private sealed class Samples
    {
        public readonly long[] Ticks = new long[SamplesMax];

        public long Count;
    }
}
