using Podvirt.Laboratory.Simulation;
using Podvirt.Scheduler.Idle;

namespace Podvirt.Laboratory.Policies;

/// <summary>The same idle times for every model; who was used least recently is evicted first.</summary>
/// <param name="sleepAfter">Seconds; null: it never sleeps, it stops.</param>
/// <param name="stopAfter">Seconds since its last use.</param>
internal sealed class FixedPolicy(double? sleepAfter, double stopAfter) : IMemoryPolicy
{
    public void Used(SimulatedModel model, double? idleSeconds)
    {
    }

    public void BecameActive(SimulatedModel model, int level, double seconds, int waiting)
    {
    }

    public double? Level1Saves(SimulatedModel model, double idleSeconds, double now) => null;

    public Verdict Judge(SimulatedModel model, bool isAsleep, double idleSeconds, double now, int waiting)
    {
        var due = sleepAfter is { } sleep && !isAsleep ? sleep : stopAfter;
        var decision = idleSeconds + 1e-6 < due ? IdleDecision.Stay : due < stopAfter ? IdleDecision.Sleep : IdleDecision.Stop;
        return new Verdict(decision, RecentUse.Worth(idleSeconds), Math.Max(1, Math.Min(due - idleSeconds, idleSeconds)), RecentUse.ChanceSoon(idleSeconds));
    }
}

/// <summary>Keeps everything until somebody needs the memory; then the least recently used sleep, or stop.</summary>
internal sealed class SwapPolicy : IMemoryPolicy
{
    public void Used(SimulatedModel model, double? idleSeconds)
    {
    }

    public void BecameActive(SimulatedModel model, int level, double seconds, int waiting)
    {
    }

    public double? Level1Saves(SimulatedModel model, double idleSeconds, double now) => null;

    public Verdict Judge(SimulatedModel model, bool isAsleep, double idleSeconds, double now, int waiting) =>
        new(IdleDecision.Stay, RecentUse.Worth(idleSeconds), Math.Max(4, idleSeconds), RecentUse.ChanceSoon(idleSeconds));
}

/// <summary>Least recently used, in the planner's terms.</summary>
internal static class RecentUse
{
    public static double ChanceSoon(double seconds) => Math.Min(1, ReuseCurve.SoonSeconds / Math.Max(1, seconds));

    // A sleeper's residue is small and its next start long: sleepers leave after awake ones that were used as long ago.
    public static Worth Worth(double idleSeconds) => new(1 / (1 + idleSeconds), 10 / (1 + idleSeconds));
}
