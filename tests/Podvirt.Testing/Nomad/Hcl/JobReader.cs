using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Hcl;

/// <summary>Turns the <c>job</c> block into Nomad's JSON, by <see cref="JobShape"/>.</summary>
internal sealed class JobReader(HclScope scope)
{
    public JsonObject Read(HclBlock block)
    {
        var job = Object(block, JobShape.Job, scope);
        job["Name"] ??= job["ID"]!.DeepClone();
        foreach (var group in Json.Items(job["TaskGroups"]))
        {
            foreach (var network in Json.Items(group["Networks"]))
            {
                SplitPorts(network);
            }
            foreach (var template in Json.Items(group["Tasks"]).SelectMany(static t => Json.Items(t["Templates"])))
            {
                template["ChangeMode"] ??= "restart";
                template["Perms"] ??= "0644";
                template["Splay"] ??= 5_000_000_000;
                template["ErrMissingKey"] ??= false;
            }
        }
        return job;
    }

    /// <summary>A port with a number is reserved, any other dynamic.</summary>
    private static void SplitPorts(JsonObject network)
    {
        var ports = Json.Items(network["DynamicPorts"]).Select(static p => p.DeepClone().AsObject()).ToArray();
        foreach (var port in ports)
        {
            port["Value"] ??= 0;
            port["To"] ??= 0;
            port["HostNetwork"] ??= "default";
        }
        network["ReservedPorts"] = List(ports.Where(static p => Json.Number(p["Value"]) > 0));
        network["DynamicPorts"] = List(ports.Where(static p => Json.Number(p["Value"]) == 0));
    }

    private static JsonArray? List(IEnumerable<JsonNode> items) => items.ToArray() is { Length: > 0 } some ? new JsonArray(some) : null;

    private JsonObject Object(HclBlock block, JobShape shape, HclScope names)
    {
        var json = new JsonObject();
        foreach (var field in shape.Fields)
        {
            json[field.Json] = null;
        }
        foreach (var inner in shape.Blocks)
        {
            json[inner.Json] = null;
        }
        Label(block, shape, json);
        foreach (var attribute in block.Body.Attributes)
        {
            Attribute(attribute, shape, json, names);
        }
        foreach (var inner in block.Body.Blocks)
        {
            if (inner.Type == "dynamic")
            {
                Dynamic(inner, shape, json, names);
            }
            else
            {
                Block(inner, shape, json, names);
            }
        }
        if (shape.Name == "constraint")
        {
            Constraint(json);
        }
        return json;
    }

    private static void Constraint(JsonObject json)
    {
        if (json["DistinctHosts"] is JsonValue distinct)
        {
            json["Operand"] = "distinct_hosts";
            json["RTarget"] = distinct.GetValue<bool>() ? "true" : "false";
        }
        json.Remove("DistinctHosts");
        json["Operand"] ??= "=";
    }

    private static void Label(HclBlock block, JobShape shape, JsonObject json)
    {
        if (block.Labels.Count != (shape.Label is null ? 0 : 1))
        {
            throw shape.Label is null
                ? new HclException(block.At, $"Extraneous label for {block.Type}", $"No labels are expected for {block.Type} blocks.")
                : new HclException(block.At, $"Missing name for {block.Type}", $"All {block.Type} blocks must have 1 label (name).");
        }
        if (shape.Label is not null)
        {
            json[shape.Label] = block.Labels[0];
        }
    }

    private static void Attribute(HclAttribute attribute, JobShape shape, JsonObject json, HclScope names)
    {
        var field = shape.Fields.FirstOrDefault(f => f.Name == attribute.Name);
        if (field is not null)
        {
            json[field.Json] = JobValues.Convert(attribute, field.Kind, names);
            return;
        }
        // env = { … } and meta = { … } are the only blocks that may also be written as attributes.
        var map = shape.Blocks.FirstOrDefault(b => b.Name == attribute.Name && b.Kind == BlockKind.TextMap) ?? throw JobFile.Unexpected(attribute);
        if (attribute.Value.Evaluate(names) is not JsonObject entries)
        {
            throw new HclException(attribute.At, "Unsuitable value type", $"Unsuitable value: {attribute.Name} must be a map of strings.");
        }
        json[map.Json] = new JsonObject(entries.Select(e => KeyValuePair.Create(e.Key, JobValues.Text(attribute.At, e.Value))));
    }

    private void Block(HclBlock block, JobShape shape, JsonObject json, HclScope names)
    {
        var inner = shape.Blocks.FirstOrDefault(b => b.Name == block.Type) ?? throw JobFile.Unexpected(block);
        if (inner.Kind is not (BlockKind.Many or BlockKind.ByLabel) && json[inner.Json] is not null)
        {
            throw new HclException(block.At, $"Duplicate {block.Type} block", $"Only one {block.Type} block is allowed.");
        }
        switch (inner.Kind)
        {
            case BlockKind.One:
                json[inner.Json] = Object(block, inner, names);
                break;
            case BlockKind.Many:
                var list = json[inner.Json] as JsonArray ?? [];
                json[inner.Json] ??= list;
                list.Add((JsonNode)Object(block, inner, names));
                break;
            case BlockKind.ByLabel:
                var map = json[inner.Json] as JsonObject ?? [];
                json[inner.Json] ??= map;
                map[block.Labels[0]] = Object(block, inner, names);
                break;
            default:
                json[inner.Json] = JobValues.Map(block, inner.Kind, names);
                break;
        }
    }

    /// <summary><c>dynamic "device" { for_each = …, labels = […], content { … } }</c>: one block per item.</summary>
    private void Dynamic(HclBlock block, JobShape shape, JsonObject json, HclScope names)
    {
        var type = block.Labels is [var label] ? label : throw new HclException(block.At, "Missing name for dynamic", "One label is required.");
        var content = block.Body.Blocks is [{ Type: "content" } only] ? only : throw new HclException(
            block.At, "Missing \"content\" block", "A dynamic block must have exactly one nested block of type \"content\".");
        foreach (var attribute in block.Body.Attributes.Where(static a => a.Name is not ("for_each" or "iterator" or "labels")))
        {
            throw JobFile.Unexpected(attribute);
        }
        var each = block.Body.Attributes.FirstOrDefault(static a => a.Name == "for_each")?.Value.Evaluate(names);
        var items = each switch
        {
            JsonArray list => list.Select((v, i) => (Key: (JsonNode?)JsonValue.Create((long)i), Value: v)),
            JsonObject map => map.Select(static e => (Key: (JsonNode?)JsonValue.Create(e.Key), e.Value)),
            _ => throw new HclException(block.At, "Invalid dynamic for_each value", "Cannot use this value in for_each: an iterable is required."),
        };
        var iterator = block.Body.Attributes.FirstOrDefault(static a => a.Name == "iterator")?.Value is HclName named ? named.Root : type;
        var labels = block.Body.Attributes.FirstOrDefault(static a => a.Name == "labels")?.Value;
        foreach (var (key, value) in items.ToArray())
        {
            var inner = names.With(iterator, new JsonObject { ["key"] = key?.DeepClone(), ["value"] = value?.DeepClone() });
            var given = labels?.Evaluate(inner) as JsonArray ?? [];
            Block(new HclBlock(type, [.. given.Select(static l => l!.GetValue<string>())], content.Body, block.At), shape, json, inner);
        }
    }
}
