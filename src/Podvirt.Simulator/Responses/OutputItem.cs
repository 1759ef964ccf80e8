using System.Text.Json;

namespace Podvirt.Simulator.Responses;

/// <summary>What an output item is.</summary>
internal enum OutputKind
{
    Reasoning,
    Message,
}

/// <summary>One item of a response's output.</summary>
/// <param name="Text">So far.</param>
internal sealed record OutputItem(OutputKind Kind, string Id, string Text)
{
    public string Type => Kind == OutputKind.Reasoning ? "reasoning" : "message";

    /// <summary>As a part of a response, or of the event that closes it.</summary>
    public void Write(Utf8JsonWriter writer) => Write(writer, "completed", Text);

    /// <summary>As it is announced, before it has any content.</summary>
    public void WriteOpening(Utf8JsonWriter writer) => Write(writer, "in_progress", null);

    public void WritePart(Utf8JsonWriter writer, string text)
    {
        writer.WriteStartObject();
        if (Kind == OutputKind.Message)
        {
            writer.WriteStartArray("annotations");
            writer.WriteEndArray();
        }

        writer.WriteString("text", text);
        writer.WriteString("type", Kind == OutputKind.Message ? "output_text" : "reasoning_text");
        if (Kind == OutputKind.Message)
        {
            writer.WriteNull("logprobs");
        }

        writer.WriteEndObject();
    }

    private void Write(Utf8JsonWriter writer, string status, string? text)
    {
        writer.WriteStartObject();
        writer.WriteString("id", Id);
        if (Kind == OutputKind.Reasoning)
        {
            writer.WriteStartArray("summary");
            writer.WriteEndArray();
            writer.WriteString("type", Type);
            WriteContent(writer, text);
            writer.WriteNull("encrypted_content");
            writer.WriteString("status", status);
        }
        else
        {
            WriteContent(writer, text);
            writer.WriteString("role", "assistant");
            writer.WriteString("status", status);
            writer.WriteString("type", Type);
        }

        writer.WriteEndObject();
    }

    private void WriteContent(Utf8JsonWriter writer, string? text)
    {
        if (Kind == OutputKind.Reasoning && text is null)
        {
            writer.WriteNull("content");
            return;
        }

        writer.WriteStartArray("content");
        if (!string.IsNullOrEmpty(text))
        {
            WritePart(writer, text);
        }

        writer.WriteEndArray();
    }
}
