using System.Text.Json;
using Podvirt.Core.Replies;
using Podvirt.Core.Usage;

namespace Podvirt.Fuzz.References;

/// <summary>The counts of a <c>usage</c> value, from its <see cref="JsonDocument"/>.</summary>
internal static class UsageReference
{
    /// <returns>Null: it has none.</returns>
    public static TokenCounts? Read(JsonElement usage, UsageShape shape = UsageShape.Completions)
    {
        if (shape == UsageShape.Messages)
        {
            return MessageUsageReference.Read(usage, default, out var read) ? read.Counts : null;
        }
        var (promptName, completionName) = NamesOf(shape);
        if (usage.ValueKind != JsonValueKind.Object)
        {
            return null;
        }
        var members = JsonMember.Of(usage);
        var prompts = members.Where(m => m.Name == promptName).Select(m => Count(m.Value)).ToList();
        var completions = members.Where(m => m.Name == completionName).Select(m => Count(m.Value)).ToList();
        if (!prompts.Concat(completions).Any(c => c is not null))
        {
            prompts = shape == UsageShape.Prompts ? [.. members.Where(m => m.Name == "total_tokens").Select(m => Count(m.Value)).Where(c => c is not null)] : [];
            completions = [];
            if (prompts.Count == 0)
            {
                return null;
            }
        }
        var prompt = prompts.LastOrDefault() ?? 0;
        var completion = completions.LastOrDefault() ?? 0;
        return new TokenCounts(
            prompt,
            Math.Min(prompt, Detail(members, promptName + "_details", "cached_tokens")),
            completion,
            Math.Min(completion, Detail(members, completionName + "_details", "reasoning_tokens")));
    }

    /// <summary>Whether one of the counts is there and is none.</summary>
    public static bool IsBad(JsonElement usage, UsageShape shape = UsageShape.Completions)
    {
        if (shape == UsageShape.Messages)
        {
            return MessageUsageReference.IsBad(usage, default);
        }
        var (promptName, completionName) = NamesOf(shape);
        if (usage.ValueKind != JsonValueKind.Object)
        {
            return false;
        }
        var members = JsonMember.Of(usage);
        var isAlone = shape == UsageShape.Prompts && !members.Exists(m => (m.Name == promptName || m.Name == completionName) && Count(m.Value) is not null);
        return members.Where(m => m.Name == promptName || m.Name == completionName || (isAlone && m.Name == "total_tokens"))
            .Concat(Details(members, promptName + "_details", "cached_tokens"))
            .Concat(Details(members, completionName + "_details", "reasoning_tokens"))
            .Any(m => m.Value.ValueKind != JsonValueKind.Null && Count(m.Value) is null);
    }

    private static (string Prompt, string Completion) NamesOf(UsageShape shape) =>
        shape == UsageShape.Responses ? ("input_tokens", "output_tokens") : ("prompt_tokens", "completion_tokens");

    private static IEnumerable<JsonMember> Details(List<JsonMember> members, string group, string name) => members
        .Where(m => m.Name == group && m.Value.ValueKind == JsonValueKind.Object).SelectMany(m => JsonMember.Of(m.Value)).Where(m => m.Name == name);

    /// <summary>Names in which half a character stands.</summary>
    public static bool HasHalfNames(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => JsonMember.Of(value).Exists(m => JsonMember.HasHalf(m.Name) || HasHalfNames(m.Value)),
        JsonValueKind.Array => value.EnumerateArray().Any(HasHalfNames),
        _ => false,
    };

    private static long Detail(List<JsonMember> members, string group, string name)
    {
        var details = members.LastOrDefault(m => m.Name == group).Value;
        if (details.ValueKind != JsonValueKind.Object)
        {
            return 0;
        }
        var counts = JsonMember.Of(details).Where(m => m.Name == name).Select(m => Count(m.Value)).ToList();
        return counts.LastOrDefault() ?? 0;
    }

    internal static long? Count(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var count) && count >= 0 ? count : null;
}
