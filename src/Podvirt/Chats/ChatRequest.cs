using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Podvirt.Chats;

/// <param name="Role">system, user or assistant.</param>
internal sealed record ChatTurn(string Role, string Content)
{
    public const string System = "system";
}

/// <summary>What is sent to the gateway: a chat completion request.</summary>
internal static class ChatRequest
{
    /// <summary>For those who send it again: the path of the public API.</summary>
    public const string Path = "/v1/chat/completions";

    private static readonly JsonWriterOptions _options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// A branch as the model is told it: clean answers, no thinking. Questions that got no answer are left out, because many chat templates
    /// refuse two questions in a row.
    /// </summary>
    /// <param name="branch">Ends with the question that is to be answered.</param>
    public static IReadOnlyList<ChatTurn> TurnsOf(IReadOnlyList<Message> branch)
    {
        var turns = new List<ChatTurn>();
        for (var at = 0; at < branch.Count; at++)
        {
            var isLast = at == branch.Count - 1;
            if (branch[at].Role == Message.Assistant)
            {
                continue;
            }
            if (isLast)
            {
                turns.Add(new ChatTurn(Message.User, branch[at].Content));
            }
            else if (branch[at + 1].Answer is { Text.Length: > 0 } answer)
            {
                turns.Add(new ChatTurn(Message.User, branch[at].Content));
                turns.Add(new ChatTurn(Message.Assistant, answer.Text));
            }
        }
        return turns;
    }

    public static ReadOnlyMemory<byte> Body(string model, IReadOnlyList<ChatTurn> turns, ChatSettings settings)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using var json = new Utf8JsonWriter(buffer, _options);
        json.WriteStartObject();
        json.WriteString("model"u8, model);
        json.WriteStartArray("messages"u8);
        if (!string.IsNullOrWhiteSpace(settings.System))
        {
            WriteTurn(json, new ChatTurn(ChatTurn.System, settings.System));
        }
        foreach (var turn in turns)
        {
            WriteTurn(json, turn);
        }
        json.WriteEndArray();
        json.WriteBoolean("stream"u8, true);
        // Counts with every chunk, so that a stopped answer can say what it cost.
        json.WriteStartObject("stream_options"u8);
        json.WriteBoolean("include_usage"u8, true);
        json.WriteBoolean("continuous_usage_stats"u8, true);
        json.WriteEndObject();
        if (settings.Temperature is { } temperature)
        {
            json.WriteNumber("temperature"u8, temperature);
        }
        if (settings.MaxTokens is { } maxTokens)
        {
            json.WriteNumber("max_tokens"u8, maxTokens);
        }
        if (settings.Stop is { Count: > 0 } stops)
        {
            json.WriteStartArray("stop"u8);
            foreach (var stop in stops)
            {
                json.WriteStringValue(stop);
            }
            json.WriteEndArray();
        }
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    private static void WriteTurn(Utf8JsonWriter json, ChatTurn turn)
    {
        json.WriteStartObject();
        json.WriteString("role"u8, turn.Role);
        json.WriteString("content"u8, turn.Content);
        json.WriteEndObject();
    }
}
