using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Podvirt.Chats;

/// <summary>Headers of a request or reply as they are shown.</summary>
internal static class ExchangeHeaders
{
    public static IReadOnlyDictionary<string, string> Of(IHeaderDictionary headers) => headers
        .OrderBy(h => h.Key, StringComparer.OrdinalIgnoreCase)
        .ToDictionary(h => h.Key.ToLowerInvariant(), h => h.Value.ToString(), StringComparer.Ordinal);

    /// <summary>What <c>Server-Timing</c> says of parking; null where it says nothing.</summary>
    public static long? ParkedMs(string? serverTiming)
    {
        const string Name = "parked;dur=";
        var part = serverTiming?.Split(',', StringSplitOptions.TrimEntries).FirstOrDefault(p => p.StartsWith(Name, StringComparison.Ordinal));
        return part is not null && double.TryParse(part[Name.Length..], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var milliseconds)
            ? (long)milliseconds
            : null;
    }
}

/// <summary>What a reply said before its first byte.</summary>
internal sealed record ResponseHead(int Status, IReadOnlyDictionary<string, string> Headers);
