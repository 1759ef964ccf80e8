using System.Text.Json.Nodes;
using Podvirt.Simulator.Language;

namespace Podvirt.Simulator.Schemas;

/// <summary>Refuses, before any output, what no value can be written for.</summary>
internal static class SchemaCheck
{
    private static readonly string[] _unsupported =
        ["not", "if", "patternProperties", "propertyNames", "contains", "dependentSchemas", "dependentRequired", "$dynamicRef"];

    private static readonly string[] _one = ["items", "additionalProperties", "additionalItems"];
    private static readonly string[] _lists = ["anyOf", "oneOf", "allOf", "prefixItems"];
    private static readonly string[] _maps = ["properties", "$defs", "definitions"];

    public static void Check(Schema schema)
    {
        Check(schema.Root);
        try
        {
            // Finds references that lead nowhere, and values that would have no end.
            new SchemaWriter(schema, Topic.Read("", []), new Chooser(0, 0, 0)).Write();
        }
        catch (InvalidOperationException exception)
        {
            throw Schema.Unsupported(exception.Message);
        }
    }

    private static void Check(JsonNode? node)
    {
        if (node is not JsonObject schema)
        {
            return;
        }

        foreach (var name in _unsupported)
        {
            if (schema.ContainsKey(name))
            {
                throw Schema.Unsupported(name);
            }
        }

        if (schema["uniqueItems"] is JsonValue unique && unique.TryGetValue<bool>(out var wanted) && wanted)
        {
            throw Schema.Unsupported("uniqueItems");
        }

        if (schema["pattern"] is not null && !schema.ContainsKey("enum") && !schema.ContainsKey("const"))
        {
            StringValues.CheckPattern(schema);
        }

        foreach (var name in _one)
        {
            Check(schema[name]);
        }

        foreach (var part in _lists.Select(name => schema[name]).OfType<JsonArray>().SelectMany(list => list))
        {
            Check(part);
        }

        foreach (var (_, part) in _maps.Select(name => schema[name]).OfType<JsonObject>().SelectMany(map => map))
        {
            Check(part);
        }
    }
}
