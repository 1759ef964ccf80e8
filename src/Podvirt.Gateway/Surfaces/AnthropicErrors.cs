using System.Buffers;
using System.Collections.Frozen;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Podvirt.Gateway.Surfaces;

/// <summary>
/// Errors as Anthropic's API has them: <c>{"type":"error","error":{"type","message"},"request_id"}</c>, with a type for each status. Podvirt's
/// <c>code</c> and <c>param</c> stand beside the message.
/// </summary>
internal static class AnthropicErrors
{
    // Of https://docs.anthropic.com/en/api/errors.
    private static readonly FrozenSet<string> s_types = FrozenSet.Create(
        StringComparer.Ordinal,
        "invalid_request_error", "authentication_error", "billing_error", "permission_error", "not_found_error", "request_too_large",
        "rate_limit_error", "api_error", "timeout_error", "overloaded_error");

    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Whether the path is one of Anthropic's, known or not.</summary>
    public static bool AreFor(HttpRequest request) => request.Path.StartsWithSegments(Surface.Messages.Path, StringComparison.Ordinal);

    /// <summary>As a reply, with the header in which Anthropic's SDKs look for the request's id.</summary>
    public static void Write(IBufferWriter<byte> writer, ApiError error, HttpResponse response)
    {
        var requestId = (string?)response.Headers["x-request-id"] ?? "";
        response.Headers["request-id"] = requestId;
        Write(writer, error, requestId);
    }

    /// <summary>As the data of an event.</summary>
    public static void Write(IBufferWriter<byte> writer, ApiError error, Guid requestId) => Write(writer, error, requestId.ToString());

    private static void Write(IBufferWriter<byte> writer, ApiError error, string requestId)
    {
        using var json = new Utf8JsonWriter(writer, s_options);
        json.WriteStartObject();
        json.WriteString("type"u8, "error"u8);
        json.WriteStartObject("error"u8);
        ApiErrorWriter.WriteMembers(json, error, TypeOf(error));
        json.WriteEndObject();
        json.WriteString("request_id"u8, requestId);
        json.WriteEndObject();
    }

    // An engine's own word stands where it is one of Anthropic's and says more than the status does.
    private static string TypeOf(ApiError error) => error.Status switch
    {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 => "overloaded_error",
        504 => "timeout_error",
        >= 500 => s_types.Contains(error.Type) && error.Type != ApiError.InvalidRequest ? error.Type : "api_error",
        _ => "invalid_request_error",
    };
}
