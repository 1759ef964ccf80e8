using Microsoft.Extensions.Logging;
using Podvirt.Core.Gpus;
using Podvirt.Core.Messages;
using Podvirt.Scheduler.Nodes;
using Podvirt.Scheduler.Runtimes.Nomad.Api;

namespace Podvirt.Scheduler.Runtimes.Nomad;

/// <summary>The cluster's nodes and their gpus: Nomad's own list, joined with what their agents report.</summary>
internal sealed class NomadFleet(NomadOptions options, NomadClient client, NodeBook book, TimeProvider time, ILogger log)
{
    private const long MiB = 1L << 20;

    /// <summary>Agents report every second: what has not after this time has no agent that works.</summary>
    private static readonly TimeSpan FirstReportMax = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>Nomad's ids by the names under which gpus know their nodes.</summary>
    private volatile IReadOnlyDictionary<string, string> _ids = new Dictionary<string, string>();

    /// <summary>Every gpu that a replica can be placed on. A node without an agent has none that Podvirt could choose or measure.</summary>
    /// <exception cref="NomadException">Nomad does not say what there is.</exception>
    public async Task<IReadOnlyList<GpuDevice>> ListAsync(CancellationToken cancellationToken)
    {
        var nodes = await NodesAsync(cancellationToken);
        var began = time.GetTimestamp();
        while (nodes.Exists(node => book.Find(node.ID) is null) && time.GetElapsedTime(began) < FirstReportMax)
        {
            await Task.Delay(LookInterval, time, cancellationToken);
        }

        var ids = new Dictionary<string, string>(StringComparer.Ordinal);
        var gpus = new List<GpuDevice>();
        foreach (var node in nodes)
        {
            // Names need not be unique.
            var name = ids.ContainsKey(node.Name) ? $"{node.Name}-{node.ID[..Math.Min(8, node.ID.Length)]}" : node.Name;
            ids[name] = node.ID;
            if (book.Find(node.ID) is { } report)
            {
                gpus.AddRange(report.Gpus.Select(gpu => Device(gpu, name)));
            }
            else
            {
                SchedulerLog.NodeSilent(log, node.Name, node.ID);
            }
        }

        _ids = ids;
        return gpus;
    }

    /// <summary>Nomad's id of a node.</summary>
    /// <exception cref="ReplicaStartException">There is no such node.</exception>
    public string IdOf(string node) => _ids.GetValueOrDefault(node) ?? throw new ReplicaStartException($"Nomad has no node '{node}'");

    /// <summary>A node's own memory in bytes; 0: unknown.</summary>
    public long MemoryOf(string node) => _ids.GetValueOrDefault(node) is { } id && book.Find(id) is { } report ? report.HostBytes : 0;

    /// <summary>The device groups of all nodes where engines may run, and what of them nobody claims.</summary>
    public async Task<IReadOnlyList<DeviceGroup>> DevicesAsync(CancellationToken cancellationToken)
    {
        var groups = new List<DeviceGroup>();
        foreach (var stub in await NodesAsync(cancellationToken))
        {
            var node = await client.NodeAsync(stub.ID, cancellationToken);
            var claimed = (await client.NodeAllocationsAsync(stub.ID, cancellationToken)).Where(allocation => !allocation.IsOver)
                .SelectMany(Judgement.Gpus).ToHashSet(StringComparer.Ordinal);
            foreach (var device in (node.NodeResources?.Devices ?? []).Where(device => device.Type == "gpu"))
            {
                var instances = (device.Instances ?? []).Where(instance => instance.Healthy).ToList();
                groups.Add(new DeviceGroup(
                    node.Name, $"{device.Vendor}/{device.Type}/{device.Name}", BytesOf(device), instances.Count,
                    instances.Count(instance => !claimed.Contains(instance.ID))));
            }
        }

        return groups;
    }

    private async Task<List<NodeStub>> NodesAsync(CancellationToken cancellationToken)
    {
        var (nodes, _) = await client.NodesAsync(0, cancellationToken);
        return [.. nodes.Where(node => node.Status == "ready" && IsIn(node)).OrderBy(node => node.Name, StringComparer.Ordinal)];
    }

    /// <summary>Agents before node pools name none.</summary>
    private bool IsIn(NodeStub node) => options.NodePool == "all" || node.NodePool is null || node.NodePool == options.NodePool;

    private static GpuDevice Device(NodeGpu gpu, string node) => new(gpu.Id, gpu.Index, node, gpu.Type, gpu.MemoryBytes, gpu.Simulated);

    private static long BytesOf(NodeDevice device)
    {
        if (device.Attributes?.GetValueOrDefault("memory") is not { Int: { } amount } memory)
        {
            return 0;
        }

        return amount * memory.Unit switch
        {
            "GiB" => 1L << 30,
            "MiB" => MiB,
            "GB" => 1_000_000_000L,
            "MB" => 1_000_000L,
            _ => 1L,
        };
    }
}
