using Podvirt.Scheduler.Lifecycle;

namespace Podvirt.Scheduler.Engines;

/// <summary>Looks at an engine of an earlier run.</summary>
internal sealed partial class EngineSteps
{
    /// <summary>Adopted as it is found, serving or asleep; or StepFailed, with what is wrong with it.</summary>
    /// <remarks>
    /// 1. Its health. 2. Whether it sleeps, by its own word, or by its memory where it has none. 3. A sleeper holds no more
    /// than a residue: one that does is half awake. 4. One that is awake answers the canary.
    /// </remarks>
    public Task<SchedulerEvent> LookAsync(EngineTarget target, CancellationToken cancellationToken) =>
        LimitAsync(target, "a look at it", options.AdoptionTimeout, async token =>
        {
            var (health, detail) = await GetAsync(target.Address, ReadyPathOf(target.Model.Engine), target.ApiKey, token);
            if (health != ProbeResult.Healthy)
            {
                return Failed(target, detail);
            }

            var sleeps = EngineTraits.CanSleep(target.Model) ? await client.IsSleepingAsync(target, token) : false;
            if (sleeps == false)
            {
                return await AdoptAwakeAsync(target, token);
            }

            var held = target.Gpus.Count == 0 ? 0 : await HeldAsync(target, token);
            if (held is null)
            {
                return Failed(target, "its gpu memory cannot be measured");
            }

            if (held <= ResidueLimit(target.Model.Gpu.MemoryBytes))
            {
                return new Adopted(target, IsAsleep: true, held.Value, AddedToHost(target, target.HostBase));
            }

            return sleeps is null
                ? await AdoptAwakeAsync(target, token)
                : Failed(target, $"it says that it sleeps, and holds {GiBText(held.Value)} GiB");
        }, cancellationToken);

    private async Task<SchedulerEvent> AdoptAwakeAsync(EngineTarget target, CancellationToken cancellationToken)
    {
        await client.CanaryAsync(target, cancellationToken);
        return new Adopted(target, IsAsleep: false, 0, AddedToHost(target, target.HostBase));
    }
}
