using System.Text;
using System.Text.Json;
using Podvirt.Simulator.Chat;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Tools;

namespace Podvirt.Simulator.Messages;

/// <summary>
/// Turns a conversation in Anthropic's words into chat turns: all system texts become one first turn, results of tools become turns of
/// their own before the message that held them, thinking is left out.
/// </summary>
internal static class MessageReader
{
    public static List<ChatMessage> Read(Fields request)
    {
        var messages = request.Need("messages");
        if (messages.ValueKind != JsonValueKind.Array)
        {
            throw RequestException.Malformed("Input should be a valid list: messages", "messages");
        }

        var system = new StringBuilder();
        AppendSystem(request.Find("system"), "system", system);
        var turns = new List<ChatMessage>();
        foreach (var message in ChatContent.Parts(messages, "messages"))
        {
            var role = Role(message);
            var content = message.Need("content");
            if (role == "system")
            {
                AppendSystem(content, "content", system);
            }
            else
            {
                AddTurn(role, content, turns);
            }
        }

        if (system.Length > 0)
        {
            turns.Insert(0, new ChatMessage("system", system.ToString()));
        }

        return turns;
    }

    // Some clients call a user's turn by names of their own; the engine lets them.
    private static string Role(Fields message) => Fields.TextOf(message.Need("role"), "role") switch
    {
        "user" or "ctx" or "msg" => "user",
        "assistant" => "assistant",
        "system" => "system",
        var role => throw RequestException.Malformed($"Input should be 'user', 'assistant' or 'system', got '{role}'", "role"),
    };

    private static void AppendSystem(JsonElement? content, string name, StringBuilder system)
    {
        if (content is not { ValueKind: JsonValueKind.Array } blocks)
        {
            system.Append(content is { } text ? Fields.TextOf(text, name) : "");
            return;
        }

        foreach (var block in ChatContent.Parts(blocks, name))
        {
            system.Append(Kind(block) == "text" ? block.Text("text") : "");
        }
    }

    private static void AddTurn(string role, JsonElement content, List<ChatMessage> turns)
    {
        if (content.ValueKind != JsonValueKind.Array)
        {
            turns.Add(new ChatMessage(role, Fields.TextOf(content, "content")));
            return;
        }

        var text = new StringBuilder();
        var images = new List<string>();
        var calls = new List<ToolCall>();
        foreach (var block in ChatContent.Parts(content, "content"))
        {
            switch (Kind(block))
            {
                case "text":
                    ChatContent.Append(text, block.Text("text") ?? "");
                    break;
                case "image" when block.Group("source") is { } source:
                    images.Add(Address(source));
                    break;
                case "tool_use":
                    calls.Add(new ToolCall(block.Text("name") ?? "", block.Find("input")?.GetRawText() ?? "{}"));
                    break;
                case "tool_result" when role == "user":
                    turns.Add(new ChatMessage("tool", ResultOf(block)));
                    break;
                default:
                    break;
            }
        }

        if (role == "assistant" || text.Length > 0 || images.Count > 0)
        {
            turns.Add(new ChatMessage(role, new ChatContent(text.ToString(), images)) { Calls = calls });
        }
    }

    private static ChatContent ResultOf(Fields block)
    {
        if (block.Find("content") is not { ValueKind: JsonValueKind.Array } parts)
        {
            return new ChatContent(block.Text("content") ?? "", []);
        }

        var text = new StringBuilder();
        var images = new List<string>();
        foreach (var part in ChatContent.Parts(parts, "content"))
        {
            switch (part.Text("type"))
            {
                case "text":
                    ChatContent.Append(text, part.Text("text") ?? "");
                    break;
                case "image" when part.Group("source") is { } source:
                    images.Add(Address(source));
                    break;
                default:
                    break;
            }
        }

        return new ChatContent(text.ToString(), images);
    }

    private static string Address(Fields source) => source.Text("type") == "url"
        ? source.Text("url") ?? ""
        : $"data:{source.Text("media_type") ?? "image/jpeg"};base64,{source.Text("data")}";

    private static string Kind(Fields block) => block.Text("type") switch
    {
        "text" or "image" or "tool_use" or "tool_result" or "tool_reference" or "thinking" or "redacted_thinking" => block.Text("type")!,
        var type => throw RequestException.Malformed($"A content block cannot be of type '{type}'", "content"),
    };
}
