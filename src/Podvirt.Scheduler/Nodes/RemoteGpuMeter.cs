using Podvirt.Core.Gpus;
using Podvirt.Core.Messages;
using Podvirt.Scheduler.Gpus;
using Podvirt.Scheduler.Runtimes;

namespace Podvirt.Scheduler.Nodes;

/// <summary>Gpus of other machines, by the word of their agents: each question is answered by a measurement that began after it.</summary>
internal sealed class RemoteGpuMeter(NodeBook nodes) : IGpuMeter
{
    public async Task<long?> MeasureAsync(IReadOnlyList<string> gpuIds, RunningReplica replica, CancellationToken cancellationToken)
    {
        if (await AskAsync(gpuIds, cancellationToken) is not { } report
            || report.Replicas.FirstOrDefault(held => held.Replica == replica.Replica) is not { } found)
        {
            return null;
        }

        var most = 0L;
        foreach (var id in gpuIds)
        {
            if (found.Gpus.FirstOrDefault(hold => hold.Gpu == id) is not { } hold)
            {
                return null;
            }

            most = Math.Max(most, hold.Bytes);
        }

        return most;
    }

    public async Task<IReadOnlyList<long>?> FreeAsync(IReadOnlyList<GpuDevice> gpus, CancellationToken cancellationToken)
    {
        if (await AskAsync([.. gpus.Select(gpu => gpu.Id)], cancellationToken) is not { } report)
        {
            return null;
        }

        var free = new List<long>(gpus.Count);
        foreach (var gpu in gpus)
        {
            if (report.Gpus.FirstOrDefault(device => device.Id == gpu.Id)?.FreeBytes is not { } bytes)
            {
                return null;
            }

            free.Add(bytes);
        }

        return free;
    }

    /// <summary>By the last report, which is a second old at most where its agent works.</summary>
    public long? MeasureHost(RunningReplica replica) => nodes.Fresh()
        .SelectMany(report => report.Replicas).FirstOrDefault(held => held.Replica == replica.Replica)?.HostBytes;

    private async Task<NodeReport?> AskAsync(IReadOnlyList<string> gpuIds, CancellationToken cancellationToken) =>
        gpuIds.Count > 0 && nodes.NodeOf(gpuIds[0]) is { } node ? await nodes.AskAsync(node, cancellationToken) : null;
}
