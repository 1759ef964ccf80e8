using System.Text.Json;
using Podvirt.Core.Usage;

namespace Podvirt.Fuzz.References;

/// <summary>The counts of a <c>usage</c> value, from its <see cref="JsonDocument"/>.</summary>
internal static class UsageReference
{
    public static TokenCounts? Read(JsonElement usage) => Read(usage, totalIsPrompt: false);

    /// <param name="totalIsPrompt">A total that stands alone is the prompt's.</param>
    /// <returns>Null: it has none.</returns>
    public static TokenCounts? Read(JsonElement usage, bool totalIsPrompt)
    {
        if (usage.ValueKind != JsonValueKind.Object)
        {
            return null;
        }
        var members = JsonMember.Of(usage);
        var prompts = members.Where(m => m.Name == "prompt_tokens").Select(m => Count(m.Value)).ToList();
        var completions = members.Where(m => m.Name == "completion_tokens").Select(m => Count(m.Value)).ToList();
        if (!prompts.Concat(completions).Any(c => c is not null))
        {
            prompts = totalIsPrompt ? [.. members.Where(m => m.Name == "total_tokens").Select(m => Count(m.Value)).Where(c => c is not null)] : [];
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
            Math.Min(prompt, Detail(members, "prompt_tokens_details", "cached_tokens")),
            completion,
            Math.Min(completion, Detail(members, "completion_tokens_details", "reasoning_tokens")));
    }

    /// <summary>Whether one of the counts is there and is none.</summary>
    public static bool IsBad(JsonElement usage) => IsBad(usage, totalIsPrompt: false);

    /// <summary>The same where a total may stand alone.</summary>
    public static bool IsBad(JsonElement usage, bool totalIsPrompt)
    {
        if (usage.ValueKind != JsonValueKind.Object)
        {
            return false;
        }
        var members = JsonMember.Of(usage);
        var isAlone = totalIsPrompt && !members.Exists(m => m.Name is "prompt_tokens" or "completion_tokens" && Count(m.Value) is not null);
        return members.Where(m => m.Name is "prompt_tokens" or "completion_tokens" || (isAlone && m.Name == "total_tokens"))
            .Concat(Details(members, "prompt_tokens_details", "cached_tokens"))
            .Concat(Details(members, "completion_tokens_details", "reasoning_tokens"))
            .Any(m => m.Value.ValueKind != JsonValueKind.Null && Count(m.Value) is null);
    }

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

    private static long? Count(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var count) && count >= 0 ? count : null;
}
