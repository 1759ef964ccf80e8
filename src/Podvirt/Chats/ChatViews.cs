using System.Text.Json.Serialization;

namespace Podvirt.Chats;

/// <summary>An answer with its text.</summary>
internal sealed record AnswerView : AnswerFacts
{
    [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
    private AnswerView(AnswerFacts facts, AnswerIdentity identity, string text, string? thinking)
        : base(facts)
    {
        StartedAt = facts.StartedAt;
        (Id, Model, Project, Text, Thinking) = (identity.Id, identity.Model, identity.Project, text, thinking);
    }

    [JsonPropertyOrder(-5)]
    public string Id { get; }

    [JsonPropertyOrder(-4)]
    public string Model { get; }

    [JsonPropertyOrder(-3)]
    public string Project { get; }

    /// <summary>The clean answer.</summary>
    [JsonPropertyOrder(-2)]
    public string Text { get; }

    /// <summary>Null: there is none, or it went with the frames.</summary>
    [JsonPropertyOrder(-1)]
    public string? Thinking { get; }

    public static AnswerView Of(StoredAnswer answer) => new(answer.Facts, answer.Identity, answer.Text, answer.Thinking);
}

/// <param name="Content">The question, or the clean answer.</param>
internal sealed record MessageView(string Id, string? Parent, string Role, string Content, DateTimeOffset CreatedAt, AnswerView? Answer)
{
    public static MessageView Of(Message message) => new(
        message.Id, message.Parent, message.Role, message.Answer?.Text ?? message.Content, message.CreatedAt,
        message.Answer is { } answer ? AnswerView.Of(answer) : null);
}

/// <param name="Title">Empty until the first question.</param>
internal sealed record ConversationLine(
    string Id, string Title, string Model, string Project, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, bool Running)
{
    public static ConversationLine Of(Conversation conversation) => new(
        conversation.Id, conversation.Title, conversation.Model, conversation.Project, conversation.CreatedAt, conversation.UpdatedAt, conversation.Running);
}

/// <param name="Next">The <c>before</c> of the next page; null: this is the last one.</param>
internal sealed record ConversationList(string Object, IReadOnlyList<ConversationLine> Data, string? Next);

/// <param name="SessionId">As it is sent in <c>X-Podvirt-Session-Id</c>.</param>
/// <param name="Leaf">The last message of the branch that is shown.</param>
/// <param name="Messages">A tree by their parents, in the order in which they were added.</param>
internal sealed record ConversationView(
    string Id, string Title, string Model, string Project, string SessionId, ChatSettings Settings, string? Leaf, DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt, IReadOnlyList<MessageView> Messages)
{
    public static ConversationView Of(ConversationTree tree)
    {
        var c = tree.Conversation;
        return new ConversationView(
            c.Id, c.Title, c.Model, c.Project, c.SessionId, c.Settings, c.Leaf, c.CreatedAt, c.UpdatedAt, [.. tree.Messages.Select(MessageView.Of)]);
    }
}

/// <param name="Message">The question; null where one was answered again.</param>
internal sealed record BegunAnswer(MessageView? Message, MessageView Answer);

/// <param name="Days">Null: kept until deleted.</param>
internal sealed record RetentionView(int? Days);

internal sealed record DeletedView(int Deleted);

/// <param name="Body">JSON, as it was sent.</param>
internal sealed record FrameRequest(string Method, string Path, IReadOnlyDictionary<string, string> Headers, string Body);

/// <param name="AtUs">Microseconds since the request.</param>
/// <param name="Text">The exact bytes, as UTF-8.</param>
internal sealed record FrameView(long N, long AtUs, string Text);

/// <param name="Status">Null: there is no answer so far.</param>
/// <param name="Next">The <c>after</c> of the next page; null: there is nothing more so far.</param>
/// <param name="Truncated">Later frames were not kept.</param>
internal sealed record FramesView(
    FrameRequest Request, int? Status, IReadOnlyDictionary<string, string>? Headers, IReadOnlyList<FrameView> Frames, long? Next, bool Truncated);
