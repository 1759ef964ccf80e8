using Podvirt.Scheduler.Lifecycle;

namespace Podvirt.Scheduler.Engines;

/// <summary>Looks at an engine of an earlier run.</summary>
internal sealed partial class EngineSteps
{
    private static readonly TimeSpan SettleInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>LookedAt, as it is found; or StepFailed, with what is wrong with it.</summary>
    /// <param name="target">The replica as it was known.</param>
    /// <param name="underWay">What the earlier run had begun with it and not brought to its end: it may still be at it.</param>
    /// <param name="cancellationToken">It is not wanted any more.</param>
    /// <remarks>
    /// 1. Its health; one that an earlier leader was starting gets the time of a start for it. 2. Whether it sleeps, by its own word, or by its memory where it has none. 3. A sleeper holds no more
    /// than a residue: one that holds more falls asleep this moment, or is half awake for good. Only one that was being woken is
    /// never taken for a sleeper: it might still wake. 4. One that is awake answers the canary; after that no sleep is under way in it,
    /// because an engine does one thing after the other. One that falls asleep meanwhile never answers it: it is looked at again. One that
    /// was being changed holds its memory as well.
    /// </remarks>
    public Task<SchedulerEvent> LookAsync(EngineTarget target, IntentEffect? underWay, CancellationToken cancellationToken) =>
        LimitAsync(target, "a look at it", LookTimeout(target, underWay), async token =>
        {
            var (health, detail) = await GetAsync(target.Address, ReadyPathOf(target.Model.Engine), target.ApiKey, token);
            while (health != ProbeResult.Healthy && IsStartAwaited(underWay))
            {
                await Task.Delay(ReadyIntervalMax, time, token);
                (health, detail) = await GetAsync(target.Address, ReadyPathOf(target.Model.Engine), target.ApiKey, token);
            }

            if (health != ProbeResult.Healthy)
            {
                return Failed(target, detail);
            }

            if (!EngineTraits.CanSleep(target.Model))
            {
                await client.CanaryAsync(target, token);
                return new LookedAt(target.Replica, target.Attempt, IsAsleep: false, 0, null);
            }

            var started = time.GetTimestamp();
            while (true)
            {
                var sleeps = await client.IsSleepingAsync(target, token);
                var held = target.Gpus.Count == 0 ? 0 : await HeldAsync(target, token);
                var isSmall = held <= ResidueLimit(target.Model.Gpu.MemoryBytes);
                if (sleeps == false || (sleeps is null && held is not null && !isSmall))
                {
                    if (await LookAtAwakeAsync(target, underWay, token) is { } seen)
                    {
                        return seen;
                    }

                    continue;
                }

                if (isSmall && underWay != IntentEffect.Wake)
                {
                    return new LookedAt(target.Replica, target.Attempt, IsAsleep: true, held!.Value, AddedToHost(target, target.HostBase));
                }

                if (time.GetElapsedTime(started) >= options.MemoryReturnTimeout)
                {
                    return Failed(target, held is null ? "its gpu memory cannot be measured"
                        : isSmall ? "its wake was under way, and it still sleeps"
                        : $"it says that it sleeps, and holds {GiBText(held.Value)} GiB");
                }

                await Task.Delay(SettleInterval, time, token);
            }
        }, cancellationToken);

    /// <summary>
    /// A lead that changes hands costs no start: those may take minutes, and requests wait for them. A process that ends is heard of otherwise.
    /// </summary>
    private bool IsStartAwaited(IntentEffect? underWay) => options.ElectsLeader && underWay == IntentEffect.Start;

    private TimeSpan LookTimeout(EngineTarget target, IntentEffect? underWay) =>
        IsStartAwaited(underWay) ? target.Model.Engine.StartTimeout + options.AdoptionTimeout : options.AdoptionTimeout;

    /// <returns>Null: it has fallen asleep over the canary.</returns>
    private async Task<SchedulerEvent?> LookAtAwakeAsync(EngineTarget target, IntentEffect? underWay, CancellationToken cancellationToken)
    {
        if (!await AnswersAwakeAsync(target, mayFallAsleep: underWay == IntentEffect.Sleep, cancellationToken))
        {
            return null;
        }

        if (underWay is IntentEffect.Sleep or IntentEffect.Wake && target.Gpus.Count > 0)
        {
            var held = await HeldAsync(target, cancellationToken);
            if (held is null || held <= ResidueLimit(target.Model.Gpu.MemoryBytes))
            {
                return Failed(target, held is null
                    ? "its gpu memory cannot be measured"
                    : $"its {underWay.ToString()!.ToLowerInvariant()} was under way, and it holds {GiBText(held.Value)} GiB as if asleep");
            }
        }

        return new LookedAt(target.Replica, target.Attempt, IsAsleep: false, 0, AddedToHost(target, target.HostBase));
    }

    /// <summary>False: it sleeps. What comes to a sleeping engine waits in it for its wake.</summary>
    private async Task<bool> AnswersAwakeAsync(EngineTarget target, bool mayFallAsleep, CancellationToken cancellationToken)
    {
        using var left = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var canary = client.CanaryAsync(target, left.Token);
        while (mayFallAsleep && !canary.IsCompleted)
        {
            await Task.WhenAny(canary, Task.Delay(SettleInterval, time, cancellationToken));
            if (!canary.IsCompleted && await FellAsleepAsync(target, cancellationToken))
            {
                await left.CancelAsync();
                await canary.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                return false;
            }
        }

        await canary;
        return true;
    }

    private async Task<bool> FellAsleepAsync(EngineTarget target, CancellationToken cancellationToken) =>
        await client.IsSleepingAsync(target, cancellationToken)
        ?? await HeldAsync(target, cancellationToken) <= ResidueLimit(target.Model.Gpu.MemoryBytes);
}
