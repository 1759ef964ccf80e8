namespace Podvirt.LoadTest.Generator;

/// <summary>What the client asks of the engine's usage reports.</summary>
internal enum UsageOption
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary><c>include_usage</c>: one usage chunk at the end, as most clients ask.</summary>
    Include,

    /// <summary>Also <c>continuous_usage_stats</c>: a usage object on each chunk.</summary>
    Continuous,
}

/// <summary>Which session id requests carry.</summary>
internal enum SessionChoice
{
    None,

    /// <summary>Each slot is one conversation, whose turns follow each other.</summary>
    PerSlot,

    /// <summary>Each request has one of its own, so that routing cannot know that turns belong together.</summary>
    PerRequest,
}

/// <summary>
/// One run of the generator. Closed loop (<see cref="Rate"/> 0): as many slots as <see cref="Streams"/>, each sends its next request when its last ended.
/// Open loop: a request every 1/rate seconds, whatever has ended by then, and delays count from when it was meant to go.
/// </summary>
internal sealed record LoadPlan
{
    public required int Port { get; init; }

    public string Key { get; init; } = "";

    public string Model { get; init; } = "mock";

    /// <summary>Slots of the closed loop.</summary>
    public int Streams { get; init; } = 1;

    /// <summary>Requests in all.</summary>
    public int Requests { get; init; } = 1;

    /// <summary>Requests per second of the open loop; 0: closed loop.</summary>
    public double Rate { get; init; }

    /// <summary>The closed loop's slots start spread over this time, so that their tokens do not fall due together.</summary>
    public int RampMs { get; init; }

    public bool Stream { get; init; } = true;

    public int Tokens { get; init; } = 100;

    public int GapUs { get; init; } = 20_000;

    public int FirstUs { get; init; }

    public int Padding { get; init; }

    public UsageOption Usage { get; init; } = UsageOption.Include;

    /// <summary>The client closes after this many tokens; 0: after <see cref="AbortAfterMs"/>; -1: never.</summary>
    public int AbortAfterTokens { get; init; } = -1;

    public int AbortAfterMs { get; init; }

    /// <summary>So many of the slots read slowly.</summary>
    public int SlowStreams { get; init; }

    /// <summary>So many of those do not read on at all after their first token.</summary>
    public int StoppedStreams { get; init; }

    /// <summary>How fast the rest of them read.</summary>
    public int SlowBytesPerSecond { get; init; }

    public SessionChoice Session { get; init; }

    /// <summary>Bytes by which each turn of a conversation makes its prompt longer.</summary>
    public int PromptGrowth { get; init; }

    /// <summary>Tells conversations of different runs apart.</summary>
    public string Label { get; init; } = "run";

    /// <summary>The engine numbers its tokens, so that missing ones are noticed; another engine's are only counted by its <c>[DONE]</c>.</summary>
    public bool IsNumbered { get; init; } = true;

    /// <summary>Report every request by itself.</summary>
    public bool Details { get; init; }

    /// <summary>What has not ended by then counts as lost.</summary>
    public int TimeoutMs { get; init; } = 60_000;
}
