using Podvirt.Simulator.Tools;

namespace Podvirt.Simulator.Chat;

/// <summary>One turn of a conversation, through whichever API it came.</summary>
/// <param name="Role"><c>system</c>, <c>developer</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>.</param>
internal sealed record ChatMessage(string Role, ChatContent Content)
{
    public ChatMessage(string role, string text)
        : this(role, new ChatContent(text, []))
    {
    }

    public string Text => Content.Text;

    /// <summary>The calls of functions that an assistant's turn made, after its text.</summary>
    public IReadOnlyList<ToolCall> Calls { get; init; } = [];
}
