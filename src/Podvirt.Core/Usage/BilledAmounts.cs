using System.Runtime.InteropServices;

namespace Podvirt.Core.Usage;

/// <summary>What has a price of its own.</summary>
public enum UsageKind
{
    /// <summary>Prompt tokens that were not cached.</summary>
    Prompt,

    /// <summary>Prompt tokens that came from the prefix cache.</summary>
    Cached,

    /// <summary>Generated tokens, reasoning included.</summary>
    Completion,

    /// <summary>Embedded tokens, cached or not.</summary>
    Embedding,

    /// <summary>Microseconds of video.</summary>
    Video,
}

/// <summary>How much of each kind is billed: no unit stands in two kinds.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct BilledAmounts(long Prompt, long Cached, long Completion, long Embedding, long VideoUs)
{
    /// <summary>The surfaces whose prompt tokens are embedded ones, as SQL lists them: those of embedding models.</summary>
    public const string EmbeddingSurfaces = "'embeddings', 'rerank', 'score'";

    /// <summary>Tokens of one request at most. A thousand times the largest context there is still stays far below.</summary>
    public const long TokensMax = 1_000_000_000_000;

    public static IReadOnlyList<UsageKind> Kinds { get; } = Enum.GetValues<UsageKind>();

    /// <summary>Tokens; microseconds for video.</summary>
    public long this[UsageKind kind] => kind switch
    {
        UsageKind.Prompt => Prompt,
        UsageKind.Cached => Cached,
        UsageKind.Completion => Completion,
        UsageKind.Embedding => Embedding,
        UsageKind.Video => VideoUs,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "unknown kind of usage"),
    };

    public static BilledAmounts Of(UsageRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return Of(record.Surface, record.Tokens) with { VideoUs = record.VideoUs };
    }

    /// <summary>Whether the prompt tokens of a surface are embedded ones. The same as <see cref="EmbeddingSurfaces"/>.</summary>
    public static bool IsEmbedding(string surface) => surface is "embeddings" or "rerank" or "score";

    /// <summary>Of what was counted on a surface.</summary>
    public static BilledAmounts Of(string surface, TokenCounts tokens) =>
        IsEmbedding(surface) ? new BilledAmounts(0, 0, tokens.Completion, tokens.Prompt, 0) : Of(tokens);

    /// <summary>False for counts that cannot be: such a record is billed at zero.</summary>
    public static bool CanBill(TokenCounts tokens) =>
        IsWithin(tokens.Prompt, TokensMax)
        && IsWithin(tokens.Completion, TokensMax)
        && IsWithin(tokens.Cached, tokens.Prompt)
        && IsWithin(tokens.Reasoning, tokens.Completion);

    /// <summary>Of generated text.</summary>
    public static BilledAmounts Of(TokenCounts tokens) => new(tokens.Prompt - tokens.Cached, tokens.Cached, tokens.Completion, 0, 0);

    public static BilledAmounts operator +(BilledAmounts a, BilledAmounts b) => Add(a, b);

    public static BilledAmounts Add(BilledAmounts a, BilledAmounts b) => new(
        checked(a.Prompt + b.Prompt),
        checked(a.Cached + b.Cached),
        checked(a.Completion + b.Completion),
        checked(a.Embedding + b.Embedding),
        checked(a.VideoUs + b.VideoUs));

    private static bool IsWithin(long count, long max) => count >= 0 && count <= max;
}
