using Podvirt.Core.Models;

namespace Podvirt.Scheduler.Idle;

internal enum IdleDecision
{
    Stay,
    Sleep,
    Stop,
}

/// <summary>When an unused replica sleeps and when it stops. Pure: no clock, no state.</summary>
internal static class IdlePolicy
{
    /// <summary>A cold start costs minutes, a sleeper its residue: worth a quarter of an hour where only the sleep time was set.</summary>
    public static TimeSpan StopAfterSleep { get; } = TimeSpan.FromMinutes(15);

    /// <param name="spec">The model's own times override whatever its worth says.</param>
    /// <param name="idle">Since the last request.</param>
    /// <param name="worth">Of its memory, at this idle time.</param>
    /// <param name="price">Waiting seconds that a gpu-second is worth now.</param>
    /// <param name="isAsleep">It sleeps already.</param>
    /// <param name="canSleep">The engine knows how to.</param>
    public static IdleDecision Decide(IdleSpec spec, TimeSpan idle, Worth worth, double price, bool isAsleep, bool canSleep)
    {
        var stopAfter = spec.StopAfter ?? StopAfter(spec.SleepAfter);
        if (idle >= stopAfter)
        {
            return IdleDecision.Stop;
        }

        // A time to stop is obeyed whatever the memory is worth; without one it stops when not even sleep is worth its memory.
        var isWorthless = stopAfter is null && worth.Asleep < price;
        if (isAsleep)
        {
            return isWorthless ? IdleDecision.Stop : IdleDecision.Stay;
        }

        var isSleepDue = spec.SleepAfter is { } sleepAfter ? idle >= sleepAfter : worth.Awake < price;
        if (!isSleepDue || (!canSleep && spec is { SleepAfter: null, StopAfter: not null }))
        {
            return IdleDecision.Stay;
        }

        return canSleep && !isWorthless ? IdleDecision.Sleep : IdleDecision.Stop;
    }

    // A sleep time beyond the usual time to stop is a wish to keep the model longer, not to never sleep.
    private static TimeSpan? StopAfter(TimeSpan? sleepAfter) => sleepAfter switch
    {
        null => null,
        { } time when time < StopAfterSleep => StopAfterSleep,
        { } time => time + StopAfterSleep,
    };
}
