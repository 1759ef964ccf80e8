using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Podvirt.Testing.Nomad.Hcl;

internal sealed class HclLiteral(HclPosition at, JsonNode? value) : HclExpression(at)
{
    public override JsonNode? Evaluate(HclScope scope) => value?.DeepClone();
}

/// <summary>Text with <c>${…}</c>; one interpolation alone keeps its type.</summary>
internal sealed class HclTemplate(HclPosition at, IReadOnlyList<HclExpression> parts) : HclExpression(at)
{
    public override JsonNode? Evaluate(HclScope scope)
    {
        if (parts is [not HclLiteral])
        {
            return parts[0].Evaluate(scope);
        }
        var text = new StringBuilder();
        foreach (var part in parts)
        {
            text.Append(Text(part.Evaluate(scope)));
        }
        return JsonValue.Create(text.ToString());
    }
}

internal sealed class HclList(HclPosition at, IReadOnlyList<HclExpression> items) : HclExpression(at)
{
    public override JsonNode? Evaluate(HclScope scope) => new JsonArray([.. items.Select(i => i.Evaluate(scope))]);
}

internal sealed class HclMap(HclPosition at, IReadOnlyList<(HclExpression Key, HclExpression Value)> items) : HclExpression(at)
{
    public override JsonNode? Evaluate(HclScope scope)
    {
        var map = new JsonObject();
        foreach (var (key, value) in items)
        {
            map[Text(key.Evaluate(scope))] = value.Evaluate(scope);
        }
        return map;
    }
}

/// <summary>
/// A name. One that the file itself cannot know (<c>node.unique.id</c>, <c>NOMAD_PORT_http</c>, <c>attr.kernel.name</c>)
/// stays as text for the scheduler and the client.
/// </summary>
internal sealed class HclName(HclPosition at, string root, IReadOnlyList<HclExpression> steps, string source) : HclExpression(at)
{
    public string Root => root;

    public override JsonNode? Evaluate(HclScope scope)
    {
        if (!scope.Roots.TryGetValue(root, out var value))
        {
            return JsonValue.Create("${" + source + "}");
        }
        JsonNode? node = value;
        foreach (var step in steps)
        {
            node = Step(node, step.Evaluate(scope));
        }
        return node?.DeepClone();
    }

    private JsonNode? Step(JsonNode? node, JsonNode? key)
    {
        if (node is JsonArray list && HclNumber.TryGet(key, out var index) && index >= 0 && index < list.Count)
        {
            return list[(int)index];
        }
        if (node is JsonObject map && map.TryGetPropertyValue(Text(key), out var found))
        {
            return found;
        }
        throw root == "var"
            ? Fail($"Unset variable \"{Text(key)}\"", "A used variable must be set or have a default value.")
            : Fail("Unsupported attribute", $"This object does not have an attribute named \"{Text(key)}\".");
    }
}

internal sealed class HclConditional(HclPosition at, HclExpression condition, HclExpression yes, HclExpression no) : HclExpression(at)
{
    public override JsonNode? Evaluate(HclScope scope) => condition.Evaluate(scope) is JsonValue v && v.TryGetValue(out bool truth)
        ? (truth ? yes : no).Evaluate(scope)
        : throw Fail("Incorrect condition type", "The condition expression must be of type bool.");
}

internal sealed class HclComparison(HclPosition at, bool equal, HclExpression left, HclExpression right) : HclExpression(at)
{
    public override JsonNode? Evaluate(HclScope scope) =>
        JsonValue.Create(JsonNode.DeepEquals(left.Evaluate(scope), right.Evaluate(scope)) == equal);
}

/// <summary>The few functions that job files of this repository use; any other is refused.</summary>
internal sealed class HclCall(HclPosition at, string function, IReadOnlyList<HclExpression> arguments) : HclExpression(at)
{
    public string Function => function;

    public override JsonNode? Evaluate(HclScope scope)
    {
        var values = arguments.Select(a => a.Evaluate(scope)).ToArray();
        return (function, values) switch
        {
            ("jsondecode", [JsonValue text]) => Decode(Text(text)),
            ("jsonencode", [var value]) => JsonValue.Create(value?.ToJsonString() ?? "null"),
            ("length", [JsonArray list]) => JsonValue.Create((long)list.Count),
            ("length", [JsonObject map]) => JsonValue.Create((long)map.Count),
            ("join", [JsonValue separator, JsonArray list]) => JsonValue.Create(string.Join(Text(separator), list.Select(Text))),
            ("concat", [.. var lists]) when lists.All(static l => l is JsonArray) =>
                new JsonArray([.. lists.SelectMany(static l => (JsonArray)l!).Select(static n => n?.DeepClone())]),
            ("merge", [.. var maps]) when maps.All(static m => m is JsonObject) => Merge(maps.Cast<JsonObject>()),
            ("jsondecode" or "jsonencode" or "length" or "join" or "concat" or "merge", _) =>
                throw Fail("Invalid function argument", $"Unsuitable arguments for \"{function}\"."),
            _ => throw Fail("Call to unknown function", $"There is no function named \"{function}\"."),
        };
    }

    private static JsonObject Merge(IEnumerable<JsonObject> maps)
    {
        var merged = new JsonObject();
        foreach (var (key, value) in maps.SelectMany(static m => m))
        {
            merged[key] = value?.DeepClone();
        }
        return merged;
    }

    private JsonNode? Decode(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException e)
        {
            throw Fail("Error in function call", $"Call to function \"jsondecode\" failed: {e.Message}");
        }
    }
}
