using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Podvirt.Simulator.Tests.Schemas;

/// <summary>Says whether a value is valid for a schema, knowing nothing of how the simulator writes one.</summary>
internal sealed class SchemaJudge(JsonNode root)
{
    public static bool IsValid(string schema, string value) => new SchemaJudge(JsonNode.Parse(schema)!).Valid(JsonNode.Parse(schema), JsonNode.Parse(value));

    private bool Valid(JsonNode? schema, JsonNode? value)
    {
        if (schema is not JsonObject rules)
        {
            return schema is null || schema.GetValue<bool>();
        }

        return rules.All(rule => Holds(rule.Key, rule.Value, rules, value));
    }

    private bool Holds(string name, JsonNode? rule, JsonObject rules, JsonNode? value) => name switch
    {
        "$ref" => Valid(Find((string)rule!), value),
        "allOf" => rule!.AsArray().All(part => Valid(part, value)),
        "anyOf" => rule!.AsArray().Any(part => Valid(part, value)),
        "oneOf" => rule!.AsArray().Count(part => Valid(part, value)) == 1,
        "const" => JsonNode.DeepEquals(rule, value),
        "enum" => rule!.AsArray().Any(one => JsonNode.DeepEquals(one, value)),
        "type" => rule is JsonArray types ? types.Any(type => Is((string)type!, value)) : Is((string)rule!, value),
        "properties" => value is not JsonObject members || rule!.AsObject().All(
            property => !members.TryGetPropertyValue(property.Key, out var member) || Valid(property.Value, member)),
        "required" => value is not JsonObject members || rule!.AsArray().All(one => members.ContainsKey((string)one!)),
        "additionalProperties" => value is not JsonObject members || members.All(
            member => (rules["properties"] as JsonObject)?.ContainsKey(member.Key) == true || Valid(rule, member.Value)),
        "prefixItems" => value is not JsonArray items || rule!.AsArray().Zip(items).All(pair => Valid(pair.First, pair.Second)),
        "items" => value is not JsonArray items || items.Skip((rules["prefixItems"] as JsonArray)?.Count ?? 0).All(item => Valid(rule, item)),
        "minItems" => value is not JsonArray items || items.Count >= Number(rule),
        "maxItems" => value is not JsonArray items || items.Count <= Number(rule),
        "minProperties" => value is not JsonObject members || members.Count >= Number(rule),
        "minLength" => !Is("string", value) || ((string)value!).Length >= Number(rule),
        "maxLength" => !Is("string", value) || ((string)value!).Length <= Number(rule),
        "pattern" => !Is("string", value) || Regex.IsMatch((string)value!, (string)rule!),
        "minimum" => !Is("number", value) || Number(value) >= Number(rule),
        "maximum" => !Is("number", value) || Number(value) <= Number(rule),
        // Older schemas have a flag beside the bound.
        "exclusiveMinimum" => !Is("number", value) || Number(value) > Number(rule!.GetValueKind() == JsonValueKind.True ? rules["minimum"] : rule),
        "exclusiveMaximum" => !Is("number", value) || Number(value) < Number(rule!.GetValueKind() == JsonValueKind.True ? rules["maximum"] : rule),
        "multipleOf" => !Is("number", value) || Number(value) % Number(rule) == 0,
        "$defs" or "definitions" or "format" or "title" or "description" or "$schema" => true,
        _ => throw new ArgumentOutOfRangeException(nameof(name), name, "a rule that the judge does not know"),
    };

    private static bool Is(string type, JsonNode? value) => (type, value?.GetValueKind() ?? JsonValueKind.Null) switch
    {
        ("object", JsonValueKind.Object) or ("array", JsonValueKind.Array) or ("string", JsonValueKind.String) or ("number", JsonValueKind.Number) => true,
        ("boolean", JsonValueKind.True or JsonValueKind.False) or ("null", JsonValueKind.Null) => true,
        ("integer", JsonValueKind.Number) => Number(value) % 1 == 0,
        _ => false,
    };

    private static decimal Number(JsonNode? value) => decimal.Parse(value!.ToJsonString(), System.Globalization.NumberStyles.Float);

    private JsonNode? Find(string reference) => reference[1..].Split('/', StringSplitOptions.RemoveEmptyEntries).Aggregate((JsonNode?)root, (node, step) => node![step]);
}
