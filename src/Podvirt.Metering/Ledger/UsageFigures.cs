using System.Runtime.InteropServices;
using Podvirt.Core.Usage;

namespace Podvirt.Metering.Ledger;

/// <summary>Which requests a dashboard looks at: those with <c>From ≤ ended &lt; To</c> (UTC, both at a minute or hour).</summary>
public sealed record FiguresQuery(DateTimeOffset From, DateTimeOffset To, string? Model = null, string? Project = null);

public enum FiguresGroup
{
    /// <summary>All in one.</summary>
    None,
    Model,
    Revision,
}

public enum FiguresStep
{
    /// <summary>Kept for 48 hours.</summary>
    Minute,

    /// <summary>Kept for ever.</summary>
    Hour,
}

/// <summary>What many requests came to.</summary>
public sealed record UsageFigures
{
    public required long Requests { get; init; }

    public required long Completed { get; init; }

    public required long Cancelled { get; init; }

    public required long Truncated { get; init; }

    public required long Failed { get; init; }

    /// <summary>Requests for which the engine reported no usage: billed at zero.</summary>
    public required long Unreported { get; init; }

    /// <summary>Requests for which the engine reported impossible counts: billed at zero.</summary>
    public required long Quarantined { get; init; }

    public required TokenCounts Tokens { get; init; }

    /// <summary>Those of the prompt tokens that were embedded.</summary>
    public required long EmbeddingTokens { get; init; }

    public required long VideoUs { get; init; }

    /// <summary>Microseconds in which the completion tokens came; see <see cref="UsageRecord.DecodeUs"/>. Of requests that had any.</summary>
    public required long DecodeUs { get; init; }

    public required Cost Cost { get; init; }

    /// <summary>From start to end, of every request.</summary>
    public required DurationFigures Latency { get; init; }

    /// <summary>Of streams that had a first token.</summary>
    public required DurationFigures FirstToken { get; init; }

    /// <summary>Requests that waited for a start or a wake.</summary>
    public required long ColdStarts { get; init; }

    /// <summary>What these waited, in microseconds.</summary>
    public required long ColdStartUs { get; init; }

    /// <summary>Requests that waited for a replica at all, those of a cold start included.</summary>
    public required long Parked { get; init; }

    /// <summary>What these waited, in microseconds.</summary>
    public required long ParkedUs { get; init; }

    /// <summary>Weighted by tokens: all completion tokens over all the time in which they came. Null where there were none.</summary>
    public double? TokensPerSecond => Tokens.Completion > 0 && DecodeUs > 0 ? Tokens.Completion * 1e6 / DecodeUs : null;
}

/// <summary>Durations in microseconds. The sum is exact; quantiles are nearest ranks within 2 %; all are 0 where there was none.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct DurationFigures(long Count, long SumUs, long P50Us, long P95Us, long P99Us)
{
    public double? AverageUs => Count > 0 ? (double)SumUs / Count : null;
}

/// <summary>Figures of all requests, and of each group in the order of models and revisions; no group for <see cref="FiguresGroup.None"/>.</summary>
public sealed record FiguresReport(UsageFigures Total, IReadOnlyList<FiguresRow> Rows);

/// <summary>Figures of one group.</summary>
/// <param name="Model">Its id.</param>
/// <param name="Revision">0 where the group is no revision.</param>
/// <param name="FirstAt">Start of the first minute or hour that holds one of its requests.</param>
/// <param name="Figures">Sums and quantiles.</param>
public sealed record FiguresRow(string Model, int Revision, DateTimeOffset FirstAt, UsageFigures Figures);

/// <summary>Figures of one group in one step of time.</summary>
/// <param name="At">The step's start.</param>
/// <param name="Model">Empty for <see cref="FiguresGroup.None"/>.</param>
/// <param name="Revision">0 where the group is no revision.</param>
/// <param name="Figures">Sums and quantiles.</param>
public sealed record FiguresPoint(DateTimeOffset At, string Model, int Revision, UsageFigures Figures);
