using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Language;

namespace Podvirt.Simulator.Schemas;

/// <summary>Writes values that are valid for a schema, with words of the question where they may be any.</summary>
internal sealed class SchemaWriter(Schema schema, Topic topic, Chooser chooser)
{
    // Below this, nothing is written that need not be; recursive schemas end so.
    private const int DepthFull = 4;
    private const int DepthMax = 40;
    private const int ItemsMore = 3;

    private static readonly JsonSerializerOptions _spelling = new() { Encoder = Json.Writing.Encoder };

    private readonly StringBuilder _text = new();
    private readonly StringValues _strings = new(topic, chooser);

    public string Write()
    {
        _text.Clear();
        Value(schema.Root, 0);
        return _text.ToString();
    }

    private void Value(JsonNode? node, int depth)
    {
        if (depth > DepthMax)
        {
            throw Schema.Unsupported("a value without an end");
        }

        var flat = schema.Flatten(node) ?? throw Schema.Unsupported("a value that may not be");
        if (flat.ContainsKey("const"))
        {
            _text.Append(Spelled(flat["const"]));
        }
        else if (flat["enum"] is JsonArray { Count: > 0 } values)
        {
            _text.Append(Spelled(values[chooser.Next(values.Count)]));
        }
        else if ((flat["anyOf"] ?? flat["oneOf"]) is JsonArray { Count: > 0 } options)
        {
            var rest = Schema.Without(flat, flat.ContainsKey("anyOf") ? "anyOf" : "oneOf");
            var option = schema.Flatten(Choose(options, depth)) ?? throw Schema.Unsupported("a value that may not be");
            Value(Schema.Merge(rest, option), depth + 1);
        }
        else
        {
            Typed(flat, depth);
        }
    }

    private JsonNode? Choose(JsonArray options, int depth)
    {
        var valued = options.Where(option => option is not JsonObject { Count: > 0 } plain || (string?)(plain["type"] as JsonValue) != "null").ToList();
        if (depth <= DepthFull && valued.Count > 0)
        {
            return chooser.Pick(valued);
        }

        // What has no parts, or at least leads nowhere else.
        return options.FirstOrDefault(option => option is JsonObject flat && !flat.ContainsKey("$ref") && TypeOf(flat) is not ("object" or "array"))
            ?? options.FirstOrDefault(option => option is JsonObject flat && !flat.ContainsKey("$ref"))
            ?? options[0];
    }

    private void Typed(JsonObject flat, int depth)
    {
        switch (TypeOf(flat))
        {
            case "object":
                Members(flat, depth);
                break;
            case "array":
                Items(flat, depth);
                break;
            case "integer":
                _text.Append(NumberValues.Whole(flat, chooser));
                break;
            case "number":
                _text.Append(NumberValues.Decimal(flat, chooser));
                break;
            case "boolean":
                _text.Append(chooser.Next(2) == 0 ? "true" : "false");
                break;
            case "null":
                _text.Append("null");
                break;
            default:
                _text.Append(Spelled(_strings.Write(flat)));
                break;
        }
    }

    private void Members(JsonObject flat, int depth)
    {
        var properties = flat["properties"] as JsonObject ?? [];
        var required = flat["required"] is JsonArray names ? names.Select(name => (string)name!).ToHashSet() : [];
        var written = 0;
        void Member(string name, JsonNode? value)
        {
            _text.Append(written++ == 0 ? "" : ", ").Append(Spelled(name)).Append(": ");
            Value(value, depth + 1);
        }

        _text.Append('{');
        foreach (var (name, value) in properties)
        {
            if (required.Remove(name) || (depth < DepthFull && schema.Flatten(value) is not null))
            {
                Member(name, value);
            }
        }

        foreach (var name in required)
        {
            Member(name, flat["additionalProperties"]);
        }

        for (var i = 1; written < NumberValues.Count(flat, "minProperties", 0); i++)
        {
            if (!properties.ContainsKey($"key{i}"))
            {
                Member($"key{i}", flat["additionalProperties"]);
            }
        }

        _text.Append('}');
    }

    private void Items(JsonObject flat, int depth)
    {
        var first = flat["prefixItems"] as JsonArray ?? [];
        var others = flat["items"];
        var closed = others is JsonValue value && value.TryGetValue<bool>(out var open) && !open;
        var least = NumberValues.Count(flat, "minItems", depth < DepthFull && !closed ? Math.Max(first.Count, 1) : 0);
        var most = Math.Min(NumberValues.Count(flat, "maxItems", int.MaxValue), closed ? first.Count : int.MaxValue);
        least = Math.Min(Math.Max(least, depth < DepthFull ? first.Count : 0), most);
        var more = depth < DepthFull ? Math.Min(ItemsMore, most - least) : 0;
        var count = least + (more > 0 ? chooser.Next(more) : 0);
        _text.Append('[');
        for (var i = 0; i < count; i++)
        {
            _text.Append(i == 0 ? "" : ", ");
            Value(i < first.Count ? first[i] : others, depth + 1);
        }

        _text.Append(']');
    }

    private static string TypeOf(JsonObject flat)
    {
        if (flat["type"] is JsonArray types)
        {
            return types.Select(type => (string)type!).FirstOrDefault(type => type != "null") ?? "null";
        }

        bool Has(params ReadOnlySpan<string> names)
        {
            foreach (var name in names)
            {
                if (flat.ContainsKey(name))
                {
                    return true;
                }
            }

            return false;
        }

        return (string?)flat["type"]
            ?? (Has("properties", "required", "additionalProperties", "minProperties") ? "object"
                : Has("items", "prefixItems", "minItems", "maxItems") ? "array"
                : Has("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf") ? "number"
                : "string");
    }

    private static string Spelled(JsonNode? value) => value is null ? "null" : value.ToJsonString(_spelling);
}
