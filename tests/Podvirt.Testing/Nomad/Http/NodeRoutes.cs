using System.Globalization;
using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Http;

/// <summary>Nodes, and what their clients measure.</summary>
internal sealed class NodeRoutes(NomadState state, NodeControl control, BlockingQuery query)
{
    public Task<NomadAnswer> ListAsync(NomadRequest request) => query.ListAsync(request, "nodes", s => s.Nodes
        .Where(n => n.Id.StartsWith(request.Query("prefix"), StringComparison.Ordinal)).Select(n => NodeJson.Stub(n, request.Truth("resources"))));

    public Task<NomadAnswer> GetAsync(NomadRequest request, string id) => query.RunAsync(request, s =>
        s.Nodes.Find(n => n.Id == id) is { } node ? (Render.Node(node), node.ModifyIndex) : (null, s.Tables.GetValueOrDefault("nodes")), "node not found");

    public Task<NomadAnswer> AllocationsAsync(NomadRequest request, string id) => query.ListAsync(request, "allocs", s => s.Allocations.Values
        .Where(a => a.Node.Id == id).Select(static a => Render.Allocation(a, withJob: true)));

    public async Task<NomadAnswer> DrainAsync(NomadRequest request, string id)
    {
        request.Writes();
        var body = await request.BodyAsync();
        control.Drain(Find(id), drain: body["DrainSpec"] is not null, markEligible: Json.Truth(body["MarkEligible"]));
        return Done();
    }

    public async Task<NomadAnswer> EligibilityAsync(NomadRequest request, string id)
    {
        request.Writes();
        var wanted = Json.Text((await request.BodyAsync())["Eligibility"]);
        if (wanted is not ("eligible" or "ineligible"))
        {
            throw new NomadErrorException(400, $"invalid scheduling eligibility \"{wanted}\"");
        }
        control.SetEligible(Find(id), wanted == "eligible");
        return Done();
    }

    /// <summary>The memory that a device plugin reports is what a test set; the host's is half used.</summary>
    public NomadAnswer Stats(NomadRequest request)
    {
        var id = request.Query("node_id");
        var node = id.Length > 0 ? Find(id) : state.Nodes[0];
        if (node.Status != "ready")
        {
            throw new NomadErrorException(404, "No path to node");
        }
        var total = (long)node.Node.MemoryMiB << 20;
        return new NomadAnswer(new JsonObject
        {
            ["Memory"] = new JsonObject { ["Total"] = total, ["Available"] = total / 2, ["Used"] = total / 2, ["Free"] = total / 2 },
            ["CPU"] = null,
            ["DiskStats"] = null,
            ["Uptime"] = 1,
            ["CPUTicksConsumed"] = 0,
            ["DeviceStats"] = Json.List(node.Node.Gpus.Select(g => new JsonObject
            {
                ["Vendor"] = g.Vendor,
                ["Type"] = g.Type,
                ["Name"] = g.Name,
                ["InstanceStats"] = Json.Map(g.Ids.ToDictionary(static i => i), i => new JsonObject
                {
                    ["Summary"] = Memory(control.UsedMiB(i), g.MemoryMiB),
                    ["Stats"] = new JsonObject
                    {
                        ["Nested"] = null,
                        ["Attributes"] = new JsonObject { ["Memory state"] = Memory(control.UsedMiB(i), g.MemoryMiB) },
                    },
                    ["Timestamp"] = DateTimeOffset.UtcNow.ToString("O", CultureInfo.InvariantCulture),
                }),
            })),
        }, state.Index);
    }

    private static JsonObject Memory(long used, long total) => new()
    {
        ["IntNumeratorVal"] = used,
        ["IntDenominatorVal"] = total,
        ["Unit"] = "MiB",
        ["Desc"] = "UsedMemory / TotalMemory",
    };

    private NodeRecord Find(string id) => state.Nodes.Find(n => n.Id == id) ?? throw new NomadErrorException(404, $"Unknown node \"{id}\"");

    private NomadAnswer Done() => new(new JsonObject { ["EvalIDs"] = null, ["NodeModifyIndex"] = state.Index, ["Index"] = state.Index }, state.Index);
}
