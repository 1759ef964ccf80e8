using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Scheduling;

/// <summary>Feasibility by computed class: what one node showed is taken for all nodes that look alike.</summary>
internal sealed class ClassChecks
{
    private readonly Dictionary<string, bool> _known = [];

    /// <param name="more">Checks beside the constraints.</param>
    /// <returns>Null: it is feasible.</returns>
    public string? Check(NodeRecord node, IEnumerable<JsonObject> constraints, Func<string?> more)
    {
        var all = constraints.Where(static c => Json.Text(c["Operand"]) != "distinct_hosts").ToArray();
        var escapes = all.Any(static c => Escapes(c["LTarget"]) || Escapes(c["RTarget"]));
        var like = Class(node);
        if (!escapes && _known.TryGetValue(like, out var feasible))
        {
            return feasible ? null : "computed class ineligible";
        }
        var reason = Array.Find(all, c => !Constraints.Holds(node, c)) is { } broken ? Constraints.Text(broken) : more();
        if (!escapes)
        {
            _known[like] = reason is null;
        }
        return reason;
    }

    private static bool Escapes(JsonNode? target) => Json.Text(target) is var text
        && (text.StartsWith("${node.unique.", StringComparison.Ordinal) || text.StartsWith("${attr.unique.", StringComparison.Ordinal)
            || text.StartsWith("${meta.unique.", StringComparison.Ordinal));

    private static string Class(NodeRecord record)
    {
        var node = record.Node;
        var named = NodeJson.Attributes(record).Concat(node.Meta).Where(static e => !e.Key.StartsWith("unique.", StringComparison.Ordinal)).Select(static e => $"{e.Key}={e.Value}");
        var devices = node.Gpus.Select(static g => $"{g.Vendor}/{g.Type}/{g.Name}/{g.MemoryMiB}");
        return string.Join('\n', named.Order(StringComparer.Ordinal).Concat(devices).Concat([node.Datacenter, node.NodeClass, node.NodePool]));
    }
}
