using Podvirt.Core.Gpus;

namespace Podvirt.Scheduler.Runtimes;

/// <summary>Every gpu at one moment.</summary>
/// <param name="Gpus">While a scheduler runs it only grows: replicas may be on what is away.</param>
/// <param name="Away">Ids of those where nothing can be started now: their node is down, drained, kept free, or says nothing.</param>
internal sealed record Fleet(IReadOnlyList<GpuDevice> Gpus, IReadOnlySet<string> Away);
