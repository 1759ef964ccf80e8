using System.Globalization;
using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger;

namespace Podvirt.Api;

/// <summary>One request on the ledger.</summary>
/// <param name="RateVersion">By which it was rated first.</param>
/// <param name="Cost">What is billed for it: by its rate, and the adjustment.</param>
/// <param name="Adjustment">What re-ratings added since.</param>
internal record RequestView(
    string Id, string Project, string Key, string Model, int Revision, string Replica, string Surface, string Outcome, int Status, string Reason,
    bool Streamed, bool ColdStart, string UsageSource, long PromptTokens, long CachedTokens, long CompletionTokens, long ReasoningTokens, long VideoUs,
    DateTimeOffset StartedAt, DateTimeOffset EndedAt, long QueuedUs, long ParkedUs, long? FirstTokenUs, long DurationUs, int RateVersion, string Cost, string Adjustment)
{
    public static RequestView Of(RatedRecord rated)
    {
        var record = rated.Record;
        var tokens = record.Tokens;
        return new RequestView(
            record.Id.ToString(), record.Project, record.Key, record.Model, record.Revision, record.Replica, record.Surface,
            OutcomeName(record.Outcome), record.Status, record.Reason, record.Streamed, record.ColdStart,
            SourceName(record.Source),
            tokens.Prompt, tokens.Cached, tokens.Completion, tokens.Reasoning, record.VideoUs,
            record.StartedAt, record.EndedAt, record.QueuedUs, record.ParkedUs, record.FirstTokenUs, record.DurationUs, rated.RateVersion,
            rated.Billed.ToString(), rated.Adjustment.ToString());
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

/// <summary>One request, explained.</summary>
internal sealed record RequestDetail : RequestView
{
    private RequestDetail(RequestView view)
        : base(view)
    {
    }

    /// <summary>What became of it, in a sentence.</summary>
    public required string Explanation { get; init; }

    /// <summary>Where its time went, in order: each begins where the one before ended.</summary>
    public required IReadOnlyList<RequestPhase> Phases { get; init; }

    /// <summary>Null where no tokens came.</summary>
    public required double? TokensPerSecond { get; init; }

    /// <summary>What each kind of usage cost; together they are the cost. Null where the rate is no longer known.</summary>
    public required IReadOnlyList<CostLine>? CostLines { get; init; }

    public static RequestDetail Of(RatedRecord rated, Rate? rate) => new(RequestView.Of(rated))
    {
        Explanation = UsageExplanation.Of(rated.Record),
        Phases = RequestPhase.Of(rated.Record),
        TokensPerSecond = rated.Record.Tokens.Completion > 0 && rated.Record.DecodeUs > 0
            ? rated.Record.Tokens.Completion * 1e6 / rated.Record.DecodeUs
            : null,
        CostLines = CostLine.Of(rated, rate),
    };
}

/// <param name="Name">
/// queue (before it was parked, and on its way to the engine), wake (it waited for a start or a wake), slot (for room on a replica),
/// prefill (until the first token), decode, or answer (of a reply that does not stream, or without a token).
/// </param>
/// <param name="StartUs">Microseconds from the request's start.</param>
/// <param name="Billed">Whether tokens of this phase are on the bill: waiting never is.</param>
internal sealed record RequestPhase(string Name, long StartUs, long DurationUs, bool Billed)
{
    public static IReadOnlyList<RequestPhase> Of(UsageRecord record)
    {
        var isBilled = record.Source == UsageSource.Engine;
        var sentUs = Math.Min(record.QueuedUs == 0 ? record.ParkedUs : record.QueuedUs, record.DurationUs);
        var parkedUs = Math.Min(record.ParkedUs, sentUs);
        var firstUs = record.FirstTokenUs is { } first ? Math.Clamp(first, sentUs, record.DurationUs) : (long?)null;
        var phases = new List<RequestPhase>();
        var atUs = 0L;
        void Add(string name, long untilUs, bool billed)
        {
            if (untilUs > atUs)
            {
                phases.Add(new RequestPhase(name, atUs, untilUs - atUs, billed));
                atUs = untilUs;
            }
        }
        Add("queue", sentUs - parkedUs, billed: false);
        Add(record.ColdStart ? "wake" : "slot", sentUs, billed: false);
        if (firstUs is { } tokenUs)
        {
            Add("prefill", tokenUs, isBilled);
            Add("decode", record.DurationUs, isBilled);
        }
        else
        {
            Add("answer", record.DurationUs, isBilled);
        }
        return phases;
    }
}

/// <param name="Kind">prompt, cached, completion, embedding, video, or adjustment (what re-ratings added).</param>
/// <param name="Amount">Tokens; microseconds for video; null for an adjustment.</param>
/// <param name="Price">USD per million tokens; per second for video; null for an adjustment.</param>
/// <param name="Cost">USD, exact.</param>
internal sealed record CostLine(string Kind, long? Amount, string? Price, string Cost)
{
    public static IReadOnlyList<CostLine>? Of(RatedRecord rated, Rate? rate)
    {
        if (rated.Record.Source != UsageSource.Engine)
        {
            return [];
        }
        var amounts = BilledAmounts.Of(rated.Record);
        if (rate is null)
        {
            return null;
        }
        var lines = BilledAmounts.Kinds.Where(k => amounts[k] != 0).Select(k => new CostLine(
            NameOf(k), amounts[k],
            (rate.PicoOf(k) / 1_000_000m).ToString("0.000000", CultureInfo.InvariantCulture),
            new Cost((Int128)amounts[k] * rate.PicoOf(k)).ToString()));
        return rated.Adjustment == default ? [.. lines] : [.. lines, new CostLine("adjustment", null, null, rated.Adjustment.ToString())];
    }

    private static string NameOf(UsageKind kind) => kind switch
    {
        UsageKind.Prompt => "prompt",
        UsageKind.Cached => "cached",
        UsageKind.Completion => "completion",
        UsageKind.Embedding => "embedding",
        UsageKind.Video => "video",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "unknown kind of usage"),
    };
}
