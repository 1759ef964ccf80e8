using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Podvirt.Core.Requests;

namespace Podvirt.Gateway.Surfaces;

/// <summary>
/// Writes errors as <c>{"error":{"message","type","param","code"}}</c>, as a reply or inside a stream; where clients are Anthropic's, as
/// <see cref="AnthropicErrors"/> has them.
/// </summary>
internal static class ApiErrorWriter
{
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task WriteReplyAsync(HttpContext context, ApiError error)
    {
        WriteReply(context, error);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    /// <summary>The same, not sent.</summary>
    public static void WriteReply(HttpContext context, ApiError error)
    {
        var response = context.Response;
        response.StatusCode = error.Status;
        response.ContentType = "application/json";
        response.Headers.CacheControl = "no-store";
        if (error.Status == 401)
        {
            response.Headers.WWWAuthenticate = "Bearer";
        }
        if (error.RetryAfter is { } after)
        {
            // Whole seconds for everybody, milliseconds for the SDKs that read them.
            response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(after.TotalSeconds)).ToString("0", CultureInfo.InvariantCulture);
            response.Headers["retry-after-ms"] = Math.Max(0, Math.Ceiling(after.TotalMilliseconds)).ToString("0", CultureInfo.InvariantCulture);
        }
        if (error.ShouldRetry is { } shouldRetry)
        {
            response.Headers["x-should-retry"] = shouldRetry ? "true" : "false";
        }
        var buffer = new ArrayBufferWriter<byte>(256);
        if (AnthropicErrors.AreFor(context.Request))
        {
            AnthropicErrors.Write(buffer, error, response);
        }
        else
        {
            WriteJson(buffer, error);
        }
        response.ContentLength = buffer.WrittenCount;
        response.BodyWriter.Write(buffer.WrittenSpan);
    }

    /// <summary>One event, in the words of the surface's clients. The stream ends after it, without an end mark.</summary>
    /// <param name="writer">Where to.</param>
    /// <param name="error">What to tell.</param>
    /// <param name="surface">To whose clients.</param>
    /// <param name="requestId">Which request it was.</param>
    /// <param name="sequence">The event's number, where events are numbered.</param>
    public static void WriteEvent(IBufferWriter<byte> writer, ApiError error, RequestSurface surface, Guid requestId, long sequence)
    {
        switch (surface)
        {
            case RequestSurface.Messages:
                writer.Write("event: error\ndata: "u8);
                AnthropicErrors.Write(writer, error, requestId);
                break;
            case RequestSurface.Responses:
                writer.Write("event: error\ndata: "u8);
                WriteResponseEvent(writer, error, sequence);
                break;
            case RequestSurface.Speech:
                writer.Write("event: speech.audio.error\ndata: "u8);
                WriteSpeechEvent(writer, error);
                break;
            default:
                writer.Write("data: "u8);
                WriteJson(writer, error);
                break;
        }
        writer.Write("\n\n"u8);
    }

    // OpenAI's event has its members at its root; what its SDKs throw is an error within. Both read this one.
    private static void WriteResponseEvent(IBufferWriter<byte> writer, ApiError error, long sequence)
    {
        using var json = new Utf8JsonWriter(writer, s_options);
        json.WriteStartObject();
        json.WriteString("type"u8, "error"u8);
        json.WriteNumber("sequence_number"u8, sequence);
        json.WriteString("message"u8, error.Message);
        json.WriteString("code"u8, error.Code);
        json.WriteString("param"u8, error.Param);
        json.WriteStartObject("error"u8);
        WriteMembers(json, error, error.Type);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    // As vllm-omni says it.
    private static void WriteSpeechEvent(IBufferWriter<byte> writer, ApiError error)
    {
        using var json = new Utf8JsonWriter(writer, s_options);
        json.WriteStartObject();
        json.WriteString("type"u8, "speech.audio.error"u8);
        json.WriteStartObject("error"u8);
        WriteMembers(json, error, error.Type);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteJson(IBufferWriter<byte> writer, ApiError error)
    {
        using var json = new Utf8JsonWriter(writer, s_options);
        json.WriteStartObject();
        json.WriteStartObject("error"u8);
        WriteMembers(json, error, error.Type);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>The members of an error, in the order in which OpenAI has them.</summary>
    internal static void WriteMembers(Utf8JsonWriter json, ApiError error, string type)
    {
        json.WriteString("message"u8, error.Message);
        json.WriteString("type"u8, type);
        json.WriteString("param"u8, error.Param);
        json.WriteString("code"u8, error.Code);
        if (error.Eta is { } eta)
        {
            json.WriteNumber("eta_ms"u8, (long)Math.Ceiling(eta.TotalMilliseconds));
        }
    }
}
