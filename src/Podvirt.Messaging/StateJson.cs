using System.Text.Json;
using System.Text.Json.Serialization;

namespace Podvirt.Messaging;

/// <summary>How typed facts stand in the state store: snake_case JSON, enums by name, unknown members ignored.</summary>
public static class StateJson
{
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static ReadOnlyMemory<byte> ToBytes<T>(T value) => JsonSerializer.SerializeToUtf8Bytes(value, Options);

    /// <exception cref="JsonException">The stored bytes are not a <typeparamref name="T"/>.</exception>
    public static T Read<T>(this StateEntry entry) =>
        JsonSerializer.Deserialize<T>(entry.Value.Span, Options)
        ?? throw new JsonException($"The state store holds null under '{entry.Key}'.");
}
