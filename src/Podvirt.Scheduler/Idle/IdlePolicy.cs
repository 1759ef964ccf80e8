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
    /// <summary>
    /// A level-1 wake costs under a second for small models and up to six for large ones, so a minute without a request
    /// is reason enough to give the memory to others; shorter would put interactive users through a wake after every pause.
    /// </summary>
    public static TimeSpan AutoSleepAfter { get; } = TimeSpan.FromSeconds(60);

    /// <summary>A cold start costs minutes, a sleeper only host memory and its residue: worth a quarter of an hour.</summary>
    public static TimeSpan AutoStopAfter { get; } = TimeSpan.FromMinutes(15);

    /// <param name="spec">The model's own times; those it leaves open are the automatic ones.</param>
    /// <param name="idle">Since the last request.</param>
    /// <param name="isAsleep">It sleeps already.</param>
    /// <param name="canSleep">The engine knows how to.</param>
    public static IdleDecision Decide(IdleSpec spec, TimeSpan idle, bool isAsleep, bool canSleep)
    {
        var sleepAfter = spec.SleepAfter ?? AutoSleepAfter;
        // A sleep time beyond the automatic stop time is a wish to keep the model longer, not to never sleep.
        var stopAfter = spec.StopAfter ?? (sleepAfter < AutoStopAfter ? AutoStopAfter : sleepAfter + AutoStopAfter);
        if (!canSleep && spec.SleepAfter is null && spec.StopAfter is not null)
        {
            // Only the time to stop was asked for, and there is no sleep to come before it.
            sleepAfter = stopAfter;
        }

        if (idle >= stopAfter)
        {
            return IdleDecision.Stop;
        }

        if (isAsleep || idle < sleepAfter)
        {
            return IdleDecision.Stay;
        }

        return canSleep ? IdleDecision.Sleep : IdleDecision.Stop;
    }
}
