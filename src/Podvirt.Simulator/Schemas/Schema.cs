using System.Text.Json;
using System.Text.Json.Nodes;
using Podvirt.Simulator.Http;

namespace Podvirt.Simulator.Schemas;

/// <summary>A JSON schema and where its references lead.</summary>
internal sealed class Schema
{
    // More than any schema is nested: what needs more goes round in a circle.
    private const int HopsMax = 100;

    private readonly JsonNode? _root;

    private Schema(JsonNode? root)
    {
        _root = root;
    }

    /// <summary>What any value is valid for.</summary>
    public static JsonObject Anything => [];

    public JsonNode? Root => _root;

    /// <param name="schema">An object, or the text of one.</param>
    /// <exception cref="RequestException">It is no schema, or one that the engine cannot follow.</exception>
    public static Schema Read(JsonElement schema, string parameter)
    {
        try
        {
            var node = JsonNode.Parse(schema.ValueKind == JsonValueKind.String ? schema.GetString()! : schema.GetRawText());
            if (node is not (JsonObject or JsonValue))
            {
                throw RequestException.Bad("A JSON schema is an object.", parameter);
            }

            var read = new Schema(node);
            SchemaCheck.Check(read);
            return read;
        }
        catch (JsonException exception)
        {
            throw RequestException.Bad($"Invalid JSON schema: {exception.Message}", parameter);
        }
    }

    public static RequestException Unsupported(string feature) =>
        RequestException.Bad($"The provided JSON schema contains features that are not supported: {feature}", "response_format");

    /// <summary>A schema as one object: its reference followed, all of <c>allOf</c> put together. Null when nothing is valid for it.</summary>
    public JsonObject? Flatten(JsonNode? schema) => Flatten(schema, 0);

    /// <summary>What is valid for both.</summary>
    public static JsonObject Merge(JsonObject one, JsonObject other)
    {
        var merged = (JsonObject)one.DeepClone();
        foreach (var (name, value) in other)
        {
            merged[name] = (name, merged[name], value) switch
            {
                ("properties", JsonObject mine, JsonObject theirs) => MergeProperties(mine, theirs),
                ("required", JsonArray mine, JsonArray theirs) =>
                    new JsonArray([.. mine.Concat(theirs).Select(item => (string?)item).Distinct().Select(item => JsonValue.Create(item))]),
                ("minimum" or "minLength" or "minItems" or "minProperties", JsonValue mine, JsonValue theirs) => Larger(mine, theirs).DeepClone(),
                ("maximum" or "maxLength" or "maxItems" or "maxProperties", JsonValue mine, JsonValue theirs) =>
                    (Larger(mine, theirs) == mine ? theirs : mine).DeepClone(),
                _ => value?.DeepClone(),
            };
        }

        return merged;
    }

    public static JsonObject Without(JsonObject schema, string name)
    {
        var rest = (JsonObject)schema.DeepClone();
        rest.Remove(name);
        return rest;
    }

    private JsonObject? Flatten(JsonNode? schema, int hops)
    {
        if (hops > HopsMax)
        {
            throw Unsupported("$ref in a circle");
        }

        if (schema is not JsonObject flat)
        {
            return schema is JsonValue value && value.TryGetValue<bool>(out var any) && !any ? null : Anything;
        }

        if (flat["$ref"] is JsonValue reference)
        {
            return Flatten(Find((string?)reference ?? ""), hops + 1) is { } target ? Flatten(Merge(Without(flat, "$ref"), target), hops + 1) : null;
        }

        if (flat["allOf"] is not JsonArray parts)
        {
            return flat;
        }

        flat = Without(flat, "allOf");
        foreach (var part in parts)
        {
            if (Flatten(part, hops + 1) is not { } more)
            {
                return null;
            }

            flat = Merge(flat, more);
        }

        return flat;
    }

    private static JsonObject MergeProperties(JsonObject mine, JsonObject theirs)
    {
        var merged = (JsonObject)mine.DeepClone();
        foreach (var (name, value) in theirs)
        {
            merged[name] = merged[name] is { } first
                ? new JsonObject { ["allOf"] = new JsonArray(first.DeepClone(), value?.DeepClone()) }
                : value?.DeepClone();
        }

        return merged;
    }

    private static JsonValue Larger(JsonValue one, JsonValue other) => one.GetValue<double>() >= other.GetValue<double>() ? one : other;

    private JsonNode? Find(string reference)
    {
        if (!reference.StartsWith('#'))
        {
            throw Unsupported($"$ref {reference}");
        }

        var node = _root;
        foreach (var step in Uri.UnescapeDataString(reference[1..]).Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            var name = step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            node = node switch
            {
                JsonObject parent => parent[name],
                JsonArray list when int.TryParse(name, out var index) && index < list.Count => list[index],
                _ => null,
            };
        }

        return node ?? throw Unsupported($"$ref {reference}");
    }
}
