using Podvirt.Metering.Ledger;

namespace Podvirt.Api;

/// <summary>The last hour or day: <c>from</c> is a whole minute.</summary>
internal sealed record UsageSummary(string Window, DateTimeOffset From, DateTimeOffset To, FiguresView Total, IReadOnlyList<GroupFigures> Data);

/// <param name="Model">The group's; <c>revision</c> is null where the group is a whole model.</param>
internal sealed record GroupFigures(string Model, int? Revision, FiguresView Figures)
{
    public static GroupFigures Of(FiguresRow row) => new(row.Model, row.Revision == 0 ? null : row.Revision, FiguresView.Of(row.Figures));
}

/// <param name="Step">minute or hour.</param>
/// <param name="Data">One series for each group, each with a point for every step.</param>
internal sealed record UsageSeries(DateTimeOffset From, DateTimeOffset To, string Step, IReadOnlyList<GroupSeries> Data)
{
    public static UsageSeries Of(
        FiguresQuery query, string name, TimeSpan step, IReadOnlyList<(string Model, int Revision)> groups, IReadOnlyList<FiguresPoint> points)
    {
        var known = points.ToDictionary(p => (p.Model, p.Revision, p.At), p => FiguresView.Of(p.Figures));
        var steps = (int)((query.To - query.From) / step);
        return new UsageSeries(query.From, query.To, name,
        [
            .. groups.Select(g => new GroupSeries(
                g.Model.Length == 0 ? null : g.Model, g.Revision == 0 ? null : g.Revision,
                [
                    .. Enumerable.Range(0, steps).Select(n => query.From + (step * n))
                        .Select(at => new SeriesPoint(at, known.GetValueOrDefault((g.Model, g.Revision, at), FiguresView.Nothing))),
                ])),
        ]);
    }
}

/// <param name="Model">Null where all requests are in one series.</param>
internal sealed record GroupSeries(string? Model, int? Revision, IReadOnlyList<SeriesPoint> Points);

/// <param name="At">The step's start.</param>
internal sealed record SeriesPoint(DateTimeOffset At, FiguresView Figures);

internal sealed record UsageSwaps(DateTimeOffset From, DateTimeOffset To, IReadOnlyList<UsageSwap> Data);

/// <param name="At">Start of the first hour, or minute, with a request of the new revision.</param>
/// <param name="Before">The old revision's figures of the time that was asked for and the day before it.</param>
/// <param name="After">The new one's.</param>
internal sealed record UsageSwap(string Model, DateTimeOffset At, int FromRevision, int ToRevision, FiguresView Before, FiguresView After);

/// <param name="TokensPerSecond">All completion tokens over all the time in which they came; null where there were none.</param>
/// <param name="LatencyUs">From start to end, of every request.</param>
/// <param name="FirstTokenUs">Time to first token, of streams.</param>
/// <param name="ColdStarts">Requests that waited for a start or a wake.</param>
/// <param name="Parked">Requests that waited for a replica at all.</param>
internal sealed record FiguresView(
    long Requests, long Completed, long Cancelled, long Truncated, long Failed, long Unreported, long Quarantined,
    long PromptTokens, long CachedTokens, long CompletionTokens, long ReasoningTokens, long EmbeddingTokens, long VideoUs,
    double? TokensPerSecond, DurationView LatencyUs, DurationView FirstTokenUs, WaitView ColdStarts, WaitView Parked, string Cost)
{
    public static FiguresView Nothing { get; } = new(
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, null, DurationView.Of(default), DurationView.Of(default), WaitView.Of(0, 0, 0), WaitView.Of(0, 0, 0),
        Core.Usage.Cost.Zero.ToString());

    public static FiguresView Of(UsageFigures figures) => new(
        figures.Requests, figures.Completed, figures.Cancelled, figures.Truncated, figures.Failed, figures.Unreported, figures.Quarantined,
        figures.Tokens.Prompt, figures.Tokens.Cached, figures.Tokens.Completion, figures.Tokens.Reasoning, figures.EmbeddingTokens, figures.VideoUs,
        figures.TokensPerSecond, DurationView.Of(figures.Latency), DurationView.Of(figures.FirstToken),
        WaitView.Of(figures.ColdStarts, figures.ColdStartUs, figures.Requests), WaitView.Of(figures.Parked, figures.ParkedUs, figures.Requests),
        figures.Cost.ToString());
}

/// <summary>Microseconds; null where there was none. Quantiles are within 2 %.</summary>
internal sealed record DurationView(long Count, double? Average, long? P50, long? P95, long? P99)
{
    public static DurationView Of(DurationFigures durations) => durations.Count == 0
        ? new DurationView(0, null, null, null, null)
        : new DurationView(durations.Count, durations.AverageUs, durations.P50Us, durations.P95Us, durations.P99Us);
}

/// <param name="WaitedUs">Microseconds of all of them together.</param>
/// <param name="Share">Of all requests, 0 to 1; null where there was none.</param>
internal sealed record WaitView(long Count, long WaitedUs, double? Share)
{
    public static WaitView Of(long count, long waitedUs, long requests) => new(count, waitedUs, requests == 0 ? null : (double)count / requests);
}
