using System.Runtime.InteropServices;
using Podvirt.Core.Usage;

namespace Podvirt.Metering.Ledger;

/// <summary>Which records: those with <c>From ≤ ended &lt; To</c> (UTC) that all given filters take.</summary>
public sealed record UsageQuery(DateTimeOffset From, DateTimeOffset To, string? Model = null, string? Key = null, string? Project = null)
{
    public int? Revision { get; init; }

    public UsageOutcome? Outcome { get; init; }

    public UsageSource? Source { get; init; }

    /// <summary>Only records that <see cref="ILedger.ListAsync"/> puts behind this place. Nothing but lists knows places.</summary>
    public RecordPlace? After { get; init; }
}

/// <summary>A record's place among all of them.</summary>
[StructLayout(LayoutKind.Auto)]
public readonly record struct RecordPlace(DateTimeOffset EndedAt, Guid Id)
{
    public static RecordPlace Of(UsageRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        return new RecordPlace(record.EndedAt, record.Id);
    }
}

public enum UsageGroup
{
    Model,
    Key,
    Project,
    Outcome,

    /// <summary>UTC hour, named as <c>2026-01-31T23:00:00Z</c>.</summary>
    Hour,

    /// <summary>A model's revision, named as <c>MODEL@3</c>.</summary>
    Revision,

    /// <summary>UTC day, named as <c>2026-01-31</c>.</summary>
    Day,
}

/// <summary>One group's sums.</summary>
/// <param name="Unreported">Requests for which the engine reported no usage: billed at zero.</param>
/// <param name="EmbeddingTokens">Those of the prompt tokens that were embedded.</param>
/// <param name="VideoUs">Microseconds of video.</param>
public sealed record UsageSum(
    string Group, long Requests, long Completed, long Cancelled, long Truncated, long Failed, long Unreported,
    TokenCounts Tokens, Cost Cost, long EmbeddingTokens = 0, long VideoUs = 0)
{
    /// <summary>Requests for which the engine reported impossible counts: billed at zero.</summary>
    public long Quarantined { get; init; }

    /// <summary>Sums of both, under the first one's name.</summary>
    public static UsageSum operator +(UsageSum a, UsageSum b) => Add(a, b);

    public static UsageSum Add(UsageSum a, UsageSum b)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        return checked(new UsageSum(
            a.Group, a.Requests + b.Requests, a.Completed + b.Completed, a.Cancelled + b.Cancelled, a.Truncated + b.Truncated,
            a.Failed + b.Failed, a.Unreported + b.Unreported, a.Tokens + b.Tokens, a.Cost + b.Cost,
            a.EmbeddingTokens + b.EmbeddingTokens, a.VideoUs + b.VideoUs)
        {
            Quarantined = a.Quarantined + b.Quarantined,
        });
    }
}
