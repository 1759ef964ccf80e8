using System.Text.Json;
using Podvirt.Core.Usage;

namespace Podvirt.Fuzz.References;

/// <summary>The counts of Anthropic's messages, from their <see cref="JsonDocument"/>.</summary>
internal readonly record struct MessageUsageReference(long Input, long CacheRead, long CacheCreation, long Output)
{
    public TokenCounts Counts => new(Input + CacheRead + CacheCreation, CacheRead, Output, 0);

    /// <summary>What has been told once an object follows <paramref name="before"/>. False: nothing new.</summary>
    public static bool Read(JsonElement usage, MessageUsageReference before, out MessageUsageReference after)
    {
        after = before;
        if (usage.ValueKind != JsonValueKind.Object)
        {
            return false;
        }
        var (input, output) = (Last(usage, "input_tokens"), Last(usage, "output_tokens"));
        if (input is null && output is null)
        {
            return false;
        }
        var rest = input is null ? before : default;
        var next = new MessageUsageReference(
            input ?? before.Input, Last(usage, "cache_read_input_tokens") ?? rest.CacheRead, Last(usage, "cache_creation_input_tokens") ?? rest.CacheCreation,
            output ?? before.Output);
        if (Sum(next) > long.MaxValue)
        {
            return false;
        }
        after = next;
        return true;
    }

    public static bool IsBad(JsonElement usage, MessageUsageReference before)
    {
        if (usage.ValueKind != JsonValueKind.Object)
        {
            return false;
        }
        string[] names = ["input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"];
        var isNone = JsonMember.Of(usage).Any(m => names.Contains(m.Name) && m.Value.ValueKind != JsonValueKind.Null && UsageReference.Count(m.Value) is null);
        var isSaid = Last(usage, "input_tokens") is not null || Last(usage, "output_tokens") is not null;
        return isNone || (isSaid && !Read(usage, before, out _));
    }

    private static Int128 Sum(MessageUsageReference usage) => (Int128)usage.Input + usage.CacheRead + usage.CacheCreation;

    // The last that is a count.
    private static long? Last(JsonElement usage, string name) =>
        JsonMember.Of(usage).Where(m => m.Name == name).Select(m => UsageReference.Count(m.Value)).LastOrDefault(c => c is not null);
}
