using Microsoft.Extensions.Logging;
using Podvirt.Core.Gpus;
using Podvirt.Core.Messages;
using Podvirt.Messaging;
using Podvirt.Scheduler.Nodes;
using Podvirt.Scheduler.Runtimes.Nomad.Api;

namespace Podvirt.Scheduler.Runtimes.Nomad;

/// <summary>
/// The cluster's nodes and their gpus: Nomad's own list, joined with what their agents report. What an agent once told is kept under
/// <c>nomad/nodes/&lt;id&gt;</c> in the state store, so that a scheduler that begins while one is silent takes over what runs there.
/// </summary>
internal sealed class NomadFleet(NomadOptions options, NomadClient client, NodeBook book, IStateStore store, TimeProvider time, ILogger log)
{
    private const string KeyPrefix = "nomad/nodes/";

    /// <summary>Agents report every second: what has not after this time has no agent that works.</summary>
    private static readonly TimeSpan FirstReportMax = TimeSpan.FromSeconds(3);

    private static readonly TimeSpan FirstLookInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>A node that went down, or came, is noticed in this time.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, FleetNode> _nodes = new(StringComparer.Ordinal);
    private readonly HashSet<string> _silent = new(StringComparer.Ordinal);

    /// <summary>Nomad's ids by the names under which gpus know their nodes; replaced as a whole.</summary>
    private volatile IReadOnlyDictionary<string, string> _ids = new Dictionary<string, string>();

    /// <summary>Every gpu that a replica can be placed on, or was. A node whose agent never reported has none.</summary>
    /// <exception cref="IOException">Nomad, or the state store, does not say what there is.</exception>
    public async Task<Fleet> ListAsync(CancellationToken cancellationToken)
    {
        var nodes = await NodesAsync(cancellationToken);
        await RecallAsync(nodes, cancellationToken);
        var began = time.GetTimestamp();
        while (nodes.Exists(node => node.Status == "ready" && book.Find(node.ID) is null) && time.GetElapsedTime(began) < FirstReportMax)
        {
            await Task.Delay(FirstLookInterval, time, cancellationToken);
        }

        return await JoinAsync(nodes, cancellationToken);
    }

    /// <summary>The fleet as it is, and after each change. One caller at a time, after <see cref="ListAsync"/>.</summary>
    public async Task WatchAsync(Func<Fleet, ValueTask> changed, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(LookInterval, time);
        Fleet? told = null;
        do
        {
            var now = await JoinAsync(await NodesAsync(cancellationToken), cancellationToken);
            if (told is null || !now.Gpus.SequenceEqual(told.Gpus) || !now.Away.SetEquals(told.Away))
            {
                await changed(now);
                told = now;
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    /// <summary>Nomad's id of a node.</summary>
    /// <exception cref="ReplicaStartException">There is no such node.</exception>
    public string IdOf(string node) => _ids.GetValueOrDefault(node) ?? throw new ReplicaStartException($"Nomad has no node '{node}'");

    /// <summary>A node's own memory in bytes, as last reported; 0: unknown.</summary>
    public long MemoryOf(string node) => _ids.GetValueOrDefault(node) is { } id ? book.Last(id)?.HostBytes ?? 0 : 0;

    /// <summary>The device groups of all nodes where engines may run, and what of them nobody claims.</summary>
    public async Task<IReadOnlyList<DeviceGroup>> DevicesAsync(CancellationToken cancellationToken)
    {
        var groups = new List<DeviceGroup>();
        foreach (var stub in (await NodesAsync(cancellationToken)).Where(node => node.Status == "ready"))
        {
            var node = await client.NodeAsync(stub.ID, cancellationToken);
            var claimed = (await client.NodeAllocationsAsync(stub.ID, cancellationToken)).Where(allocation => !allocation.IsOver)
                .SelectMany(Judgement.Gpus).ToHashSet(StringComparer.Ordinal);
            groups.AddRange((node.NodeResources?.Devices ?? []).Where(device => device.Type == "gpu").Select(device => DeviceGroup.Of(node.Name, device, claimed)));
        }

        return groups;
    }

    private async Task<List<NodeStub>> NodesAsync(CancellationToken cancellationToken)
    {
        var (nodes, _) = await client.NodesAsync(0, cancellationToken);
        return [.. nodes.Where(IsIn).OrderBy(node => node.Name, StringComparer.Ordinal).ThenBy(node => node.ID, StringComparer.Ordinal)];
    }

    /// <summary>Agents before node pools name none.</summary>
    private bool IsIn(NodeStub node) => options.NodePool == "all" || node.NodePool is null || node.NodePool == options.NodePool;

    private async Task<Fleet> JoinAsync(List<NodeStub> nodes, CancellationToken cancellationToken)
    {
        foreach (var node in nodes)
        {
            if (book.Find(node.ID) is { } report)
            {
                _silent.Remove(node.ID);
                await NoteAsync(node, report, cancellationToken);
            }
            else if (node.Status == "ready" && _silent.Add(node.ID))
            {
                SchedulerLog.NodeSilent(log, node.Name, node.ID);
            }
        }

        var takes = nodes.Where(node => node is { Status: "ready", Drain: false, SchedulingEligibility: "eligible" } && book.Find(node.ID) is not null)
            .Select(node => node.ID).ToHashSet(StringComparer.Ordinal);
        _ids = _nodes.ToDictionary(known => known.Value.Name, known => known.Key, StringComparer.Ordinal);
        return new Fleet(
            [.. _nodes.Values.SelectMany(known => known.Gpus)],
            _nodes.Where(known => !takes.Contains(known.Key)).SelectMany(known => known.Value.Gpus).Select(gpu => gpu.Id).ToHashSet(StringComparer.Ordinal));
    }

    private async Task NoteAsync(NodeStub node, NodeReport report, CancellationToken cancellationToken)
    {
        var known = _nodes.GetValueOrDefault(node.ID);
        var name = known?.Name ?? NameOf(node);
        // A driver that answers nothing for a moment takes no gpu away: replicas may be on it.
        List<GpuDevice> gpus = [.. report.Gpus.Select(gpu => Device(gpu, name))];
        gpus.AddRange((known?.Gpus ?? []).Where(old => !gpus.Exists(gpu => gpu.Id == old.Id)));
        if (known is null || !known.Gpus.SequenceEqual(gpus))
        {
            _nodes[node.ID] = new FleetNode(name, gpus);
            await store.PutAsync(KeyPrefix + node.ID, StateJson.ToBytes(_nodes[node.ID]), StateDurability.Process, cancellationToken);
        }
    }

    /// <summary>What earlier schedulers knew of nodes that are still there.</summary>
    private async Task RecallAsync(List<NodeStub> nodes, CancellationToken cancellationToken)
    {
        foreach (var entry in await store.ListAsync(KeyPrefix, cancellationToken))
        {
            var id = entry.Key[KeyPrefix.Length..];
            if (!nodes.Exists(node => node.ID == id))
            {
                await store.DeleteAsync(entry.Key, entry.Revision, StateDurability.Process, cancellationToken);
            }
            else if (!_nodes.ContainsKey(id))
            {
                _nodes[id] = entry.Read<FleetNode>();
            }
        }
    }

    /// <summary>Names need not be unique.</summary>
    private string NameOf(NodeStub node) =>
        _nodes.Values.Any(known => known.Name == node.Name) ? $"{node.Name}-{node.ID[..Math.Min(8, node.ID.Length)]}" : node.Name;

    private static GpuDevice Device(NodeGpu gpu, string node) => new(gpu.Id, gpu.Index, node, gpu.Type, gpu.MemoryBytes, gpu.Simulated);

    private sealed record FleetNode(string Name, IReadOnlyList<GpuDevice> Gpus);
}
