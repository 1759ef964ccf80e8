using System.Text.Json.Nodes;

namespace Podvirt.Testing.Nomad.State;

/// <summary>A node, whole or as a line of the list.</summary>
internal static class NodeJson
{
    public const int DynamicPortMin = 20_000;
    public const int DynamicPortMax = 32_000;

    public static IReadOnlyDictionary<string, string> Attributes(NodeRecord record)
    {
        var node = record.Node;
        var attributes = new Dictionary<string, string>
        {
            ["kernel.name"] = "linux",
            ["cpu.arch"] = "amd64",
            ["unique.hostname"] = node.Name,
            ["unique.network.ip-address"] = node.HostIp,
            ["nomad.version"] = "2.0.0",
            ["memory.totalbytes"] = $"{(long)node.MemoryMiB << 20}",
        };
        foreach (var driver in node.Drivers)
        {
            attributes[$"driver.{driver}"] = "1";
        }
        foreach (var (name, value) in node.Attributes)
        {
            attributes[name] = value;
        }
        return attributes;
    }

    public static JsonObject Whole(NodeRecord record)
    {
        var json = Stub(record, resources: true);
        json["Attributes"] = Json.Map(Attributes(record), static v => JsonValue.Create(v));
        json["Meta"] = Json.Map(record.Node.Meta, static v => JsonValue.Create(v));
        json["HTTPAddr"] = $"{record.Node.HostIp}:4646";
        json["DrainStrategy"] = record.Draining ? new JsonObject { ["Deadline"] = 3_600_000_000_000, ["IgnoreSystemJobs"] = false } : null;
        json["HostVolumes"] = Json.Map(record.Node.HostVolumes.ToDictionary(static v => v), static v => new JsonObject { ["Name"] = v, ["ReadOnly"] = false });
        json["StatusUpdatedAt"] = record.StatusUpdatedAt / 1_000_000_000;
        json.Remove("Version");
        json.Remove("Address");
        return json;
    }

    public static JsonObject Stub(NodeRecord record, bool resources)
    {
        var node = record.Node;
        var json = new JsonObject
        {
            ["Address"] = node.HostIp,
            ["ID"] = node.Id,
            ["Datacenter"] = node.Datacenter,
            ["Name"] = node.Name,
            ["NodeClass"] = node.NodeClass,
            ["NodePool"] = node.NodePool,
            ["Version"] = "2.0.0",
            ["Drain"] = record.Draining,
            ["SchedulingEligibility"] = record.Eligible ? "eligible" : "ineligible",
            ["Status"] = record.Status,
            ["StatusDescription"] = "",
            ["Drivers"] = Json.Map(node.Drivers.ToDictionary(static d => d), static _ => new JsonObject { ["Detected"] = true, ["Healthy"] = true, ["HealthDescription"] = "Healthy" }),
            ["LastDrain"] = null,
            ["CreateIndex"] = record.CreateIndex,
            ["ModifyIndex"] = record.ModifyIndex,
        };
        if (resources)
        {
            json["NodeResources"] = Resources(node);
            json["ReservedResources"] = new JsonObject { ["Cpu"] = new JsonObject { ["CpuShares"] = 0 }, ["Memory"] = new JsonObject { ["MemoryMB"] = 0 } };
        }
        return json;
    }

    private static JsonObject Resources(NomadDoubleNode node) => new()
    {
        ["Cpu"] = new JsonObject { ["CpuShares"] = node.CpuMhz, ["TotalCpuCores"] = 16 },
        ["Memory"] = new JsonObject { ["MemoryMB"] = node.MemoryMiB },
        ["Disk"] = new JsonObject { ["DiskMB"] = 1_000_000 },
        ["Networks"] = null,
        ["MinDynamicPort"] = DynamicPortMin,
        ["MaxDynamicPort"] = DynamicPortMax,
        ["Devices"] = Json.List(node.Gpus.Select(static g => new JsonObject
        {
            ["Vendor"] = g.Vendor,
            ["Type"] = g.Type,
            ["Name"] = g.Name,
            ["Attributes"] = new JsonObject { ["memory"] = new JsonObject { ["Int"] = g.MemoryMiB, ["Unit"] = "MiB" } },
            ["Instances"] = Json.List(g.Ids.Select(static id => new JsonObject
            {
                ["ID"] = id,
                ["Healthy"] = true,
                ["HealthDescription"] = "",
                ["Locality"] = null,
            })),
        })),
    };
}
