using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Podvirt.Api;

namespace Podvirt.Chats;

/// <summary>A conversation as a file.</summary>
internal static class ConversationExport
{
    /// <summary>As the API, but to be read by people.</summary>
    public static JsonSerializerOptions Options { get; } = new(ApiJson.Options) { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The branch that is shown, UTF-8: questions and clean answers.</summary>
    public static byte[] Markdown(ConversationTree tree)
    {
        var conversation = tree.Conversation;
        var text = new StringBuilder();
        text.Append("# ").Append(conversation.Title.Length > 0 ? conversation.Title : "Conversation").Append("\n\n");
        text.Append("Model: `").Append(conversation.Model).Append("`, begun ").Append($"{conversation.CreatedAt:yyyy-MM-dd HH:mm} UTC\n");
        if (!string.IsNullOrWhiteSpace(conversation.Settings.System))
        {
            text.Append("\n## System\n\n").Append(conversation.Settings.System.Trim()).Append('\n');
        }
        foreach (var message in tree.Branch(conversation.Leaf))
        {
            text.Append(message.Role == Message.User ? "\n## Question\n\n" : "\n## Answer\n\n");
            text.Append((message.Answer?.Text ?? message.Content).Trim()).Append('\n');
            if (message.Answer is { Facts.Status: AnswerStatus.Stopped or AnswerStatus.Interrupted or AnswerStatus.Failed } answer)
            {
                text.Append("\n*(").Append(answer.Facts.Status.ToString().ToLowerInvariant()).Append(")*\n");
            }
        }
        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
