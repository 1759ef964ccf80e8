using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Podvirt.Gateway.Surfaces;

/// <summary>Writes errors as <c>{"error":{"message","type","param","code"}}</c>, as a reply or inside a stream.</summary>
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
        WriteJson(buffer, error);
        response.ContentLength = buffer.WrittenCount;
        response.BodyWriter.Write(buffer.WrittenSpan);
    }

    /// <summary>One <c>data:</c> event. The stream ends after it, without <c>[DONE]</c>.</summary>
    public static void WriteEvent(IBufferWriter<byte> writer, ApiError error)
    {
        writer.Write("data: "u8);
        WriteJson(writer, error);
        writer.Write("\n\n"u8);
    }

    private static void WriteJson(IBufferWriter<byte> writer, ApiError error)
    {
        using var json = new Utf8JsonWriter(writer, s_options);
        json.WriteStartObject();
        json.WriteStartObject("error"u8);
        json.WriteString("message"u8, error.Message);
        json.WriteString("type"u8, error.Type);
        json.WriteString("param"u8, error.Param);
        json.WriteString("code"u8, error.Code);
        if (error.Eta is { } eta)
        {
            json.WriteNumber("eta_ms"u8, (long)Math.Ceiling(eta.TotalMilliseconds));
        }
        json.WriteEndObject();
        json.WriteEndObject();
        json.Flush();
    }
}
