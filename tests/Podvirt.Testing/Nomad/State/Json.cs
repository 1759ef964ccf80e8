using System.Text.Json.Nodes;

namespace Podvirt.Testing.Nomad.State;

/// <summary>Reading and writing of JSON as Nomad has it: empty lists and maps are null, zero time is the year 1.</summary>
internal static class Json
{
    public static IEnumerable<JsonObject> Items(JsonNode? list) => list is JsonArray items ? items.OfType<JsonObject>() : [];

    public static string Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : "";

    public static IEnumerable<string> Texts(JsonNode? list) => list is JsonArray items ? items.Select(Text) : [];

    public static long Number(JsonNode? node, long otherwise = 0) => node is JsonValue value && value.TryGetValue(out long number)
        ? number
        : node is JsonValue other && other.TryGetValue(out int whole) ? whole : otherwise;

    public static bool Truth(JsonNode? node, bool otherwise = false) => node is JsonValue value && value.TryGetValue(out bool truth) ? truth : otherwise;

    /// <summary>Of nanoseconds.</summary>
    public static TimeSpan Duration(JsonNode? node, TimeSpan otherwise = default) =>
        node is null ? otherwise : TimeSpan.FromTicks(Number(node) / 100);

    public static JsonNode? List(IEnumerable<JsonNode?> items) => items.ToArray() is { Length: > 0 } some ? new JsonArray(some) : null;

    public static JsonNode? Map<T>(IEnumerable<KeyValuePair<string, T>> items, Func<T, JsonNode?> write)
    {
        var map = new JsonObject(items.Select(e => KeyValuePair.Create(e.Key, write(e.Value))));
        return map.Count > 0 ? map : null;
    }

    public static JsonNode? Numbers(IReadOnlyDictionary<string, int> numbers) => Map(numbers, static n => JsonValue.Create(n));

    public static string Time(DateTimeOffset? time) => time is { } t ? t.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.ffffff'Z'") : "0001-01-01T00:00:00Z";

    public static long Nanoseconds(TimeSpan time) => time.Ticks * 100;
}
