using System.Text.Json.Serialization;

namespace Podvirt.Chats;

/// <summary>How an answer stands. The last four are final.</summary>
[JsonConverter(typeof(AnswerStatusConverter))]
internal enum AnswerStatus
{
    /// <summary>Nothing of it has come.</summary>
    Waiting,

    /// <summary>Some of it has.</summary>
    Streaming,

    /// <summary>The engine ended it; at the token limit, too.</summary>
    Complete,

    /// <summary>The visitor stopped it.</summary>
    Stopped,

    /// <summary>Some of it came, then its engine or its server ended.</summary>
    Interrupted,

    /// <summary>Nothing came.</summary>
    Failed,
}

internal sealed class AnswerStatusConverter() : JsonStringEnumConverter<AnswerStatus>(System.Text.Json.JsonNamingPolicy.SnakeCaseLower);

/// <param name="Kind">warming-up, queued or prefill.</param>
/// <param name="Phase">Of a warm-up.</param>
/// <param name="EtaMs">What is left; null: not known.</param>
internal sealed record AnswerWait(string Kind, string? Phase, long? EtaMs);

/// <param name="Code">As the API has it; null: the engine gave none.</param>
/// <param name="RetryAfterS">Seconds after which another try may do better; null: not known.</param>
internal sealed record AnswerError(string Message, string? Code, int? RetryAfterS = null);

/// <summary>The engine's cumulative counts, as last read.</summary>
internal sealed record AnswerUsage(long Prompt, long Cached, long Completion, long Reasoning);

/// <summary>What the ledger has.</summary>
/// <param name="Cost">USD, exact.</param>
internal sealed record AnswerBill(long Prompt, long Cached, long Completion, long Reasoning, string Cost, int RateVersion);

/// <summary>Which answer, of whom.</summary>
/// <param name="Conversation">Null: it stands alone, and is kept as long as its frames.</param>
internal sealed record AnswerIdentity(string Id, string Visitor, string Project, string Model, string? Conversation);

/// <summary>All that is known of an answer but its text. Times are of the server, from <see cref="StartedAt"/> on.</summary>
internal record AnswerFacts
{
    public AnswerStatus Status { get; init; }

    /// <summary>Tokens of the thinking; null: there is none.</summary>
    public long? ThinkingTokens { get; init; }

    /// <summary>The engine counted them; else they are the tokens of the frames that carried thinking.</summary>
    public bool ThinkingTokensExact { get; init; }

    /// <summary>From the first thinking to the first of the answer, or to the end.</summary>
    public long? ThinkingMs { get; init; }

    /// <summary>stop, length, or another reason of the engine's.</summary>
    public string? Finish { get; init; }

    public AnswerError? Error { get; init; }

    /// <summary>What it waits for; null: for nothing any more.</summary>
    public AnswerWait? Wait { get; init; }

    public string? Replica { get; init; }

    /// <summary>hit, moved or new.</summary>
    public string? Affinity { get; init; }

    public long? ParkedMs { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public long? FirstTokenMs { get; init; }

    /// <summary>Null while it runs.</summary>
    public long? DurationMs { get; init; }

    public AnswerUsage? Usage { get; init; }

    /// <summary>The usage record's id; null: the gateway has not answered yet.</summary>
    public string? RequestId { get; init; }

    /// <summary>Null: not known yet, or there is no usage record.</summary>
    public AnswerBill? Billed { get; init; }

    /// <summary>When frames and thinking go; null: it runs, or they are gone.</summary>
    public DateTimeOffset? FramesUntil { get; init; }

    [JsonIgnore]
    public bool IsRunning => Status is AnswerStatus.Waiting or AnswerStatus.Streaming;
}

/// <param name="Thinking">Null: there was none, or it is gone.</param>
internal sealed record StoredAnswer(AnswerIdentity Identity, AnswerFacts Facts, string Text, string? Thinking);
