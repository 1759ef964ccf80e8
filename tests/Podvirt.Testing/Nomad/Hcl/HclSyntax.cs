using System.Globalization;
using System.Text.Json.Nodes;

namespace Podvirt.Testing.Nomad.Hcl;

/// <summary>Line and column, both from 1.</summary>
internal readonly record struct HclPosition(int Line, int Column);

/// <summary>A job file that cannot be read; the message names place, summary and detail as Nomad's does.</summary>
public sealed class HclException : Exception
{
    internal HclException(HclPosition at, string summary, string detail)
        : base($"input.hcl:{at.Line},{at.Column}-{at.Column + 1}: {summary}; {detail}")
    {
    }
}

internal sealed record HclAttribute(string Name, HclExpression Value, HclPosition At);

internal sealed record HclBlock(string Type, IReadOnlyList<string> Labels, HclBody Body, HclPosition At);

internal sealed record HclBody(IReadOnlyList<HclAttribute> Attributes, IReadOnlyList<HclBlock> Blocks);

/// <summary>What names mean: <c>var.x</c>, <c>local.x</c>, and the iterators of dynamic blocks.</summary>
internal sealed record HclScope(IReadOnlyDictionary<string, JsonObject> Roots)
{
    public HclScope With(string root, JsonObject value) => new(new Dictionary<string, JsonObject>(Roots) { [root] = value });
}

/// <summary>Values are JSON: null, booleans, numbers, strings, lists, maps.</summary>
internal abstract class HclExpression(HclPosition at)
{
    public HclPosition At { get; } = at;

    public abstract JsonNode? Evaluate(HclScope scope);

    protected HclException Fail(string summary, string detail) => new(At, summary, detail);

    /// <summary>As a template writes it between other text.</summary>
    protected string Text(JsonNode? value) => value switch
    {
        JsonValue v when v.TryGetValue(out string? text) => text,
        JsonValue v when v.TryGetValue(out bool truth) => truth ? "true" : "false",
        JsonValue v when HclNumber.TryGet(v, out var number) => number.ToString(CultureInfo.InvariantCulture),
        null => throw Fail("Invalid template interpolation value", "The expression result is null. Cannot include a null value in a string template."),
        _ => throw Fail("Invalid template interpolation value", "Cannot include the given value in a string template: string required."),
    };
}

internal static class HclNumber
{
    public static bool TryGet(JsonNode? node, out decimal number)
    {
        number = 0;
        return node is JsonValue value && value.GetValueKind() == System.Text.Json.JsonValueKind.Number
            && decimal.TryParse(value.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out number);
    }

    /// <summary>Whole numbers as such, as Nomad's JSON has them.</summary>
    public static JsonNode Node(decimal number) => number == decimal.Truncate(number) && Math.Abs(number) < long.MaxValue
        ? JsonValue.Create((long)number)
        : JsonValue.Create((double)number);
}
