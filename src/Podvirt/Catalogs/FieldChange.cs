using System.Text.Json;
using System.Text.Json.Nodes;
using Podvirt.Core.Models;
using Podvirt.Messaging;

namespace Podvirt.Catalogs;

/// <summary>One member of a model that a file changes.</summary>
/// <param name="Field">Its path, such as <c>gpu.memory_bytes</c>.</param>
/// <param name="From">As JSON; null: it was not there.</param>
/// <param name="To">As JSON; null: it is there no more.</param>
internal sealed record FieldChange(string Field, string? From, string? To)
{
    /// <summary>What differs, revisions apart. Pure.</summary>
    public static IReadOnlyList<FieldChange> Between(ModelSpec before, ModelSpec after) =>
        Between<ModelSpec>(before with { Revision = 0 }, after with { Revision = 0 });

    /// <summary>What differs in what would be stored. Pure.</summary>
    public static IReadOnlyList<FieldChange> Between<T>(T before, T after)
    {
        var changes = new List<FieldChange>();
        Compare("", Tree(before), Tree(after), changes);
        return changes;
    }

    private static JsonNode? Tree<T>(T value) => JsonNode.Parse(StateJson.ToBytes(value).Span);

    private static void Compare(string path, JsonNode? before, JsonNode? after, List<FieldChange> changes)
    {
        if (before is JsonObject left && after is JsonObject right)
        {
            foreach (var name in left.Select(p => p.Key).Union(right.Select(p => p.Key), StringComparer.Ordinal))
            {
                Compare(path.Length == 0 ? name : $"{path}.{name}", left[name], right[name], changes);
            }
        }
        else if (!JsonNode.DeepEquals(before, after))
        {
            changes.Add(new FieldChange(path, Text(before), Text(after)));
        }
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : node?.ToJsonString();
}
