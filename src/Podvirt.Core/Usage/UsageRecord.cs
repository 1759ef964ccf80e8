namespace Podvirt.Core.Usage;

/// <summary>How a request ended.</summary>
public enum UsageOutcome
{
    /// <summary>The engine finished and the client was handed the end.</summary>
    Completed,

    /// <summary>The client left.</summary>
    Cancelled,

    /// <summary>The engine died, stalled or was cut after the answer had begun.</summary>
    Truncated,

    /// <summary>No answer: the engine refused or failed before the first byte.</summary>
    Failed,
}

/// <summary>Where the counts come from.</summary>
public enum UsageSource
{
    /// <summary>The engine reported nothing: billed at zero, and counted where everybody sees it.</summary>
    None,

    /// <summary>The engine's own cumulative counts.</summary>
    Engine,

    /// <summary>The engine reported what cannot be: negative, shrinking, broken or absurd counts. Billed at zero, and shown where everybody sees it.</summary>
    Quarantined,
}

/// <summary>What one request consumed. Written once, before the client sees the end of its answer.</summary>
public sealed record UsageRecord
{
    /// <summary>UUIDv7; the same value as the response's <c>x-request-id</c>.</summary>
    public required Guid Id { get; init; }

    public required string Project { get; init; }

    /// <summary>The key's id, never the key. Empty for the console's playground.</summary>
    public required string Key { get; init; }

    public required string Model { get; init; }

    public required int Revision { get; init; }

    /// <summary>The replica that served it; empty when none did.</summary>
    public string Replica { get; init; } = "";

    /// <summary>The name of the API's part: <c>chat.completions</c>, <c>rerank</c>, …; <c>playground</c> for the console's chat.</summary>
    public required string Surface { get; init; }

    public required UsageOutcome Outcome { get; init; }

    /// <summary>HTTP status sent to the client; 499 where the client left before one was sent.</summary>
    public required int Status { get; init; }

    /// <summary>Why it did not complete, as the API's error code; empty when it did.</summary>
    public string Reason { get; init; } = "";

    public bool Streamed { get; init; }

    public TokenCounts Tokens { get; init; }

    public UsageSource Source { get; init; }

    /// <summary>UTC, microseconds: when the request had been read and authenticated.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>Microseconds from the start until the request went to the engine, the parked ones included; 0 when it never did.</summary>
    public long QueuedUs { get; init; }

    /// <summary>Microseconds spent parked, waiting for a replica.</summary>
    public long ParkedUs { get; init; }

    /// <summary>Microseconds from the start to the first byte of the first event that carries output; null for plain replies.</summary>
    public long? FirstTokenUs { get; init; }

    /// <summary>Microseconds from start to end.</summary>
    public required long DurationUs { get; init; }

    /// <summary>Microseconds of video that were made.</summary>
    public long VideoUs { get; init; }

    /// <summary>The rate version by which the client was told its cost; null: it was told none, and the version of the record's end holds.</summary>
    public int? QuotedRate { get; init; }

    /// <summary>True when the request waited for a start or a wake.</summary>
    public bool ColdStart { get; init; }

    /// <summary>Microseconds in which the engine's tokens came: from the first one where that is known, else from the sending.</summary>
    public long DecodeUs => Math.Max(0, DurationUs - (FirstTokenUs ?? QueuedUs));

    public DateTimeOffset EndedAt => StartedAt.AddMicroseconds(DurationUs);
}
