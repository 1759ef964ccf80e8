using System.Text.Json;

namespace Podvirt.Simulator.Responses;

/// <summary>What an output item is.</summary>
internal enum OutputKind
{
    Reasoning,
    Message,
    FunctionCall,
}

/// <summary>One item of a response's output.</summary>
/// <param name="Text">So far: what was thought or said, or the arguments of the call.</param>
internal sealed record OutputItem(OutputKind Kind, string Id, string Text)
{
    public string CallId { get; private init; } = "";

    /// <summary>Of the function that is called.</summary>
    public string Name { get; private init; } = "";

    public static OutputItem Call(string id, string callId, string name) => new(OutputKind.FunctionCall, id, "") { CallId = callId, Name = name };

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
        switch (Kind)
        {
            case OutputKind.Reasoning:
                WriteReasoning(writer, status, text);
                break;
            case OutputKind.Message:
                WriteMessage(writer, status, text);
                break;
            default:
                WriteCall(writer, status, text);
                break;
        }

        writer.WriteEndObject();
    }

    private void WriteReasoning(Utf8JsonWriter writer, string status, string? text)
    {
        writer.WriteString("id", Id);
        writer.WriteStartArray("summary");
        writer.WriteEndArray();
        writer.WriteString("type", "reasoning");
        if (text is null)
        {
            writer.WriteNull("content");
        }
        else
        {
            WriteContent(writer, text);
        }

        writer.WriteNull("encrypted_content");
        writer.WriteString("status", status);
    }

    private void WriteMessage(Utf8JsonWriter writer, string status, string? text)
    {
        writer.WriteString("id", Id);
        WriteContent(writer, text);
        writer.WriteString("role", "assistant");
        writer.WriteString("status", status);
        writer.WriteString("type", "message");
    }

    private void WriteCall(Utf8JsonWriter writer, string status, string? arguments)
    {
        writer.WriteString("arguments", arguments ?? "");
        writer.WriteString("call_id", CallId);
        writer.WriteString("name", Name);
        writer.WriteString("type", "function_call");
        writer.WriteString("id", Id);
        writer.WriteString("status", status);
    }

    private void WriteContent(Utf8JsonWriter writer, string? text)
    {
        writer.WriteStartArray("content");
        if (!string.IsNullOrEmpty(text))
        {
            WritePart(writer, text);
        }

        writer.WriteEndArray();
    }
}
