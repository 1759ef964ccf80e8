using Microsoft.Extensions.Logging;
using Podvirt.Core.Gpus;
using Podvirt.Core.Models;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Runtimes;

namespace Podvirt.Scheduler.Engines;

/// <summary>
/// After a crash of Podvirt: engines that still serve what the catalog wants are taken over as the replicas that they were,
/// all others are removed.
/// </summary>
internal sealed class Adoption(IReplicaRuntime runtime, EngineSteps steps, ILogger log)
{
    /// <param name="catalog">As it is now.</param>
    /// <param name="gpus">As they are now.</param>
    /// <param name="isChanging">Replicas in the middle of a sleep, a wake or a stop: what they will be in a moment nobody knows.</param>
    public async Task<IReadOnlyList<Adopted>> RunAsync(
        Catalog catalog, IReadOnlyList<GpuDevice> gpus, Func<string, bool> isChanging, CancellationToken cancellationToken)
    {
        var left = await runtime.TakeOverAsync(cancellationToken);
        var judged = await Task.WhenAll(left.Select(replica => JudgeAsync(replica, catalog, gpus, isChanging, cancellationToken)));
        return [.. judged.OfType<Adopted>()];
    }

    private async Task<Adopted?> JudgeAsync(
        LeftReplica left, Catalog catalog, IReadOnlyList<GpuDevice> gpus, Func<string, bool> isChanging, CancellationToken cancellationToken)
    {
        var running = left.Running;
        var spec = catalog.Find(running.Model);
        var devices = left.Gpus.Select(id => gpus.FirstOrDefault(gpu => gpu.Id == id)).OfType<GpuDevice>().ToList();
        var problem = spec is null ? "its model left the catalog"
            : spec.Revision != left.Revision ? $"it serves revision {left.Revision}, and {spec.Revision} is wanted"
            : devices.Count != left.Gpus.Count || devices.Count != spec.Gpu.Count ? "its gpus are not there any more"
            : runtime.SettingsOf(spec, devices, left.MemoryBytes) != left.Settings ? "it would be started with other settings now"
            : isChanging(running.Replica) ? "its sleep, wake or stop was under way"
            : null;
        if (problem is null)
        {
            var target = new EngineTarget(running.Replica, 0, spec!, devices, running.Address, running.ApiKey, Math.Max(1, left.SleepLevel), left.HostBase);
            var seen = await steps.LookAsync(target, cancellationToken);
            if (seen is Adopted adopted)
            {
                SchedulerLog.AdoptedReplica(log, running.Model, running.Replica, running.Process, adopted.IsAsleep ? "asleep" : "serving");
                return adopted;
            }

            problem = ((StepFailed)seen).Reason;
        }

        SchedulerLog.NotAdopted(log, running.Model, running.Replica, running.Process, problem);
        // Nobody is served by it: there is nothing to wait for.
        await runtime.StopAsync(running.Replica, new CancellationToken(canceled: true));
        return null;
    }
}
