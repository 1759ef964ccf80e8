using System.IO.Compression;
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

    /// <summary>
    /// Longer JSON is compressed: a catalog of ten thousand models must fit into one value, of <see cref="StateKeys.ValueBytesMax"/> bytes.
    /// </summary>
    private const int PlainBytesMax = 64 * 1024;

    /// <summary>How gzip begins, and JSON cannot.</summary>
    private static ReadOnlySpan<byte> GzipMark => [0x1f, 0x8b];

    public static ReadOnlyMemory<byte> ToBytes<T>(T value)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(value, Options);
        return json.Length <= PlainBytesMax ? json : Compress(json);
    }

    /// <exception cref="JsonException">The stored bytes are not a <typeparamref name="T"/>.</exception>
    public static T Read<T>(this StateEntry entry) =>
        (entry.Value.Span.StartsWith(GzipMark) ? ReadCompressed<T>(entry.Value) : JsonSerializer.Deserialize<T>(entry.Value.Span, Options))
        ?? throw new JsonException($"The state store holds null under '{entry.Key}'.");

    private static ReadOnlyMemory<byte> Compress(byte[] json)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Optimal))
        {
            gzip.Write(json);
        }
        return compressed.ToArray();
    }

    private static T? ReadCompressed<T>(ReadOnlyMemory<byte> value)
    {
        using var gzip = new GZipStream(new MemoryStream(value.ToArray()), CompressionMode.Decompress);
        return JsonSerializer.Deserialize<T>(gzip, Options);
    }
}
