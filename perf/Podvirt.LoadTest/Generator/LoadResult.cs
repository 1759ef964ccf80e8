namespace Podvirt.LoadTest.Generator;

/// <summary>What one run saw.</summary>
internal sealed record LoadResult
{
    public int Started { get; init; }

    /// <summary>Ended as they should: a status of 200, every token in order, <c>[DONE]</c>, a clean end of the body.</summary>
    public int Clean { get; init; }

    /// <summary>Closed by the client on purpose.</summary>
    public int Aborted { get; init; }

    /// <summary>How many ended otherwise, by reason.</summary>
    public IReadOnlyDictionary<string, int> Failures { get; init; } = new Dictionary<string, int>();

    public long Tokens { get; init; }

    /// <summary>Tokens that were skipped, doubled or out of order.</summary>
    public long TokensAstray { get; init; }

    /// <summary>Bytes received, framing included.</summary>
    public long Bytes { get; init; }

    public double Seconds { get; init; }

    /// <summary>From the engine's send of a token to its receipt.</summary>
    public Delays TokenDelay { get; init; } = Delays.None;

    /// <summary>From the moment at which the request was meant to go to its first token.</summary>
    public Delays FirstToken { get; init; } = Delays.None;

    /// <summary>The same without the time that the request spent in the engine: what the way there and back took.</summary>
    public Delays FirstTokenPath { get; init; } = Delays.None;

    /// <summary>Between two tokens of a stream, as received.</summary>
    public Delays Gap { get; init; } = Delays.None;

    public IReadOnlyList<RequestDetail> Details { get; init; } = [];
}

/// <summary>One request. Times are nanoseconds on the monotonic clock; 0: it did not happen.</summary>
internal sealed record RequestDetail(long Id, int Slot, int Turn)
{
    public long Intended { get; init; }

    public long FirstComment { get; init; }

    public long FirstToken { get; init; }

    /// <summary>When the engine says that it had the whole request.</summary>
    public long Arrived { get; init; }

    public long Ended { get; init; }

    /// <summary>When the client closed on purpose.</summary>
    public long Closed { get; init; }

    public int Tokens { get; init; }

    public string Outcome { get; init; } = "";

    public string? RequestId { get; init; }

    public string? Replica { get; init; }

    public string? Affinity { get; init; }
}
