using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Podvirt.Simulator.Http;

/// <summary>JSON replies, written field by field so that their order and their nulls are exactly the engine's.</summary>
internal static class Json
{
    /// <summary>Escapes no more than Python does: other languages and symbols travel as they are.</summary>
    public static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static ReadOnlyMemory<byte> Bytes(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(buffer, Writing))
        {
            write(writer);
        }

        return buffer.WrittenMemory;
    }

    public static Task ReplyAsync(HttpContext context, Action<Utf8JsonWriter> write, int status = StatusCodes.Status200OK) =>
        ReplyAsync(context, Bytes(write), status);

    public static async Task ReplyAsync(HttpContext context, ReadOnlyMemory<byte> body, int status = StatusCodes.Status200OK)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        await context.Response.BodyWriter.WriteAsync(body, context.RequestAborted);
    }

    /// <summary>The request's body; whatever is wrong with it is a malformed request.</summary>
    public static async Task<JsonDocument> ReadAsync(HttpContext context)
    {
        try
        {
            var document = await JsonDocument.ParseAsync(context.Request.Body, default, context.RequestAborted);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document;
            }

            document.Dispose();
            throw RequestException.Malformed("Input should be a JSON object", "body");
        }
        catch (JsonException exception)
        {
            throw RequestException.Malformed($"JSON decode error: line {exception.LineNumber + 1}, byte {exception.BytePositionInLine}", "body");
        }
    }
}
