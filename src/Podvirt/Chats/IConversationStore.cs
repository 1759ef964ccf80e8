namespace Podvirt.Chats;

/// <summary>
/// Conversations, answers and frames, kept over restarts. What a call returned for is in every later answer; what was
/// asked for by a visitor survives the machine, an answer's progress survives the process. All methods may be called at the same time. An
/// <see cref="IOException"/> says that the store could not be read or written.
/// </summary>
internal interface IConversationStore
{
    /// <summary>False where the visitor has as many as may be.</summary>
    Task<bool> CreateAsync(Conversation conversation, CancellationToken cancellationToken);

    /// <summary>The latest first.</summary>
    Task<ConversationPage> ListAsync(ConversationQuery query, CancellationToken cancellationToken);

    /// <summary>With its messages; null where the visitor has no such conversation.</summary>
    Task<ConversationTree?> FindAsync(string visitor, string id, CancellationToken cancellationToken);

    /// <summary>Changes title, settings or leaf, whatever is not null. False where there is none, or no such leaf.</summary>
    Task<bool> ChangeAsync(string visitor, string id, string? title, ChatSettings? settings, string? leaf, CancellationToken cancellationToken);

    /// <summary>With all messages, answers and frames. Id null: all of the visitor's. Returns how many.</summary>
    Task<int> DeleteAsync(string visitor, string? id, CancellationToken cancellationToken);

    /// <summary>Removes all that there is of a visitor.</summary>
    Task<int> ForgetAsync(string visitor, CancellationToken cancellationToken);

    /// <summary>Days after which what was not touched goes; null: never.</summary>
    Task<int?> RetentionAsync(string visitor, CancellationToken cancellationToken);

    Task SetRetentionAsync(string visitor, int? days, CancellationToken cancellationToken);

    /// <summary>Adds an answer, with its question where there is a new one.</summary>
    Task<BeginOutcome> BeginAsync(NewAnswer answer, CancellationToken cancellationToken);

    /// <summary>How often a running answer is to be saved.</summary>
    TimeSpan SaveInterval { get; }

    /// <summary>Writes down how far an answer has come. Nothing happens where it was deleted, or ended by another.</summary>
    Task<SaveOutcome> SaveAsync(AnswerProgress progress, CancellationToken cancellationToken);

    Task<StoredAnswer?> FindAnswerAsync(string visitor, string id, CancellationToken cancellationToken);

    /// <summary>Null where there is no such answer.</summary>
    Task<FramePage?> FramesAsync(string visitor, string id, long after, CancellationToken cancellationToken);

    /// <summary>Ends what ran in processes that died. Returns how many answers.</summary>
    Task<int> InterruptAsync(DateTimeOffset framesUntil, CancellationToken cancellationToken);

    /// <summary>Removes conversations whose retention is over, and frames, thinking and lone answers whose time is over.</summary>
    Task<SweepCounts> SweepAsync(DateTimeOffset now, CancellationToken cancellationToken);
}

/// <param name="Projects">Those that may be seen; null: all.</param>
/// <param name="Search">In titles and messages, upper and lower case alike within ASCII.</param>
/// <param name="Before">A page's <see cref="ConversationPage.Next"/>.</param>
internal sealed record ConversationQuery(
    string Visitor, IReadOnlyList<string>? Projects, string? Model, string? Search, int Limit, ConversationPlace? Before)
{
    /// <summary>Only the conversation that this request gave an answer of: a usage record's id.</summary>
    public string? Request { get; init; }
}

/// <summary>Where a page ends.</summary>
internal sealed record ConversationPlace(long UpdatedUs, string Id);

internal sealed record ConversationPage(IReadOnlyList<Conversation> Conversations, ConversationPlace? Next);

internal enum BeginOutcome
{
    Begun,

    /// <summary>The conversation was deleted.</summary>
    Gone,

    /// <summary>One of its answers runs.</summary>
    Running,

    /// <summary>It has as many messages, or bytes of them, as may be.</summary>
    Full,
}

internal enum SaveOutcome
{
    Saved,

    /// <summary>And somebody wants it to be stopped.</summary>
    StopWanted,

    /// <summary>It is not this process's any more: nobody waits for what comes of it.</summary>
    Gone,
}

/// <param name="Question">Null: a question that is there is answered again.</param>
/// <param name="Parent">The question's id; null for an answer that stands alone.</param>
/// <param name="Title">For a conversation without one.</param>
internal sealed record NewAnswer(
    AnswerIdentity Identity, AnswerFacts Facts, Message? Question, string? Parent, string? Title, string RequestHeaders, ReadOnlyMemory<byte> RequestBody);

/// <summary>What is new since the last time.</summary>
/// <param name="Rewritten">Text and thinking are all there is, in the place of what was saved.</param>
/// <param name="ResponseHead">Status and headers as JSON, once.</param>
/// <param name="Frames">Null: none came.</param>
/// <param name="FramesTruncated">Later frames are not kept.</param>
internal sealed record AnswerProgress(
    string Id, AnswerFacts Facts, string Text, string Thinking, bool Rewritten, string? ResponseHead, FrameBlock? Frames, bool FramesTruncated)
{
    /// <summary>Nothing more comes; its bill has come, or never will.</summary>
    public bool IsOver { get; init; }
}

/// <summary>The exact bytes of some frames.</summary>
/// <param name="Request">Null: frames and request are gone.</param>
/// <param name="Next">The <c>after</c> of the next page; null: there is nothing more so far.</param>
internal sealed record FramePage(
    string? RequestHeaders, byte[]? RequestBody, string? ResponseHead, IReadOnlyList<Frame> Frames, long? Next, bool Truncated);

internal sealed record SweepCounts(int Conversations, int Answers);
