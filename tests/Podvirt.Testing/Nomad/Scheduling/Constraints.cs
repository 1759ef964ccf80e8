using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Scheduling;

/// <summary>Constraints on nodes.</summary>
internal static partial class Constraints
{
    /// <summary>As a metric names a constraint.</summary>
    public static string Text(JsonObject constraint) =>
        $"{Json.Text(constraint["LTarget"])} {Json.Text(constraint["Operand"])} {Json.Text(constraint["RTarget"])}";

    public static bool Holds(NodeRecord node, JsonObject constraint)
    {
        var operand = Json.Text(constraint["Operand"]);
        var left = Resolve(node, Json.Text(constraint["LTarget"]));
        var right = Resolve(node, Json.Text(constraint["RTarget"]));
        return operand switch
        {
            "is_set" => left is not null,
            "is_not_set" => left is null,
            "!=" or "not" => left != right,
            _ => left is not null && right is not null && Holds(left, operand, right),
        };
    }

    public static bool Holds(string left, string operand, string right) => operand switch
    {
        "" or "=" or "==" or "is" => left == right,
        "!=" or "not" => left != right,
        "regexp" => Regex.IsMatch(left, right, RegexOptions.None, TimeSpan.FromSeconds(1)),
        "set_contains" or "set_contains_all" => Set(right).IsSubsetOf(Set(left)),
        "set_contains_any" => Set(right).Overlaps(Set(left)),
        "version" or "semver" => right.Split(',').All(part => Version(left, part.Trim())),
        "<" or "<=" or ">" or ">=" => Compare(Order(left, right), operand),
        _ => false,
    };

    public static bool Compare(int order, string operand) => operand switch
    {
        "" or "=" or "==" or "is" => order == 0,
        "!=" or "not" => order != 0,
        "<" => order < 0,
        "<=" => order <= 0,
        ">" => order > 0,
        ">=" => order >= 0,
        _ => false,
    };

    /// <summary>Text with <c>${…}</c> of a node in its place; null: the node has no such thing.</summary>
    public static string? Resolve(NodeRecord node, string target)
    {
        var missing = false;
        var text = Reference().Replace(target, match =>
        {
            var value = Value(node, match.Groups["name"].Value);
            missing |= value is null;
            return value ?? "";
        });
        return missing ? null : text;
    }

    /// <summary>What a node calls a name such as <c>node.unique.id</c>, <c>attr.cpu.arch</c> or <c>meta.rack</c>; null: nothing.</summary>
    public static string? Value(NodeRecord node, string name) => name switch
    {
        "node.unique.id" => node.Id,
        "node.unique.name" => node.Node.Name,
        "node.datacenter" => node.Node.Datacenter,
        "node.region" => "global",
        "node.class" => node.Node.NodeClass,
        "node.pool" => node.Node.NodePool,
        _ when name.StartsWith("attr.", StringComparison.Ordinal) => NodeJson.Attributes(node).GetValueOrDefault(name[5..]),
        _ when name.StartsWith("meta.", StringComparison.Ordinal) => node.Node.Meta.GetValueOrDefault(name[5..]),
        _ => null,
    };

    private static HashSet<string> Set(string text) => [.. text.Split(',', StringSplitOptions.TrimEntries)];

    private static int Order(string left, string right) =>
        decimal.TryParse(left, NumberStyles.Float, CultureInfo.InvariantCulture, out var a)
        && decimal.TryParse(right, NumberStyles.Float, CultureInfo.InvariantCulture, out var b) ? a.CompareTo(b) : string.CompareOrdinal(left, right);

    private static bool Version(string left, string condition)
    {
        var operand = condition.TrimEnd([.. condition.Where(static c => char.IsAsciiDigit(c) || c is '.' or ' ')]);
        return System.Version.TryParse(left, out var a) && System.Version.TryParse(condition[operand.Length..].Trim(), out var b)
            && Compare(a.CompareTo(b), operand.Trim());
    }

    [GeneratedRegex(@"\$\{(?<name>[^}]+)\}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Reference();
}
