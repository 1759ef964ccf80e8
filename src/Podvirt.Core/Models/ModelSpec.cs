namespace Podvirt.Core.Models;

/// <summary>One catalog entry, at one revision. Immutable: a change makes a new revision.</summary>
public sealed record ModelSpec
{
    /// <summary>What clients put in <c>model</c>. May hold <c>/</c>.</summary>
    public required string Id { get; init; }

    public string Vendor { get; init; } = "";

    /// <summary>Display name; the id where none was given.</summary>
    public required string Name { get; init; }

    public required ModelType Type { get; init; }

    public required EngineSpec Engine { get; init; }

    public GpuNeed Gpu { get; init; } = new();

    public ReplicaRange Replicas { get; init; } = new();

    public IdleSpec Idle { get; init; } = IdleSpec.Auto;

    public PriceSpec? Price { get; init; }

    /// <summary>What a video model offers; null: whatever its engine takes.</summary>
    public VideoSpec? Video { get; init; }

    /// <summary>Starts at 1 and grows by one with every change of this entry.</summary>
    public int Revision { get; init; } = 1;

    /// <summary>The name the engine knows.</summary>
    public string ServedAs => Engine.ServedAs ?? Id;
}

/// <summary>What one replica needs of GPUs.</summary>
/// <param name="Count">GPUs of one node and one kind. 0: none.</param>
/// <param name="MemoryBytes">Bytes on each of them; becomes the engine's own limit.</param>
public sealed record GpuNeed(int Count = 1, long MemoryBytes = 0);

/// <summary>How many replicas, and how many requests each takes at a time.</summary>
/// <param name="Min">Kept running without demand.</param>
/// <param name="Max">Never exceeded.</param>
/// <param name="Concurrency">Slots of one replica: requests in flight at a time.</param>
public sealed record ReplicaRange(int Min = 0, int Max = 1, int Concurrency = 64);

/// <summary>When an idle replica sleeps and when it stops.</summary>
/// <param name="SleepAfter">Idle time before sleep; null: the policy decides.</param>
/// <param name="StopAfter">Idle time before stop, counted from the last request; null: the policy decides.</param>
public sealed record IdleSpec(TimeSpan? SleepAfter, TimeSpan? StopAfter)
{
    public static IdleSpec Auto { get; } = new(null, null);
}

/// <summary>USD per million tokens, as written by the operator: exact decimals with at most six places.</summary>
/// <param name="Embedding">Of a token that is embedded; null: what a prompt token costs.</param>
/// <param name="VideoSecond">USD for a second of video.</param>
public sealed record PriceSpec(decimal Prompt = 0, decimal Cached = 0, decimal Completion = 0, decimal? Embedding = null, decimal VideoSecond = 0);

/// <summary>What a model for video generation offers. A request for anything else is refused before it waits for the model.</summary>
/// <param name="Sizes">Width x height, as requests write it; empty: any.</param>
/// <param name="Seconds">Lengths; empty: any up to <paramref name="MaxSeconds"/>.</param>
/// <param name="MaxSeconds">The longest; null: not said.</param>
/// <param name="Fps">Frames per second of what asks for frames and not for seconds; null: not said.</param>
public sealed record VideoSpec(IReadOnlyList<string> Sizes, IReadOnlyList<decimal> Seconds, decimal? MaxSeconds, int? Fps);

/// <summary>All models at one moment. Stored under <see cref="StateKey"/>.</summary>
/// <param name="Revision">Grows by one with every applied change.</param>
public sealed record Catalog(long Revision, IReadOnlyList<ModelSpec> Models)
{
    public const string StateKey = "catalog";

    public static Catalog Empty { get; } = new(0, []);

    public ModelSpec? Find(string id) => Models.FirstOrDefault(m => string.Equals(m.Id, id, StringComparison.Ordinal));
}
