namespace Podvirt.Chats;

/// <summary>What a visitor chats with: a tree of messages, and what goes with every question.</summary>
internal sealed record Conversation
{
    public required string Id { get; init; }

    /// <summary>Whose it is; nobody else sees it.</summary>
    public required string Visitor { get; init; }

    /// <summary>Who pays.</summary>
    public required string Project { get; init; }

    public required string Model { get; init; }

    /// <summary>Empty until the first question gives it one.</summary>
    public required string Title { get; init; }

    /// <summary>Keeps it on the replica that has it cached.</summary>
    public required string SessionId { get; init; }

    public required ChatSettings Settings { get; init; }

    /// <summary>The last message of the branch that is shown; null: there are no messages.</summary>
    public string? Leaf { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When a message was added last.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>An answer of it runs. Read from the store only.</summary>
    public bool Running { get; init; }
}

/// <param name="System">The system prompt; empty: none.</param>
/// <param name="Temperature">0 to 2; null: the engine's own.</param>
/// <param name="MaxTokens">From 1; null: the engine's own.</param>
/// <param name="Stop">Where the engine stops; four at most.</param>
internal sealed record ChatSettings(string? System = null, double? Temperature = null, int? MaxTokens = null, IReadOnlyList<string>? Stop = null)
{
    public static ChatSettings Default { get; } = new("", null, null, []);
}

/// <summary>A place in the tree. An answer has the id of its message.</summary>
/// <param name="Parent">The message that it follows; null: it is a first one.</param>
/// <param name="Role">user or assistant.</param>
/// <param name="Content">Of a question; an answer's text stands with the answer.</param>
/// <param name="Answer">Null for a question.</param>
internal sealed record Message(string Id, string? Parent, string Role, string Content, DateTimeOffset CreatedAt, StoredAnswer? Answer)
{
    public const string User = "user";
    public const string Assistant = "assistant";
}

/// <param name="Messages">In the order in which they were added.</param>
internal sealed record ConversationTree(Conversation Conversation, IReadOnlyList<Message> Messages)
{
    public Message? Find(string? id) => id is null ? null : Messages.FirstOrDefault(m => m.Id == id);

    /// <summary>From the first message to this one.</summary>
    public IReadOnlyList<Message> Branch(string? leaf)
    {
        var byId = Messages.ToDictionary(m => m.Id, StringComparer.Ordinal);
        var branch = new List<Message>();
        for (var at = leaf is null ? null : byId.GetValueOrDefault(leaf); at is not null; at = at.Parent is null ? null : byId.GetValueOrDefault(at.Parent))
        {
            branch.Add(at);
        }
        branch.Reverse();
        return branch;
    }
}
