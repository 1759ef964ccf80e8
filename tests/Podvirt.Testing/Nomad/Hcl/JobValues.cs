using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Podvirt.Testing.Nomad.Hcl;

/// <summary>Values of a job file as Nomad's JSON has them.</summary>
internal static partial class JobValues
{
    public static JsonNode? Convert(HclAttribute attribute, FieldKind kind, HclScope names)
    {
        var value = attribute.Value.Evaluate(names);
        return (kind, value) switch
        {
            (_, null) => null,
            (FieldKind.Text, _) => Text(attribute.At, value),
            (FieldKind.Whole, _) when HclNumber.TryGet(value, out _) => value,
            (FieldKind.Truth, JsonValue v) when v.TryGetValue(out bool _) => value,
            (FieldKind.Duration, _) when HclNumber.TryGet(value, out _) => value,
            (FieldKind.Duration, JsonValue v) when v.TryGetValue(out string? text) => Nanoseconds(text) is { } ns
                ? JsonValue.Create(ns)
                : throw new HclException(attribute.At, "Unsuitable value type", $"Unsuitable duration value: time: invalid duration \"{text}\""),
            (FieldKind.Texts, JsonArray list) => new JsonArray([.. list.Select(i => Text(attribute.At, i))]),
            _ => throw new HclException(attribute.At, "Unsuitable value type", $"Unsuitable value for \"{attribute.Name}\"."),
        };
    }

    /// <summary>Numbers and booleans become text where text is wanted.</summary>
    public static JsonNode? Text(HclPosition at, JsonNode? value) => value switch
    {
        JsonValue v when v.TryGetValue(out string? text) => JsonValue.Create(text),
        JsonValue v when v.TryGetValue(out bool truth) => JsonValue.Create(truth ? "true" : "false"),
        JsonValue v when HclNumber.TryGet(v, out var number) => JsonValue.Create(number.ToString(CultureInfo.InvariantCulture)),
        _ => throw new HclException(at, "Unsuitable value type", "Unsuitable value: string required."),
    };

    public static JsonObject Map(HclBlock block, BlockKind kind, HclScope names)
    {
        if (block.Labels.Count > 0)
        {
            throw new HclException(block.At, $"Extraneous label for {block.Type}", $"No labels are expected for {block.Type} blocks.");
        }
        var map = new JsonObject();
        foreach (var attribute in block.Body.Attributes)
        {
            map[attribute.Name] = kind switch
            {
                BlockKind.TextMap => Text(attribute.At, attribute.Value.Evaluate(names)),
                BlockKind.TextsMap => Convert(attribute, FieldKind.Texts, names),
                _ => attribute.Value.Evaluate(names),
            };
        }
        foreach (var nested in block.Body.Blocks)
        {
            if (kind != BlockKind.AnyMap)
            {
                throw JobFile.Unexpected(nested);
            }
            var list = map[nested.Type] as JsonArray ?? [];
            map[nested.Type] ??= list;
            list.Add((JsonNode)Map(nested, kind, names));
        }
        return map;
    }

    /// <summary><c>1h30m</c>, <c>250ms</c>, <c>0s</c>; null: not a duration.</summary>
    public static long? Nanoseconds(string text)
    {
        if (text == "0")
        {
            return 0;
        }
        if (text.Length == 0 || !Whole().IsMatch(text))
        {
            return null;
        }
        return (long)Part().Matches(text).Sum(static m => decimal.Parse(m.Groups["number"].Value, CultureInfo.InvariantCulture) * m.Groups["unit"].Value switch
        {
            "h" => 3_600_000_000_000m,
            "m" => 60_000_000_000m,
            "s" => 1_000_000_000m,
            "ms" => 1_000_000m,
            "us" or "µs" => 1_000m,
            _ => 1m,
        });
    }

    [GeneratedRegex("^([0-9]+(\\.[0-9]+)?(h|ms|m|s|us|µs|ns))+$", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Whole();

    [GeneratedRegex("(?<number>[0-9]+(\\.[0-9]+)?)(?<unit>h|ms|m|s|us|µs|ns)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Part();
}
