using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Messaging;

namespace Podvirt.Metering.Ledger;

/// <summary>All usage records, rated, and what is summed from them.</summary>
public interface ILedger
{
    /// <summary>
    /// Adds a batch and its rollups in one durable commit. A record whose id is there already is left as it is: the same
    /// batch may come any number of times.
    /// </summary>
    ValueTask AppendAsync(IReadOnlyList<RatedRecord> records, CancellationToken cancellationToken = default);

    ValueTask<RatedRecord?> FindAsync(Guid id, CancellationToken cancellationToken = default);

    /// <summary>Records that ended within the query's time, newest first.</summary>
    /// <param name="limit">At most this many; 1 to 10,000.</param>
    ValueTask<IReadOnlyList<RatedRecord>> ListAsync(UsageQuery query, int limit, CancellationToken cancellationToken = default);

    /// <summary>Exact sums from the raw records and the adjustments to them, by group, by the group's name.</summary>
    ValueTask<IReadOnlyList<UsageSum>> SumAsync(UsageQuery query, UsageGroup group, CancellationToken cancellationToken = default);

    /// <summary>What ended in the month, by project, key and model; at once, however many records there are.</summary>
    ValueTask<IReadOnlyList<Consumed>> ConsumedAsync(UtcMonth month, CancellationToken cancellationToken = default);

    /// <summary>All-time number of requests by model, from the rollups.</summary>
    ValueTask<IReadOnlyDictionary<string, long>> RequestTotalsAsync(CancellationToken cancellationToken = default);
}

/// <summary>A usage record with its price.</summary>
/// <param name="RateVersion">The version by which it was rated first.</param>
/// <param name="Cost">What it cost by that.</param>
public sealed record RatedRecord(UsageRecord Record, int RateVersion, Cost Cost)
{
    /// <summary>What re-ratings added since. Read from a ledger; appending does not store it.</summary>
    public Cost Adjustment { get; init; }

    /// <summary>What is billed for it: every sum of money adds this up.</summary>
    public Cost Billed => Cost + Adjustment;
}

/// <summary>Which records: those with <c>From ≤ ended &lt; To</c> (UTC); null filters take all.</summary>
public sealed record UsageQuery(DateTimeOffset From, DateTimeOffset To, string? Model = null, string? Key = null, string? Project = null);

public enum UsageGroup
{
    Model,
    Key,
    Project,
    Outcome,

    /// <summary>UTC hour, named as <c>2026-01-31T23:00:00Z</c>.</summary>
    Hour,
}

/// <summary>One group's sums.</summary>
/// <param name="Unreported">Requests for which the engine reported no usage: billed at zero.</param>
public sealed record UsageSum(
    string Group, long Requests, long Completed, long Cancelled, long Truncated, long Failed, long Unreported,
    TokenCounts Tokens, Cost Cost)
{
    /// <summary>Requests for which the engine reported impossible counts: billed at zero.</summary>
    public long Quarantined { get; init; }
}
