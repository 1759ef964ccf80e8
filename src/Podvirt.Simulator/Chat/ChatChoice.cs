using System.Text.Json;
using Podvirt.Simulator.Completions;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Tools;

namespace Podvirt.Simulator.Chat;

/// <summary>One choice of a plain reply.</summary>
/// <param name="named">Whether the request named the function to call: its reply then ends as if nothing was called.</param>
/// <param name="logprobs">Null when they are not asked for.</param>
internal sealed class ChatChoice(ReplyHead head, bool named, ChatLogprobs? logprobs, bool olderReasoningName)
{
    private const string IdPrefix = "chatcmpl-tool-";

    public void Write(Utf8JsonWriter writer, Sequence sequence)
    {
        writer.WriteNumber("index", sequence.Index);
        writer.WriteStartObject("message");
        writer.WriteString("role", "assistant");
        // A reply cut off while still thinking has no content, and neither has one that only calls.
        var calls = sequence.Calls;
        writer.WriteString("content", sequence.Answer.Length == 0 && (sequence.Thinking is not null || calls.Count > 0) ? null : sequence.Answer);
        writer.WriteNull("refusal");
        writer.WriteNull("annotations");
        writer.WriteNull("audio");
        writer.WriteNull("function_call");
        writer.WriteStartArray("tool_calls");
        for (var i = 0; i < calls.Count; i++)
        {
            writer.WriteStartObject();
            writer.WriteString("id", CallId(head, sequence, i));
            writer.WriteString("type", "function");
            writer.WriteStartObject("function");
            writer.WriteString("name", calls[i].Name);
            writer.WriteString("arguments", calls[i].Arguments);
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteString(olderReasoningName ? "reasoning_content" : "reasoning", sequence.Thinking);
        writer.WriteEndObject();
        writer.WritePropertyName("logprobs");
        if (logprobs is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            logprobs.Write(writer, sequence, 0);
        }

        Replies.WriteFinish(writer, sequence, FinishName(sequence, named));
        writer.WriteNull("token_ids");
    }

    /// <summary>Calls that came to their natural end have a finish reason of their own.</summary>
    public static string FinishName(Sequence sequence, bool named) =>
        sequence.Finish == FinishReason.Stop && !named && sequence.Calls.Count > 0 ? "tool_calls" : sequence.Finish.Name();

    public static string CallId(ReplyHead head, Sequence sequence, int call) => ToolScript.IdOf(IdPrefix, head.Id, sequence.Index, call);
}
