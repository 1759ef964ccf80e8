using System.Text.Json;
using Podvirt.Simulator.Chat;
using Podvirt.Simulator.Completions;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Language;

namespace Podvirt.Simulator.Messages;

/// <summary>A message as one body, and the parts of it that its stream shares. Members without a value are left out.</summary>
/// <param name="named">Whether the request named the function to call: its reply then ends as if nothing was called.</param>
internal sealed class MessageReply(ReplyHead head, Generation generation, bool named)
{
    public ReplyHead Head => head;

    private Sequence Sequence => generation.Sequences[0];

    /// <summary>Of the thinking; nobody checks it.</summary>
    public string Signature => $"{Chooser.Hash(head.Id):x16}";

    /// <summary>A stop sequence counts as the natural end, and what the engine gave up has no reason at all.</summary>
    public string? StopReason => ChatChoice.FinishName(Sequence, named) switch
    {
        "stop" => "end_turn",
        "length" => "max_tokens",
        "tool_calls" => "tool_use",
        _ => null,
    };

    public void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartObject();
        writer.WriteString("id", head.Id);
        writer.WriteString("type", "message");
        writer.WriteString("role", "assistant");
        writer.WriteStartArray("content");
        WriteContent(writer);
        writer.WriteEndArray();
        writer.WriteString("model", head.Model);
        if (StopReason is { } reason)
        {
            writer.WriteString("stop_reason", reason);
        }

        WriteUsage(writer);
        writer.WriteEndObject();
    }

    public void WriteUsage(Utf8JsonWriter writer) => WriteUsage(writer, generation.GeneratedTokens);

    public void WriteUsage(Utf8JsonWriter writer, int outputTokens)
    {
        if (generation.Faults.NoUsage)
        {
            return;
        }

        writer.WriteStartObject("usage");
        writer.WriteNumber("input_tokens", generation.PromptTokens);
        writer.WriteNumber("output_tokens", outputTokens);
        writer.WriteEndObject();
    }

    public string CallId(int call) => ChatChoice.CallId(head, Sequence, call);

    private void WriteContent(Utf8JsonWriter writer)
    {
        if (Sequence.Thinking is { } thinking)
        {
            writer.WriteStartObject();
            writer.WriteString("type", "thinking");
            writer.WriteString("thinking", thinking);
            writer.WriteString("signature", Signature);
            writer.WriteEndObject();
        }

        if (Sequence.Answer.Length > 0)
        {
            writer.WriteStartObject();
            writer.WriteString("type", "text");
            writer.WriteString("text", Sequence.Answer);
            writer.WriteEndObject();
        }

        // A call without the end of its arguments is none: there is no value to put in.
        var calls = Sequence.Calls;
        var whole = Sequence is { Finish: FinishReason.Stop, StopReason: null } ? calls.Count : calls.Count - 1;
        for (var i = 0; i < whole; i++)
        {
            writer.WriteStartObject();
            writer.WriteString("type", "tool_use");
            writer.WriteString("id", CallId(i));
            writer.WriteString("name", calls[i].Name);
            writer.WritePropertyName("input");
            writer.WriteRawValue(calls[i].Arguments);
            writer.WriteEndObject();
        }
    }
}
