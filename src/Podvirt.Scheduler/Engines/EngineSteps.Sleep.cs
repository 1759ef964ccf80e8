using Podvirt.Scheduler.Lifecycle;

namespace Podvirt.Scheduler.Engines;

/// <summary>Sleep and wake. What the engine says is never enough: some say that they sleep and hold their memory.</summary>
internal sealed partial class EngineSteps
{
    private static readonly TimeSpan SleepingInterval = TimeSpan.FromMilliseconds(50);

    /// <remarks>
    /// 1. An engine with unfinished jobs is left alone. 2. What is free on its gpus is noted, for drivers that do not tell
    /// processes apart, and what it holds of host memory. 3. The call. 4. The engine's own word. 5. The gpus' word. 6. What it
    /// took of host memory.
    /// </remarks>
    public Task<SchedulerEvent> SleepAsync(EngineTarget target, CancellationToken cancellationToken) =>
        LimitAsync(target, "sleep", options.SleepTimeout + options.MemoryReturnTimeout, async token =>
        {
            if (await client.CountUnfinishedJobsAsync(target, token) is > 0 and var jobs)
            {
                return new StillBusy(target.Replica, target.Attempt, jobs);
            }

            var freeBefore = await FreeAsync(target.Gpus, token);
            var hostBase = target.HostBase ?? MeasureHost(target);
            await runtime.NoteSleepAsync(target.Replica, EngineTraits.SleepLevel(target.Model, target.SleepLevel), hostBase, token);
            await client.SleepAsync(target, token);
            while (await client.IsSleepingAsync(target, token) == false)
            {
                await Task.Delay(SleepingInterval, time, token);
            }

            var result = await VerifyAsleepAsync(target, freeBefore, token);
            return result is FellAsleep asleep && AddedToHost(target, hostBase) is { } added
                ? asleep with { Host = new HostMeasure(hostBase!.Value, added) }
                : result;
        }, cancellationToken);

    public Task<SchedulerEvent> WakeAsync(EngineTarget target, CancellationToken cancellationToken) =>
        LimitAsync(target, "wake", options.WakeTimeout, async token =>
        {
            var wasDone = await client.WakeAsync(target, token);
            var problem = await client.IsSleepingAsync(target, token) == true ? "the engine says that it still sleeps"
                : wasDone ? null
                : await WhyAsleepAsync(target, token);
            return problem is null ? new Woke(target.Replica, target.Attempt) : Failed(target, $"wake failed: {problem}");
        }, cancellationToken);

    /// <summary>An engine that skips a wake takes itself to be awake: true if it holds more than any sleeper.</summary>
    private async Task<string?> WhyAsleepAsync(EngineTarget target, CancellationToken cancellationToken)
    {
        if (target.Gpus.Count == 0)
        {
            return null;
        }

        var held = await HeldAsync(target, cancellationToken);
        return held is null ? "the engine skipped it, and its gpu memory cannot be measured"
            : held > ResidueLimit(target.Model.Gpu.MemoryBytes) ? null
            : $"the engine skipped it, and holds {GiBText(held.Value)} GiB as if asleep";
    }
}
