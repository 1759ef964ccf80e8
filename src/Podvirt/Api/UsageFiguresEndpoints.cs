using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Podvirt.Access;
using Podvirt.Api.OpenApi;
using Podvirt.Metering.Ledger;

namespace Podvirt.Api;

/// <summary>
/// What the console's dashboard shows: <c>/api/usage/summary</c> (the last hour or day), <c>/api/usage/series</c> (by minute or hour) and
/// <c>/api/usage/swaps</c> (what a new revision of a model changed).
/// </summary>
internal sealed class UsageFiguresEndpoints(AccessGate gate, ILedger ledger, TimeProvider time)
{
    /// <summary>A year by the hour.</summary>
    private const int StepsMax = 366 * 24;

    /// <summary>Points of all series in one answer: some ten MB of JSON.</summary>
    private const int PointsMax = 20_000;

    /// <summary>How far before the time asked for a swap's old revision is looked for.</summary>
    private static readonly TimeSpan _lookBack = TimeSpan.FromDays(1);

    private static readonly ApiParam[] _filters = [new("model", "Only of this model"), UsageParameters.Project];

    private static readonly ApiParam[] _range = [new("from", "UTC, cut to a whole step"), new("to", "UTC, filled to a whole step; default now")];

    public void Map(IEndpointRouteBuilder api)
    {
        gate.Guard(api.MapGet("/usage/summary", (Delegate)SummarizeAsync), Entry.Member).Describe(
            new ApiOperation("Show requests, tokens, latencies, cost and cold starts of the last hour or day, in all and by model")
            {
                Query = [new("window", "1h or 24h; default 24h"), new("group", "model, revision or none; default model"), .. _filters],
                Answer = typeof(UsageSummary),
                Refusals = UsageParameters.Refusals,
            });
        gate.Guard(api.MapGet("/usage/series", (Delegate)SeriesAsync), Entry.Member).Describe(
            new ApiOperation("Show the same by minute or hour, steps without a request included")
            {
                Query =
                [
                    new("step", "hour, or minute for the last 48 hours; default hour"), new("group", "model, revision or none; default none"),
                    .. _range, .. _filters,
                ],
                Answer = typeof(UsageSeries),
                Refusals = UsageParameters.Refusals,
            });
        gate.Guard(api.MapGet("/usage/swaps", (Delegate)SwapsAsync), Entry.Member).Describe(
            new ApiOperation("Show each change of a model's revision with the figures before and after")
            {
                Query = [new("step", "How exact the moment is: hour, or minute for the last 48 hours; default hour"), .. _range, .. _filters],
                Answer = typeof(UsageSwaps),
                Refusals = UsageParameters.Refusals,
            });
    }

    private async Task<IResult> SummarizeAsync(HttpContext context)
    {
        var window = ApiQuery.Text(context, "window") ?? "24h";
        var span = window switch
        {
            "1h" => TimeSpan.FromHours(1),
            "24h" => TimeSpan.FromDays(1),
            _ => throw UsageParameters.Invalid("window", $"'{window}' is not allowed; choose 1h or 24h."),
        };
        var now = time.GetUtcNow();
        var minute = Floor(now, TimeSpan.FromMinutes(1));
        // The minute that runs is in it, and as many whole ones as the window has.
        var query = Query(context, minute - span, minute.AddMinutes(1));
        var report = await FiguresAsync(query, Group(context, "model"), context.RequestAborted);
        return ApiJson.Ok(new UsageSummary(window, query.From, now, FiguresView.Of(report.Total), [.. report.Rows.Select(GroupFigures.Of)]));
    }

    private async Task<IResult> SeriesAsync(HttpContext context)
    {
        var name = ApiQuery.Text(context, "step") ?? "hour";
        var (step, span) = Step(name);
        var query = Aligned(context, span, step == FiguresStep.Hour ? TimeSpan.FromDays(1) : TimeSpan.FromHours(1));
        var steps = (query.To - query.From) / span;
        if (steps > StepsMax)
        {
            throw UsageParameters.Invalid("from", $"That is {steps:0} steps; at most {StepsMax} are shown at a time.");
        }
        var group = Group(context, "none");
        var points = await PointsAsync(query, step, group, context.RequestAborted);
        var groups = points.Select(p => (p.Model, p.Revision)).Distinct().OrderBy(g => g.Model, StringComparer.Ordinal).ThenBy(g => g.Revision).ToList();
        if (groups.Count * steps > PointsMax)
        {
            throw UsageParameters.Invalid("group", $"That is {groups.Count} series of {steps:0} steps; at most {PointsMax} points are shown at a time. Ask for one model, or for a shorter time.");
        }
        return ApiJson.Ok(UsageSeries.Of(query, name, span, group == FiguresGroup.None ? [("", 0)] : groups, points));
    }

    private async Task<IResult> SwapsAsync(HttpContext context)
    {
        var (step, span) = Step(ApiQuery.Text(context, "step") ?? "hour");
        var query = Aligned(context, span, TimeSpan.FromDays(1));
        // The old revision's last request may have come long before the new one's first.
        var wide = query with { From = Before(Floor(query.From, TimeSpan.FromHours(1)), _lookBack) };
        var report = await FiguresAsync(wide, FiguresGroup.Revision, context.RequestAborted);
        var firsts = step == FiguresStep.Minute ? await FirstMinutesAsync(query, context.RequestAborted) : [];
        var swaps =
            from row in report.Rows
            let first = firsts.TryGetValue((row.Model, row.Revision), out var minute) && row.FirstAt >= Floor(query.From, TimeSpan.FromHours(1)) ? minute : row.FirstAt
            group (First: first, Row: row) by row.Model into revisions
            let inOrder = revisions.OrderBy(r => r.First).ThenBy(r => r.Row.Revision).ToList()
            from pair in inOrder.Zip(inOrder.Skip(1))
            where pair.Second.First >= query.From
            orderby pair.Second.First, pair.Second.Row.Model
            select new UsageSwap(
                pair.Second.Row.Model, pair.Second.First, pair.First.Row.Revision, pair.Second.Row.Revision,
                FiguresView.Of(pair.First.Row.Figures), FiguresView.Of(pair.Second.Row.Figures));
        return ApiJson.Ok(new UsageSwaps(query.From, query.To, [.. swaps]));
    }

    /// <summary>The minute of each revision's first request, from the hour in which the query begins.</summary>
    private async ValueTask<Dictionary<(string Model, int Revision), DateTimeOffset>> FirstMinutesAsync(FiguresQuery query, CancellationToken cancellationToken)
    {
        var points = await PointsAsync(query with { From = Floor(query.From, TimeSpan.FromHours(1)) }, FiguresStep.Minute, FiguresGroup.Revision, cancellationToken);
        return points.GroupBy(p => (p.Model, p.Revision)).ToDictionary(g => g.Key, g => g.Min(p => p.At));
    }

    private async ValueTask<IReadOnlyList<FiguresPoint>> PointsAsync(FiguresQuery query, FiguresStep step, FiguresGroup group, CancellationToken cancellationToken)
    {
        try
        {
            return await ledger.SeriesAsync(query, step, group, cancellationToken);
        }
        catch (ArgumentException error)
        {
            throw UsageParameters.Invalid("from", error.Message);
        }
    }

    private async ValueTask<FiguresReport> FiguresAsync(FiguresQuery query, FiguresGroup group, CancellationToken cancellationToken)
    {
        try
        {
            return await ledger.FiguresAsync(query, group, cancellationToken);
        }
        catch (ArgumentException error)
        {
            throw UsageParameters.Invalid("from", error.Message);
        }
    }

    private FiguresQuery Aligned(HttpContext context, TimeSpan step, TimeSpan back)
    {
        var (from, to) = UsageParameters.Range(context, time.GetUtcNow(), back);
        var end = Floor(to, step);
        return Query(context, Floor(from, step), end == to || DateTimeOffset.MaxValue - end < step ? end : end + step);
    }

    private static FiguresQuery Query(HttpContext context, DateTimeOffset from, DateTimeOffset to) =>
        new(from, to, ApiQuery.Text(context, "model"), Visitor.ProjectOf(context));

    private static FiguresGroup Group(HttpContext context, string fallback) => (ApiQuery.Text(context, "group") ?? fallback) switch
    {
        "none" => FiguresGroup.None,
        "model" => FiguresGroup.Model,
        "revision" => FiguresGroup.Revision,
        var name => throw UsageParameters.Invalid("group", $"'{name}' is no group; choose none, model or revision."),
    };

    private static (FiguresStep Step, TimeSpan Length) Step(string name) => name switch
    {
        "hour" => (FiguresStep.Hour, TimeSpan.FromHours(1)),
        "minute" => (FiguresStep.Minute, TimeSpan.FromMinutes(1)),
        _ => throw UsageParameters.Invalid("step", $"'{name}' is not allowed; choose hour or minute."),
    };

    private static DateTimeOffset Before(DateTimeOffset time, TimeSpan span) => time - DateTimeOffset.MinValue < span ? DateTimeOffset.MinValue : time - span;

    private static DateTimeOffset Floor(DateTimeOffset time, TimeSpan step) => new(time.UtcTicks - (time.UtcTicks % step.Ticks), TimeSpan.Zero);
}
