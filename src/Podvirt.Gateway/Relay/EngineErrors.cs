using System.Text;
using System.Text.Json;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Relay;

/// <summary>
/// Brings the engines' spellings of an error into one: <c>{"error":{…}}</c>, <c>{"error":"text"}</c>,
/// <c>{"object":"error",…}</c>, <c>{"detail":…}</c> and plain text.
/// </summary>
internal static class EngineErrors
{
    // Of a body that is no JSON, enough to recognise it.
    private const int PlainTextMax = 300;

    // For engines that say it by their status alone.
    private const string BusyCode = "engine_busy";

    /// <summary>The refusal of an engine that has no room now.</summary>
    /// <param name="retryAfter">The engine's own; null: it did not say.</param>
    public static ApiError Busy(int status, ReadOnlySpan<byte> body, TimeSpan? retryAfter)
    {
        var error = Normalise(status, body);
        return error with { Code = error.Code ?? BusyCode, RetryAfter = retryAfter };
    }

    /// <summary>Whether a 404 is about the model's name: else the engine has no such path.</summary>
    public static bool NamesTheModel(ReadOnlySpan<byte> body) => body.IndexOf("does not exist"u8) >= 0;

    public static ApiError Normalise(int status, ReadOnlySpan<byte> body)
    {
        var type = status == 429 ? ApiError.RateLimit : status < 500 ? ApiError.InvalidRequest : ApiError.Server;
        try
        {
            var reader = new Utf8JsonReader(body);
            using var document = JsonDocument.ParseValue(ref reader);
            var root = document.RootElement;
            if (root.ValueKind == JsonValueKind.Object)
            {
                var error = root.TryGetProperty("error", out var inner) ? inner : root;
                return error.ValueKind == JsonValueKind.String
                    ? new ApiError(status, type, null, error.GetString()!)
                    : FromObject(status, type, error);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not JSON, or strings that are no text: its bytes are all there is.
            return FromText(status, type, body);
        }
        return FromText(status, type, body);
    }

    private static ApiError FromObject(int status, string type, JsonElement error)
    {
        var message = Text(error, "message") ?? Text(error, "detail") ?? error.GetRawText();
        // An event of OpenAI's responses has its own type where others have the error's.
        var given = Text(error, "type");
        return new ApiError(status, given is null or "error" ? type : given, Text(error, "code"), message, Text(error, "param"));
    }

    private static ApiError FromText(int status, string type, ReadOnlySpan<byte> body)
    {
        var text = Encoding.UTF8.GetString(body.Length > PlainTextMax ? body[..PlainTextMax] : body).Trim();
        return new ApiError(status, type, null, text.Length == 0 ? $"The engine answered with status {status}." : text);
    }

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
