using System.Text.Json;

namespace Podvirt.Simulator.Http;

/// <summary>The shapes in which engines send errors.</summary>
internal enum ErrorShape
{
    /// <summary><c>{"error":{"message",…}}</c>.</summary>
    Nested,

    /// <summary><c>{"object":"error","message",…}</c>, as older engines do.</summary>
    Flat,

    /// <summary>
    /// <c>{"type":"error","error":{"type","message"}}</c>. A malformed body is still reported nested: the engine looks at a body's form
    /// before it knows which API was called.
    /// </summary>
    Anthropic,
}

/// <summary>Sends errors in one of the shapes.</summary>
internal sealed class Errors(ErrorShape shape)
{
    public Task ReplyAsync(HttpContext context, RequestException error) => Json.ReplyAsync(context, writer => Write(writer, error), error.Status);

    public void Write(Utf8JsonWriter writer, RequestException error)
    {
        if (shape == ErrorShape.Anthropic && !error.IsMalformed)
        {
            WriteAnthropic(writer, error.Type, error.Message);
            return;
        }

        writer.WriteStartObject();
        if (shape == ErrorShape.Flat)
        {
            writer.WriteString("object", "error");
        }
        else
        {
            writer.WriteStartObject("error");
        }

        writer.WriteString("message", error.Message);
        writer.WriteString("type", error.Type);
        writer.WriteString("param", error.Parameter);
        writer.WriteNumber("code", error.Status);
        writer.WriteEndObject();
        if (shape != ErrorShape.Flat)
        {
            writer.WriteEndObject();
        }
    }

    public static void WriteAnthropic(Utf8JsonWriter writer, string type, string message)
    {
        writer.WriteStartObject();
        writer.WriteString("type", "error");
        writer.WriteStartObject("error");
        writer.WriteString("type", type);
        writer.WriteString("message", message);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
