using System.Text.Json;
using Podvirt.Simulator.Completions;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Language;

namespace Podvirt.Simulator.Messages;

/// <summary>The parts of a message that plain replies and streams share. Members without a value are left out.</summary>
internal static class MessageReply
{
    public static void Write(Utf8JsonWriter writer, ReplyHead head, Generation generation)
    {
        var sequence = generation.Sequences[0];
        writer.WriteStartObject();
        writer.WriteString("id", head.Id);
        writer.WriteString("type", "message");
        writer.WriteString("role", "assistant");
        writer.WriteStartArray("content");
        if (sequence.Thinking is { } thinking)
        {
            writer.WriteStartObject();
            writer.WriteString("type", "thinking");
            writer.WriteString("thinking", thinking);
            writer.WriteString("signature", Signature(head));
            writer.WriteEndObject();
        }

        if (sequence.Answer.Length > 0)
        {
            writer.WriteStartObject();
            writer.WriteString("type", "text");
            writer.WriteString("text", sequence.Answer);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteString("model", head.Model);
        if (StopReason(sequence) is { } reason)
        {
            writer.WriteString("stop_reason", reason);
        }

        WriteUsage(writer, generation, generation.GeneratedTokens);
        writer.WriteEndObject();
    }

    public static void WriteUsage(Utf8JsonWriter writer, Generation generation, int outputTokens)
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

    /// <summary>A stop sequence counts as the natural end, and what the engine gave up has no reason at all.</summary>
    public static string? StopReason(Sequence sequence) => sequence.Finish switch
    {
        FinishReason.Stop => "end_turn",
        FinishReason.Length => "max_tokens",
        _ => null,
    };

    /// <summary>Of the thinking; nobody checks it.</summary>
    public static string Signature(ReplyHead head) => $"{Chooser.Hash(head.Id):x16}";
}
