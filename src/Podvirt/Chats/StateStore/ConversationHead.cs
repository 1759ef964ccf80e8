namespace Podvirt.Chats.StateStore;

/// <summary>A conversation without its words. One entry of the state store: two thousand messages are some 100 KiB of it, compressed.</summary>
internal sealed record ConversationHead
{
    public required string Id { get; init; }

    public required string Project { get; init; }

    public required string Model { get; init; }

    public required string Title { get; init; }

    public required string SessionId { get; init; }

    /// <summary>Null: they are long, and stand below <see cref="SettingsKey"/>.</summary>
    public ChatSettings? Settings { get; init; }

    public string? SettingsKey { get; init; }

    public string? Leaf { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>The answer that runs.</summary>
    public string? Running { get; init; }

    /// <summary>Of its questions, and of its answers that have ended.</summary>
    public long Bytes { get; init; }

    public IReadOnlyList<MessageStub> Messages { get; init; } = [];

    public Conversation ToConversation(string visitor, ChatSettings settings) => new()
    {
        Id = Id,
        Visitor = visitor,
        Project = Project,
        Model = Model,
        Title = Title,
        SessionId = SessionId,
        Settings = settings,
        Leaf = Leaf,
        CreatedAt = CreatedAt,
        UpdatedAt = UpdatedAt,
        Running = Running is not null,
    };
}

/// <summary>A message without its words.</summary>
internal sealed record MessageStub(string Id, string? Parent, bool IsAnswer, DateTimeOffset CreatedAt);

/// <summary>What is still to be removed of a conversation.</summary>
internal sealed record ConversationRemoval(IReadOnlyList<string> Answers);

/// <summary>Days.</summary>
internal sealed record SharedRetention(int Days);
