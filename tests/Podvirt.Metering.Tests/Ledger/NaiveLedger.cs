using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger;

namespace Podvirt.Metering.Tests.Ledger;

/// <summary>What a ledger should say, computed from a list of all records with nothing clever in it. Quantiles are exact.</summary>
internal sealed class NaiveLedger(IEnumerable<RatedRecord> appended)
{
    private readonly List<RatedRecord> _records = [.. appended.DistinctBy(r => r.Record.Id)];

    public IReadOnlyList<RatedRecord> Records => _records;

    public List<RatedRecord> List(UsageQuery query) => [.. Of(query).OrderByDescending(EndedUs).ThenByDescending(r => r.Record.Id, ById)];

    public List<UsageSum> Sum(UsageQuery query, UsageGroup group) =>
    [
        .. Of(query).GroupBy(r => NameOf(r.Record, group)).OrderBy(g => g.Key.Order, StringComparer.Ordinal).ThenBy(g => g.Key.Number).Select(g => new UsageSum(
            g.Key.Name, g.Count(), Count(g, UsageOutcome.Completed), Count(g, UsageOutcome.Cancelled), Count(g, UsageOutcome.Truncated),
            Count(g, UsageOutcome.Failed), g.Count(r => r.Record.Source == UsageSource.None), Tokens(g), CostOf(g), Embedded(g), g.Sum(r => r.Record.VideoUs))
        {
            Quarantined = g.Count(r => r.Record.Source == UsageSource.Quarantined),
        }),
    ];

    public UsageFigures Total(FiguresQuery query) => FiguresOf([.. Of(new UsageQuery(query.From, query.To, query.Model, Project: query.Project))]);

    public List<FiguresRow> Figures(FiguresQuery query, FiguresGroup group) => group == FiguresGroup.None ? [] :
    [
        .. Of(new UsageQuery(query.From, query.To, query.Model, Project: query.Project)).GroupBy(r => KeyOf(r.Record, group))
            .OrderBy(g => g.Key.Model, StringComparer.Ordinal).ThenBy(g => g.Key.Revision)
            .Select(g => new FiguresRow(g.Key.Model, g.Key.Revision, g.Min(r => r.Record.EndedAt), FiguresOf([.. g]))),
    ];

    public List<FiguresPoint> Series(FiguresQuery query, FiguresStep step, FiguresGroup group) =>
    [
        .. Of(new UsageQuery(query.From, query.To, query.Model, Project: query.Project))
            .GroupBy(r => (At: Floor(r.Record.EndedAt, step == FiguresStep.Hour ? TimeSpan.FromHours(1) : TimeSpan.FromMinutes(1)), Key: KeyOf(r.Record, group)))
            .OrderBy(g => g.Key.At).ThenBy(g => g.Key.Key.Model, StringComparer.Ordinal).ThenBy(g => g.Key.Key.Revision)
            .Select(g => new FiguresPoint(g.Key.At, g.Key.Key.Model, g.Key.Key.Revision, FiguresOf([.. g]))),
    ];

    /// <summary>The latest moment that is not later and a whole multiple of the span away from year 1.</summary>
    public static DateTimeOffset Floor(DateTimeOffset time, TimeSpan span) => new(time.UtcTicks / span.Ticks * span.Ticks, TimeSpan.Zero);

    private static Comparer<Guid> ById { get; } =
        Comparer<Guid>.Create((a, b) => a.ToByteArray(bigEndian: true).AsSpan().SequenceCompareTo(b.ToByteArray(bigEndian: true)));

    private static long EndedUs(RatedRecord rated) => Micros.Of(rated.Record.EndedAt);

    private static (string Name, string Order, long Number) NameOf(UsageRecord record, UsageGroup group)
    {
        var name = group switch
        {
            UsageGroup.Model => record.Model,
            UsageGroup.Revision => $"{record.Model}@{record.Revision}",
            UsageGroup.Key => record.Key,
            UsageGroup.Project => record.Project,
            UsageGroup.Outcome => record.Outcome.ToString().ToLowerInvariant(),
            UsageGroup.Day => record.EndedAt.UtcDateTime.ToString("yyyy-MM-dd"),
            _ => record.EndedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH':00:00Z'"),
        };
        return group == UsageGroup.Revision ? (name, record.Model, record.Revision) : (name, name, 0);
    }

    private static (string Model, int Revision) KeyOf(UsageRecord record, FiguresGroup group) => group switch
    {
        FiguresGroup.None => ("", 0),
        FiguresGroup.Model => (record.Model, 0),
        _ => (record.Model, record.Revision),
    };

    private static UsageFigures FiguresOf(List<RatedRecord> records) => new()
    {
        Requests = records.Count,
        Completed = Count(records, UsageOutcome.Completed),
        Cancelled = Count(records, UsageOutcome.Cancelled),
        Truncated = Count(records, UsageOutcome.Truncated),
        Failed = Count(records, UsageOutcome.Failed),
        Unreported = records.Count(r => r.Record.Source == UsageSource.None),
        Quarantined = records.Count(r => r.Record.Source == UsageSource.Quarantined),
        Tokens = Tokens(records),
        EmbeddingTokens = Embedded(records),
        VideoUs = records.Sum(r => r.Record.VideoUs),
        DecodeUs = records.Where(r => r.Record.Tokens.Completion > 0).Sum(r => r.Record.DecodeUs),
        Cost = CostOf(records),
        Latency = Durations([.. records.Select(r => r.Record.DurationUs)]),
        FirstToken = Durations([.. records.Select(r => r.Record.FirstTokenUs).OfType<long>()]),
        ColdStarts = records.Count(r => r.Record.ColdStart),
        ColdStartUs = records.Where(r => r.Record.ColdStart).Sum(r => r.Record.ParkedUs),
        Parked = records.Count(r => r.Record.ParkedUs > 0),
        ParkedUs = records.Sum(r => r.Record.ParkedUs),
    };

    private static DurationFigures Durations(List<long> durations)
    {
        durations.Sort();
        long At(double share) => durations.Count == 0 ? 0 : durations[Math.Max(0, (int)Math.Ceiling(share * durations.Count) - 1)];
        return new DurationFigures(durations.Count, durations.Sum(), At(0.5), At(0.95), At(0.99));
    }

    private static long Count(IEnumerable<RatedRecord> records, UsageOutcome outcome) => records.Count(r => r.Record.Outcome == outcome);

    private static TokenCounts Tokens(IEnumerable<RatedRecord> records) => records.Aggregate(default(TokenCounts), (sum, r) => sum + r.Record.Tokens);

    private static long Embedded(IEnumerable<RatedRecord> records) => records.Where(r => r.Record.Surface is "embeddings" or "rerank" or "score").Sum(r => r.Record.Tokens.Prompt);

    private static Cost CostOf(IEnumerable<RatedRecord> records) => records.Aggregate(Cost.Zero, (sum, r) => sum + r.Cost);

    private IEnumerable<RatedRecord> Of(UsageQuery query) =>
        from rated in _records
        let record = rated.Record
        where record.EndedAt >= query.From && record.EndedAt < query.To
        where query.Model is null || record.Model == query.Model
        where query.Key is null || record.Key == query.Key
        where query.Project is null || record.Project == query.Project
        where query.Revision is null || record.Revision == query.Revision
        where query.Outcome is null || record.Outcome == query.Outcome
        where query.Source is null || record.Source == query.Source
        select rated;
}
