using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Scheduling;

/// <summary>Where an allocation of a group can go. Filters first, as a node that can never take it; then what is taken already.</summary>
/// <param name="leaving">Allocations that the same plan stops: their resources count as free.</param>
internal sealed class Placement(NomadState state, JsonObject job, JsonObject group, IReadOnlySet<AllocationRecord> leaving)
{
    private readonly ClassChecks _job = new();
    private readonly ClassChecks _group = new();

    public PlacementMetric Metric { get; } = new();

    /// <summary>The best node and what it gives; null: none, and <see cref="Metric"/> says why.</summary>
    public (NodeRecord Node, Offer Offer)? Choose(NodeRecord? only = null)
    {
        Metric.Pool = Json.Text(job["NodePool"]);
        var best = default((NodeRecord Node, Offer Offer, int Load)?);
        foreach (var node in Candidates(only))
        {
            Metric.Evaluated++;
            if (Filter(node) is { } reason)
            {
                Metric.Filtered++;
                Count(Metric.ConstraintFiltered, reason);
                continue;
            }
            var (offer, dimension) = Fit(node);
            if (offer is null)
            {
                Metric.Exhausted++;
                Count(Metric.DimensionExhausted, dimension);
                continue;
            }
            // Fewest allocations of this job first, then the fullest: spreads a job and packs the rest.
            var load = (OnNode(node).Count(a => a.Job.Id == Json.Text(job["ID"])) * 1000) - OnNode(node).Count();
            if (best is null || load < best.Value.Load)
            {
                best = (node, offer, load);
            }
        }
        return best is { } found ? (found.Node, found.Offer) : null;
    }

    /// <summary>Ready nodes of the job's pool and datacenters.</summary>
    public IEnumerable<NodeRecord> Candidates(NodeRecord? only = null)
    {
        var pool = Json.Text(job["NodePool"]);
        var datacenters = Json.Texts(job["Datacenters"]).ToArray();
        foreach (var node in state.Nodes)
        {
            if (node.Status != "ready" || !node.Eligible || (only is not null && node != only) || (pool != "all" && node.Node.NodePool != pool))
            {
                continue;
            }
            Metric.InPool++;
            if (datacenters.Any(d => d == "*" || d == node.Node.Datacenter || (d.EndsWith('*') && node.Node.Datacenter.StartsWith(d[..^1], StringComparison.Ordinal))))
            {
                Count(Metric.Available, node.Node.Datacenter);
                yield return node;
            }
        }
    }

    private static void Count(Dictionary<string, int> counts, string key) => counts[key] = counts.GetValueOrDefault(key) + 1;

    /// <summary>Allocations that still take something of a node: all whose client has not said that they ended.</summary>
    private IEnumerable<AllocationRecord> OnNode(NodeRecord node) =>
        state.Allocations.Values.Where(a => a.Node == node && !a.ClientTerminal && !leaving.Contains(a));

    /// <summary>
    /// The job's own checks, then the group's. Each is made once for a class of nodes and holds for all of them, unless a constraint
    /// names what is unique to a node. A class does not tell how many devices there are: one node speaks for others with more.
    /// </summary>
    private string? Filter(NodeRecord node)
    {
        var tasks = Json.Items(group["Tasks"]).ToArray();
        var ofGroup = Json.Items(group["Constraints"]).Concat(tasks.SelectMany(static t => Json.Items(t["Constraints"]))).ToArray();
        var reason = _job.Check(node, Json.Items(job["Constraints"]), static () => null)
            ?? _group.Check(node, ofGroup, () => tasks.Any(t => !node.Node.Drivers.Contains(Json.Text(t["Driver"])))
                ? "missing drivers"
                : tasks.SelectMany(static t => Json.Items(t["Resources"]?["Devices"])).All(d => Devices.CouldEver(node, d)) ? null : "missing devices");
        if (reason is not null)
        {
            return reason;
        }
        if (group["Volumes"] is JsonObject volumes
            && volumes.Any(v => Json.Text(v.Value?["Type"]) == "host" && !node.Node.HostVolumes.Contains(Json.Text(v.Value?["Source"]))))
        {
            return "missing compatible host volumes";
        }
        return ofGroup.Concat(Json.Items(job["Constraints"])).Any(static c => Json.Text(c["Operand"]) == "distinct_hosts")
            && OnNode(node).Any(a => a.Job.Id == Json.Text(job["ID"]) && a.DesiredStatus == "run") ? "distinct_hosts" : null;
    }

    private (Offer? Offer, string Dimension) Fit(NodeRecord node)
    {
        var taken = OnNode(node).ToArray();
        var tasks = Json.Items(group["Tasks"]).ToArray();
        var (ports, portFault) = Ports(taken);
        if (ports is null)
        {
            return (null, portFault);
        }
        var devices = new Dictionary<string, IReadOnlyList<DeviceOffer>>();
        var claimed = taken.SelectMany(static a => a.Offer.Devices.Values.SelectMany(static d => d)).SelectMany(static d => d.Ids).ToHashSet();
        foreach (var task in tasks)
        {
            var offers = new List<DeviceOffer>();
            foreach (var request in Json.Items(task["Resources"]?["Devices"]))
            {
                if (Devices.Offer(node, request, claimed) is not { } offer)
                {
                    return (null, "devices: no devices match request");
                }
                claimed.UnionWith(offer.Ids);
                offers.Add(offer);
            }
            devices[Json.Text(task["Name"])] = offers;
        }
        var cpu = tasks.Sum(static t => Json.Number(t["Resources"]?["CPU"]));
        var memory = tasks.Sum(static t => Json.Number(t["Resources"]?["MemoryMB"]));
        if (taken.Sum(static a => a.Offer.Cpu) + cpu > node.Node.CpuMhz)
        {
            return (null, "cpu");
        }
        return taken.Sum(static a => a.Offer.MemoryMiB) + memory > node.Node.MemoryMiB
            ? (null, "memory")
            : (new Offer(ports, devices, cpu, memory), "");
    }

    /// <summary>All fake nodes share one real machine: a port is free where neither they nor anybody else has it.</summary>
    private (IReadOnlyDictionary<string, (int, int)>? Ports, string Fault) Ports(AllocationRecord[] taken)
    {
        var ports = new Dictionary<string, (int, int)>();
        var used = taken.SelectMany(static a => a.Offer.Ports.Values).Select(static p => p.Value).ToHashSet();
        var networks = Json.Items(group["Networks"]).ToArray();
        foreach (var port in networks.SelectMany(static n => Json.Items(n["ReservedPorts"])))
        {
            var value = (int)Json.Number(port["Value"]);
            if (!used.Add(value))
            {
                return (null, "network: reserved port collision " + $"{Json.Text(port["Label"])}={value}");
            }
            ports[Json.Text(port["Label"])] = (value, (int)Json.Number(port["To"]));
        }
        var dynamic = networks.SelectMany(static n => Json.Items(n["DynamicPorts"])).ToArray();
        var elsewhere = state.Allocations.Values.Where(static a => !a.ClientTerminal).SelectMany(static a => a.Offer.Ports.Values).Select(static p => p.Value).ToHashSet();
        foreach (var port in dynamic)
        {
            var value = FreePorts.Next(elsewhere);
            elsewhere.Add(value);
            ports[Json.Text(port["Label"])] = (value, (int)Json.Number(port["To"]));
        }
        return (ports, "");
    }
}
