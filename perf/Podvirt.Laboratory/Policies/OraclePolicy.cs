using Podvirt.Laboratory.Simulation;
using Podvirt.Laboratory.Traces;
using Podvirt.Scheduler.Idle;

namespace Podvirt.Laboratory.Policies;

/// <summary>
/// Knows every request to come, and the true durations. At the end of a use it takes whatever costs least until the next
/// one; who is used furthest in the future, for what a return costs, is evicted first (Belady). It never starts anything
/// before a request is there.
/// </summary>
internal sealed class OraclePolicy(double price, Trace trace) : IMemoryPolicy
{
    private readonly int[] _next = new int[trace.Models.Length];

    public void Used(SimulatedModel model, double? idleSeconds)
    {
    }

    public void BecameActive(SimulatedModel model, int level, double seconds, int waiting)
    {
    }

    public double? Level1Saves(SimulatedModel model, double idleSeconds, double now)
    {
        var traits = model.Traits;
        var times = trace.Times[traits.Index];
        var next = Next(traits.Index, now);
        return next == times.Length
            ? 0
            : (Waiting(times, next, traits.DeepWakeSeconds) - Waiting(times, next, traits.WakeSeconds)) / Math.Max(1, times[next] - now);
    }

    public Verdict Judge(SimulatedModel model, bool isAsleep, double idleSeconds, double now, int waiting)
    {
        var traits = model.Traits;
        var times = trace.Times[traits.Index];
        var next = Next(traits.Index, now);

        const double gpu = TraceSettings.GpuBytes;
        var (awake, asleep) = (traits.Gpus * traits.Bytes / gpu, traits.Gpus * traits.ResidueBytes / gpu);
        if (next == times.Length)
        {
            return new Verdict(IdleDecision.Stop, default, double.MaxValue, 0);
        }

        var gap = times[next] - now;
        var start = Waiting(times, next, traits.StartSeconds);
        var wakeSeconds = model.Replica is { Level: 2 } ? traits.DeepWakeSeconds : traits.WakeSeconds;
        var wake = Waiting(times, next, wakeSeconds);
        var away = Math.Max(0, gap - traits.SleepSeconds);
        var stay = price * awake * gap;
        var sleep = (price * ((awake * (Math.Min(gap, traits.SleepSeconds) + wakeSeconds)) + (asleep * away))) + wake;
        var stop = (price * awake * traits.StartSeconds) + start;
        var decision = isAsleep
            ? stop < (price * ((asleep * gap) + (awake * wakeSeconds))) + wake ? IdleDecision.Stop : IdleDecision.Stay
            : stay <= Math.Min(sleep, stop) ? IdleDecision.Stay : sleep <= stop ? IdleDecision.Sleep : IdleDecision.Stop;
        var worth = new Worth(wake / (awake - asleep) / Math.Max(1, gap), Math.Max(0, start - wake) / asleep / Math.Max(1, gap));
        return new Verdict(decision, worth, Math.Max(4, idleSeconds), RecentUse.ChanceSoon(gap));
    }

    private int Next(int model, double now)
    {
        var times = trace.Times[model];
        ref var next = ref _next[model];
        while (next < times.Length && times[next] <= now)
        {
            next++;
        }

        return next;
    }

    /// <summary>Waiting seconds of all who come while it gets ready for the first of them.</summary>
    private static double Waiting(double[] times, int first, double seconds)
    {
        var ready = times[first] + seconds;
        var sum = 0.0;
        for (var i = first; i < times.Length && times[i] < ready; i++)
        {
            sum += ready - times[i];
        }

        return sum;
    }
}
