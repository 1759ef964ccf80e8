using Podvirt.Core.Gpus;
using Podvirt.Core.Messages;
using Podvirt.Scheduler.Gpus;

namespace Podvirt.Scheduler.Nodes;

/// <summary>Measures this machine: its gpus, its memory, and what each replica holds of both.</summary>
/// <param name="nvidia">Where the gpus are real.</param>
internal sealed class NodeGauge(NodeAgentOptions options, NvidiaSmi nvidia)
{
    private readonly NodeProcesses _processes = new();

    public async Task<NodeReport> MeasureAsync(IReadOnlyList<string> answers, CancellationToken cancellationToken)
    {
        var replicas = _processes.Look();
        var (gpus, holds) = options.SimulatedGpus is { } simulated
            ? MeasureSimulated(simulated, replicas)
            : await MeasureRealAsync(replicas, cancellationToken);
        var (total, free) = HostMemory.OfMachine();
        return new NodeReport(options.NodeId, options.NodeName, gpus, total, free, holds, answers);
    }

    private (IReadOnlyList<NodeGpu> Gpus, IReadOnlyList<NodeReplica> Replicas) MeasureSimulated(
        IReadOnlyList<GpuDevice> gpus, IReadOnlyDictionary<string, IReadOnlySet<int>> replicas)
    {
        var meter = new SimulatedGpuMeter(options.SimulatedGpuDirectory!);
        return (
            [.. gpus.Select(gpu => new NodeGpu(gpu.Id, gpu.Index, gpu.Type, gpu.MemoryBytes, gpu.MemoryBytes - meter.Held(gpu.Id, null), true))],
            [.. replicas.Select(replica => new NodeReplica(
                replica.Key, meter.HeldOfHost(replica.Value.Contains),
                [.. gpus.Select(gpu => new NodeHold(gpu.Id, meter.Held(gpu.Id, replica.Value.Contains)))]))]);
    }

    private async Task<(IReadOnlyList<NodeGpu> Gpus, IReadOnlyList<NodeReplica> Replicas)> MeasureRealAsync(
        IReadOnlyDictionary<string, IReadOnlySet<int>> replicas, CancellationToken cancellationToken)
    {
        var devices = await nvidia.ListAsync(cancellationToken);
        if (devices.Count == 0)
        {
            return ([], [.. replicas.Select(replica => new NodeReplica(replica.Key, HostMemory.OfProcesses(replica.Value), []))]);
        }

        var free = await nvidia.FreeAsync(devices, cancellationToken);
        var held = await nvidia.HeldAsync(devices, replicas, cancellationToken);
        return (
            [.. devices.Select((gpu, number) => new NodeGpu(gpu.Id, gpu.Index, gpu.Type, gpu.MemoryBytes, free?[number], false))],
            [.. replicas.Select(replica => new NodeReplica(replica.Key, HostMemory.OfProcesses(replica.Value), held[replica.Key]))]);
    }
}
