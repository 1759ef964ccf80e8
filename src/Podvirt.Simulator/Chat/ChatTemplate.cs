using System.Text;
using System.Text.Json;
using Podvirt.Simulator.Completions;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Language;
using Podvirt.Simulator.Tokens;

namespace Podvirt.Simulator.Chat;

/// <summary>
/// The chat template: each message is its role's token, its text and the end token; the assistant's token follows the last message.
/// So a message costs two tokens more than its text, and a conversation one more. <c>developer</c> counts as <c>system</c>.
/// A reply and its end token make the next turn's prompt a continuation of this one, which the prefix cache then knows.
/// </summary>
internal static class ChatTemplate
{
    public static PromptText Render(JsonElement messages)
    {
        if (messages.ValueKind != JsonValueKind.Array)
        {
            throw RequestException.Malformed("Input should be a valid list: messages", "messages");
        }

        if (messages.GetArrayLength() == 0)
        {
            throw RequestException.Bad("messages must hold at least one message.", "messages");
        }

        var tokens = new List<int>();
        var system = new StringBuilder();
        var user = new List<string>();
        foreach (var message in messages.EnumerateArray())
        {
            if (message.ValueKind != JsonValueKind.Object)
            {
                throw RequestException.Malformed("Input should be a valid dictionary: messages", "messages");
            }

            var fields = new Fields(message);
            var role = Role(fields);
            var text = Content(fields);
            tokens.Add(role);
            Tokenizer.Encode(text, tokens);
            tokens.Add(SpecialTokens.End);
            if (role == SpecialTokens.System)
            {
                system.AppendLine(text);
            }
            else if (role == SpecialTokens.User)
            {
                user.Add(text);
            }
        }

        tokens.Add(SpecialTokens.Assistant);
        return new PromptText([.. tokens], Topic.Read(system.ToString(), user));
    }

    private static int Role(Fields message) => Fields.TextOf(message.Need("role"), "role") switch
    {
        "system" or "developer" => SpecialTokens.System,
        "user" => SpecialTokens.User,
        "assistant" => SpecialTokens.Assistant,
        "tool" => SpecialTokens.Tool,
        var role => throw RequestException.Bad($"Unexpected message role: {role}.", "messages"),
    };

    private static string Content(Fields message)
    {
        if (message.Find("content") is not { } content)
        {
            // An assistant turn may have none.
            return "";
        }

        if (content.ValueKind != JsonValueKind.Array)
        {
            return Fields.TextOf(content, "content");
        }

        var text = new StringBuilder();
        foreach (var part in content.EnumerateArray())
        {
            if (part.ValueKind != JsonValueKind.Object)
            {
                throw RequestException.Malformed("Input should be a valid dictionary: content", "messages");
            }

            var fields = new Fields(part);
            if (fields.Text("type") is not "text" and var type)
            {
                throw RequestException.Bad($"This model takes text only, not a part of type '{type}'.", "messages");
            }

            text.Append(text.Length > 0 ? "\n" : "").Append(Fields.TextOf(fields.Need("text"), "text"));
        }

        return text.ToString();
    }
}
