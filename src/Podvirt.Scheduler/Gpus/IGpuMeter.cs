using Podvirt.Core.Gpus;
using Podvirt.Scheduler.Runtimes;

namespace Podvirt.Scheduler.Gpus;

/// <summary>Measures what gpus really hold, and what engines took from their node's memory instead.</summary>
internal interface IGpuMeter
{
    /// <summary>
    /// A replica's largest share on any of the gpus, in bytes; null when its processes cannot be told from others': the
    /// driver shows no number, or numbers processes in another pid namespace.
    /// </summary>
    /// <param name="gpuIds">The replica's devices.</param>
    /// <param name="replica">The replica itself.</param>
    Task<long?> MeasureAsync(IReadOnlyList<string> gpuIds, RunningReplica replica, CancellationToken cancellationToken);

    /// <summary>What nobody holds on each of the gpus, in bytes and in their order; null when it cannot be measured.</summary>
    Task<IReadOnlyList<long>?> FreeAsync(IReadOnlyList<GpuDevice> gpus, CancellationToken cancellationToken);

    /// <summary>
    /// Host memory that a replica's processes hold, in bytes, the engine's own working memory among it: only differences mean
    /// anything. Null when it cannot be measured.
    /// </summary>
    long? MeasureHost(RunningReplica replica);
}
