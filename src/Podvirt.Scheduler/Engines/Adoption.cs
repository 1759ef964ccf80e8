using Microsoft.Extensions.Logging;
using Podvirt.Core.Gpus;
using Podvirt.Core.Models;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Runtimes;

namespace Podvirt.Scheduler.Engines;

/// <summary>
/// After a crash of Podvirt: engines that are what the catalog wants are kept, as the replicas that they were; all others are
/// removed. Nothing is asked of an engine here: whether those that are kept serve is found out later.
/// </summary>
/// <param name="othersServe">
/// True: gateways have gone on meanwhile, and what still serves is taken over although it would be started otherwise today.
/// </param>
/// <param name="isRemote">
/// True: a removal may take as long as a machine is out of reach, and is not waited for. Where others serve it never is.
/// </param>
internal sealed class Adoption(IReplicaRuntime runtime, bool othersServe, bool isRemote, ILogger log)
{
    private readonly List<RunningReplica> _unwanted = [];

    /// <summary>Those that are not taken over and are still there: they are until they are removed, which may take its time.</summary>
    public IReadOnlyList<RunningReplica> Unwanted => _unwanted;

    /// <param name="catalog">As it is now.</param>
    /// <param name="gpus">As they are now.</param>
    /// <param name="underWay">What the earlier run had begun with a replica and not brought to its end.</param>
    public async Task<IReadOnlyList<EngineFound>> RunAsync(
        Catalog catalog, IReadOnlyList<GpuDevice> gpus, Func<string, IntentEffect?> underWay, CancellationToken cancellationToken)
    {
        var left = await runtime.TakeOverAsync(cancellationToken);
        var judged = await Task.WhenAll(left.Select(replica => JudgeAsync(replica, catalog, gpus, underWay(replica.Running.Replica))));
        return [.. judged.OfType<EngineFound>()];
    }

    private async Task<EngineFound?> JudgeAsync(LeftReplica left, Catalog catalog, IReadOnlyList<GpuDevice> gpus, IntentEffect? underWay)
    {
        var running = left.Running;
        var spec = catalog.Find(running.Model);
        var devices = left.Gpus.Select(id => gpus.FirstOrDefault(gpu => gpu.Id == id)).OfType<GpuDevice>().ToList();
        var problem = left.Defect is { } defect ? defect
            : spec is null ? "its model left the catalog"
            : devices.Count != left.Gpus.Count || (devices.Count != spec.Gpu.Count && !othersServe) ? "its gpus are not there any more"
            : underWay == IntentEffect.Stop ? "its stop was under way"
            : null;
        var difference = problem is not null ? null
            : spec!.Revision != left.Revision ? $"it serves revision {left.Revision}, and {spec.Revision} is wanted"
            : runtime.SettingsOf(spec, devices, left.MemoryBytes) != left.Settings ? "it would be started with other settings now"
            : null;
        if (othersServe && difference is not null)
        {
            SchedulerLog.AdoptedOutdated(log, running.Model, running.Replica, difference);
            spec = spec! with { Revision = left.Revision, Gpu = new GpuNeed(devices.Count, left.MemoryBytes) };
        }

        problem ??= othersServe ? null : difference;
        if (problem is null)
        {
            return new EngineFound(
                new EngineTarget(
                    running.Replica, 0, spec!, devices, running.Address, running.ApiKey, Math.Max(1, left.SleepLevel), left.HostBase),
                underWay);
        }

        SchedulerLog.NotAdopted(log, running.Model, running.Replica, running.Process, problem);
        if (othersServe || isRemote)
        {
            _unwanted.Add(running);
            return null;
        }

        // Nobody is served by it: there is nothing to wait for.
        await runtime.StopAsync(running.Replica, new CancellationToken(canceled: true));
        return null;
    }
}
