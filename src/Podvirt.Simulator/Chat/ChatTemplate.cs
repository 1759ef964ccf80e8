using System.Text;
using System.Text.Json;
using Podvirt.Simulator.Completions;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Language;
using Podvirt.Simulator.Options;
using Podvirt.Simulator.Tokens;
using Podvirt.Simulator.Tools;

namespace Podvirt.Simulator.Chat;

/// <summary>
/// The chat template: each message is its role's token, its images, its text and the end token; the assistant's token follows the last
/// message. So a message costs two tokens more than its text, and a conversation one more. <c>developer</c> counts as <c>system</c>.
/// A reply and its end token make the next turn's prompt a continuation of this one, which the prefix cache then knows.
/// </summary>
internal static class ChatTemplate
{
    public static List<ChatMessage> Read(JsonElement messages)
    {
        if (messages.ValueKind != JsonValueKind.Array)
        {
            throw RequestException.Malformed("Input should be a valid list: messages", "messages");
        }

        return [.. ChatContent.Parts(messages, "messages").Select(
            fields => new ChatMessage(Fields.TextOf(fields.Need("role"), "role"), ChatContent.Read(fields.Find("content"))) { Calls = CallsOf(fields) })];
    }

    /// <param name="tools">The functions that the model may call; they stand before the first message as one of the system's.</param>
    public static PromptText Render(IReadOnlyList<ChatMessage> messages, IReadOnlyList<Tool>? tools = null)
    {
        if (messages.Count == 0)
        {
            throw RequestException.Bad("messages must hold at least one message.", "messages");
        }

        var tokens = new List<int>();
        if (tools is { Count: > 0 })
        {
            tokens.Add(SpecialTokens.System);
            Tokenizer.Encode(string.Join('\n', tools.Select(tool => tool.Text)), tokens);
            tokens.Add(SpecialTokens.End);
        }

        var system = new StringBuilder();
        var user = new List<string>();
        foreach (var message in messages)
        {
            var role = Role(message.Role);
            tokens.Add(role);
            foreach (var image in message.Content.Images)
            {
                ImageTokens.Add(image, tokens);
            }

            Tokenizer.Encode(message.Text, tokens);
            foreach (var call in message.Calls)
            {
                Tokenizer.Encode(call.Name, tokens);
                Tokenizer.Encode(call.Arguments, tokens);
            }

            tokens.Add(SpecialTokens.End);
            if (role == SpecialTokens.System)
            {
                system.AppendLine(message.Text);
            }
            else if (role == SpecialTokens.User)
            {
                user.Add(message.Text);
            }
        }

        tokens.Add(SpecialTokens.Assistant);
        return new PromptText([.. tokens], Topic.Read(system.ToString(), user));
    }

    /// <summary>Whether the replies begin with thinking: the model can, and the request does not switch it off.</summary>
    public static bool Thinks(Fields request, SimulatorOptions options) =>
        options.Thinking
        && (request.Group("chat_template_kwargs") is not { } template || !template.Has("enable_thinking") || template.Flag("enable_thinking"));

    private static IReadOnlyList<ToolCall> CallsOf(Fields message)
    {
        if (message.Find("tool_calls") is not { ValueKind: JsonValueKind.Array } calls)
        {
            return [];
        }

        return [.. ChatContent.Parts(calls, "tool_calls").Select(call => call.Group("function")).OfType<Fields>().Select(
            function => new ToolCall(Fields.TextOf(function.Need("name"), "name"), function.Text("arguments") ?? ""))];
    }

    private static int Role(string role) => role switch
    {
        "system" or "developer" => SpecialTokens.System,
        "user" => SpecialTokens.User,
        "assistant" => SpecialTokens.Assistant,
        "tool" => SpecialTokens.Tool,
        _ => throw RequestException.Bad($"Unexpected message role: {role}.", "messages"),
    };
}
