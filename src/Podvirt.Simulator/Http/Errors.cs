using System.Text.Json;

namespace Podvirt.Simulator.Http;

/// <summary>The two shapes in which engines send errors.</summary>
internal sealed class Errors(bool legacy)
{
    public Task ReplyAsync(HttpContext context, RequestException error) => Json.ReplyAsync(context, writer => Write(writer, error), error.Status);

    public void Write(Utf8JsonWriter writer, RequestException error)
    {
        writer.WriteStartObject();
        if (legacy)
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
        if (!legacy)
        {
            writer.WriteEndObject();
        }
    }
}
