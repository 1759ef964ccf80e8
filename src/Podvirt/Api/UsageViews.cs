using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger;

namespace Podvirt.Api;

/// <summary>Sums over a time, by group. All money is an exact decimal with twelve places, as text.</summary>
internal sealed record UsageReport(DateTimeOffset From, DateTimeOffset To, string Group, IReadOnlyList<UsageRow> Data, UsageRow Total)
{
    public static UsageReport Of(UsageQuery query, string group, IReadOnlyList<UsageSum> sums)
    {
        var total = new UsageSum("", 0, 0, 0, 0, 0, 0, default, Cost.Zero);
        foreach (var sum in sums)
        {
            total = new UsageSum(
                "", total.Requests + sum.Requests, total.Completed + sum.Completed, total.Cancelled + sum.Cancelled,
                total.Truncated + sum.Truncated, total.Failed + sum.Failed, total.Unreported + sum.Unreported,
                total.Tokens + sum.Tokens, total.Cost + sum.Cost)
            {
                Quarantined = total.Quarantined + sum.Quarantined,
            };
        }
        return new UsageReport(query.From, query.To, group, [.. sums.Select(UsageRow.Of)], UsageRow.Of(total));
    }
}

/// <param name="Group">The model, key, project, outcome or hour; empty for the total.</param>
/// <param name="Unreported">Requests for which the engine reported no usage: billed at zero.</param>
internal sealed record UsageRow(
    string Group, long Requests, long Completed, long Cancelled, long Truncated, long Failed, long Unreported,
    long PromptTokens, long CachedTokens, long CompletionTokens, long ReasoningTokens, string Cost)
{
    public static UsageRow Of(UsageSum sum) => new(
        sum.Group, sum.Requests, sum.Completed, sum.Cancelled, sum.Truncated, sum.Failed, sum.Unreported,
        sum.Tokens.Prompt, sum.Tokens.Cached, sum.Tokens.Completion, sum.Tokens.Reasoning, sum.Cost.ToString())
    {
        Quarantined = sum.Quarantined,
    };

    /// <summary>Requests for which the engine reported impossible counts: billed at zero.</summary>
    public long Quarantined { get; init; }
}

/// <summary>One request on the ledger.</summary>
/// <param name="RateVersion">The version by which it was rated first.</param>
/// <param name="Cost">What is billed: by that version, and with every adjustment since.</param>
internal sealed record RequestView(
    string Id, string Project, string Key, string Model, int Revision, string Replica, string Surface, string Outcome, int Status, string Reason,
    bool Streamed, bool ColdStart, string UsageSource, long PromptTokens, long CachedTokens, long CompletionTokens, long ReasoningTokens,
    DateTimeOffset StartedAt, DateTimeOffset EndedAt, long QueuedUs, long ParkedUs, long? FirstTokenUs, long DurationUs, int RateVersion, string Cost)
{
    /// <summary>The part of <see cref="Cost"/> that re-ratings added.</summary>
    public required string Adjustment { get; init; }

    public static RequestView Of(RatedRecord rated)
    {
        var record = rated.Record;
        var tokens = record.Tokens;
        return new RequestView(
            record.Id.ToString(), record.Project, record.Key, record.Model, record.Revision, record.Replica, record.Surface,
            OutcomeName(record.Outcome), record.Status, record.Reason, record.Streamed, record.ColdStart,
            SourceName(record.Source),
            tokens.Prompt, tokens.Cached, tokens.Completion, tokens.Reasoning,
            record.StartedAt, record.EndedAt, record.QueuedUs, record.ParkedUs, record.FirstTokenUs, record.DurationUs, rated.RateVersion, rated.Billed.ToString())
        {
            Adjustment = rated.Adjustment.ToString(),
        };
    }

    private static string SourceName(Core.Usage.UsageSource source) => source switch
    {
        Core.Usage.UsageSource.None => "none",
        Core.Usage.UsageSource.Engine => "engine",
        Core.Usage.UsageSource.Quarantined => "quarantined",
        _ => throw new ArgumentOutOfRangeException(nameof(source), source, "unknown usage source"),
    };

    private static string OutcomeName(UsageOutcome outcome) => outcome switch
    {
        UsageOutcome.Completed => "completed",
        UsageOutcome.Cancelled => "cancelled",
        UsageOutcome.Truncated => "truncated",
        UsageOutcome.Failed => "failed",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "unknown outcome"),
    };
}
