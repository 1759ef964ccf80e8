using System.Text.Json;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Http;

namespace Podvirt.Simulator.Responses;

/// <summary>A response as JSON, with every member and its nulls.</summary>
internal static class ResponseBody
{
    public const string Queued = "queued";
    public const string InProgress = "in_progress";
    public const string Completed = "completed";
    public const string Incomplete = "incomplete";
    public const string Failed = "failed";
    public const string Cancelled = "cancelled";

    /// <summary>
    /// The status of a generation that has ended. Whatever was not cut by its cap counts as completed: also what the engine gave up.
    /// </summary>
    public static string StatusOf(Sequence sequence) => sequence.Finish == FinishReason.Length ? Incomplete : Completed;

    /// <param name="generation">For the usage; null while there is none.</param>
    public static void Write(
        Utf8JsonWriter writer, ResponseRequest request, string model, int tokensMax, string status, IReadOnlyList<OutputItem> output, Generation? generation)
    {
        var body = new Fields(request.Body);
        writer.WriteStartObject();
        writer.WriteString("id", request.Id);
        writer.WriteNumber("created_at", request.Created);
        WriteIncomplete(writer, status);
        writer.WriteString("instructions", request.Instructions);
        Repeat(writer, body, "metadata", "null");
        writer.WriteString("model", model);
        writer.WriteString("object", "response");
        writer.WriteStartArray("output");
        foreach (var item in output)
        {
            item.Write(writer);
        }

        writer.WriteEndArray();
        Repeat(writer, body, "parallel_tool_calls", "true");
        WriteDecimal(writer, "temperature", request.Sampling.Temperature);
        Repeat(writer, body, "tool_choice", "\"auto\"");
        Repeat(writer, body, "tools", "[]");
        WriteDecimal(writer, "top_p", body.Number("top_p") ?? 1);
        writer.WriteBoolean("background", request.Background);
        writer.WriteNumber("max_output_tokens", tokensMax);
        Repeat(writer, body, "max_tool_calls", "null");
        writer.WriteString("previous_response_id", request.PreviousId);
        writer.WriteNull("prompt");
        Repeat(writer, body, "reasoning", "null");
        Repeat(writer, body, "service_tier", "\"auto\"");
        writer.WriteString("status", status);
        Repeat(writer, body, "text", "null");
        writer.WriteNull("top_logprobs");
        Repeat(writer, body, "truncation", "\"disabled\"");
        WriteUsage(writer, generation);
        Repeat(writer, body, "user", "null");
        writer.WriteNull("input_messages");
        writer.WriteNull("output_messages");
        writer.WriteEndObject();
    }

    private static void WriteIncomplete(Utf8JsonWriter writer, string status)
    {
        if (status != Incomplete)
        {
            writer.WriteNull("incomplete_details");
            return;
        }

        writer.WriteStartObject("incomplete_details");
        writer.WriteString("reason", "max_output_tokens");
        writer.WriteEndObject();
    }

    private static void Repeat(Utf8JsonWriter writer, Fields body, string name, string absent)
    {
        writer.WritePropertyName(name);
        writer.WriteRawValue(body.Find(name) is { } value ? value.GetRawText() : absent);
    }

    // As Python spells a number that may have a fraction.
    private static void WriteDecimal(Utf8JsonWriter writer, string name, double value)
    {
        writer.WritePropertyName(name);
        writer.WriteRawValue(value.ToString("0.0##############"));
    }

    private static void WriteUsage(Utf8JsonWriter writer, Generation? generation)
    {
        if (generation is null || generation.Faults.NoUsage)
        {
            writer.WriteNull("usage");
            return;
        }

        writer.WriteStartObject("usage");
        writer.WriteNumber("input_tokens", generation.PromptTokens);
        writer.WriteStartObject("input_tokens_details");
        writer.WriteNumber("cached_tokens", generation.CachedTokens);
        WriteEmpty(writer, "input_tokens_per_turn", "cached_tokens_per_turn");
        writer.WriteEndObject();
        writer.WriteNumber("output_tokens", generation.GeneratedTokens);
        writer.WriteStartObject("output_tokens_details");
        writer.WriteNumber("reasoning_tokens", generation.Sequences.Sum(sequence => sequence.ThinkingTokens));
        writer.WriteNumber("tool_output_tokens", 0);
        WriteEmpty(writer, "output_tokens_per_turn", "tool_output_tokens_per_turn");
        writer.WriteEndObject();
        writer.WriteNumber("total_tokens", generation.PromptTokens + generation.GeneratedTokens);
        writer.WriteEndObject();
    }

    // Turns are counted apart only for models with tools of their own.
    private static void WriteEmpty(Utf8JsonWriter writer, params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            writer.WriteStartArray(name);
            writer.WriteEndArray();
        }
    }
}
