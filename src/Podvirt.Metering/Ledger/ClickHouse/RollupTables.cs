using System.Globalization;
using Podvirt.Core.Usage;

namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>
/// Rollups by minute and hour, of projects and of models, and by hour and key. Each batch's rows add to them within its insert:
/// <c>usage</c> and <c>adjustment</c> → <c>minute_by_project</c> → <c>hour_by_project</c> → <c>hour_by_model</c>, and <c>minute_by_project</c> →
/// <c>minute_by_model</c>. They say of themselves whether they were told of a batch, so repeating it completes what is missing.
/// </summary>
internal static class RollupTables
{
    /// <summary>What is counted: its name, and how raw rows give it. The first <see cref="BilledCounts"/> are what bills are made of.</summary>
    public static IReadOnlyList<(string Name, string Raw)> Counts { get; } =
    [
        ("completed", $"sum(toInt64(outcome = '{UsageNames.Completed}'))"),
        ("cancelled", $"sum(toInt64(outcome = '{UsageNames.Cancelled}'))"),
        ("truncated", $"sum(toInt64(outcome = '{UsageNames.Truncated}'))"),
        ("failed", $"sum(toInt64(outcome = '{UsageNames.Failed}'))"),
        ("unreported", $"sum(toInt64(source = '{UsageNames.None}'))"),
        ("quarantined", $"sum(toInt64(source = '{UsageNames.Quarantined}'))"),
        ("prompt", "sum(u.prompt)"),
        ("cached", "sum(u.cached)"),
        ("completion", "sum(u.completion)"),
        ("reasoning", "sum(u.reasoning)"),
        ("embedding", $"sum(if(surface IN ({BilledAmounts.EmbeddingSurfaces}), u.prompt, 0))"),
        ("video_us", "sum(u.video_us)"),
        ("decode_us", "sum(if(u.completion > 0, greatest(0, u.duration_us - ifNull(u.first_token_us, u.queued_us)), 0))"),
        ("duration_us", "sum(u.duration_us)"),
        ("first_tokens", "sum(toInt64(isNotNull(u.first_token_us)))"),
        ("first_token_us", "sum(ifNull(u.first_token_us, 0))"),
        ("cold_starts", "sum(toInt64(cold_start))"),
        ("cold_start_us", "sum(if(cold_start = 1, u.parked_us, 0))"),
        ("parked", "sum(toInt64(u.parked_us > 0))"),
        ("parked_us", "sum(u.parked_us)"),
    ];

    /// <summary>Up to <c>video_us</c>.</summary>
    public const int BilledCounts = 12;

    /// <summary>
    /// What stands in each row behind its key. The counts are one column, and two are histograms: how many durations in which bucket of
    /// <see cref="DurationHistogram"/>, as <see cref="HistogramSlot"/>. A column costs each statement a third of a millisecond before it reads anything, and each
    /// insert a file.
    /// </summary>
    public static IReadOnlyList<string> Columns { get; } = ["counts", "requests", "cost", "durations", "first_token_durations"];

    /// <summary>Its states are read and merged ten times as fast as those that count numbers in a hash table.</summary>
    private const string Quantiles = "quantilesTiming";

    /// <summary>What dashboards show: the median, the 95th and the 99th percentile (<see cref="SharesOf"/>).</summary>
    private const string Shares = "0.4999999999999, 0.9499999999999, 0.9899999999999";

    /// <summary>Rows that are read where one is asked for. A histogram is much to read: a model's hours should not bring all others'.</summary>
    private const int Granularity = 64;

    public static IReadOnlyList<string> Create { get; } =
    [
        Table("minute", isByProject: true),
        Table("hour", isByProject: true),
        Table("minute", isByProject: false),
        Table("hour", isByProject: false),
        $"""
        CREATE TABLE IF NOT EXISTS hour_by_key (
          bucket_us Int64, project LowCardinality(String), key LowCardinality(String), model LowCardinality(String),
          tokens SimpleAggregateFunction(sum, Int64), video_us SimpleAggregateFunction(sum, Int64), cost SimpleAggregateFunction(sum, Decimal(38, 12))
        ) ENGINE = AggregatingMergeTree ORDER BY (bucket_us, project, key, model) SETTINGS non_replicated_deduplication_window = 10000
        """,
        $"CREATE MATERIALIZED VIEW IF NOT EXISTS usage_to_minute TO minute_by_project AS {OfUsage(Micros.Minute, "usage AS u")}",
        $"CREATE MATERIALIZED VIEW IF NOT EXISTS adjustment_to_minute TO minute_by_project AS {OfAdjustments(Micros.Minute, "adjustment AS a")}",
        $"CREATE MATERIALIZED VIEW IF NOT EXISTS minute_to_hour TO hour_by_project AS {Coarser("minute_by_project", $"{Floor("bucket_us", Micros.Hour)}", "project, ")}",
        $"CREATE MATERIALIZED VIEW IF NOT EXISTS minute_to_model TO minute_by_model AS {Coarser("minute_by_project", "bucket_us", "")}",
        $"CREATE MATERIALIZED VIEW IF NOT EXISTS hour_to_model TO hour_by_model AS {Coarser("hour_by_project", "bucket_us", "")}",
        "CREATE TABLE IF NOT EXISTS month_batch (month Int32, batch UInt64) ENGINE = ReplacingMergeTree ORDER BY (month, batch) SETTINGS non_replicated_deduplication_window = 10000",
        "CREATE MATERIALIZED VIEW IF NOT EXISTS usage_to_month TO month_batch AS SELECT DISTINCT month, batch FROM usage",
        $"CREATE MATERIALIZED VIEW IF NOT EXISTS usage_to_key TO hour_by_key AS {KeysOf("usage AS u")}",
    ];

    /// <summary>The start of the bucket that holds the moment, before 1970 too.</summary>
    public static string Floor(string moment, long lengthUs) => $"({moment} - ({moment} % toInt64({lengthUs}) + toInt64({lengthUs})) % toInt64({lengthUs}))";

    /// <summary>Rows as those of a rollup by project, from raw ones. Groups by what stands before the sums.</summary>
    public static string OfUsage(long lengthUs, string from) =>
        $"SELECT {Floor("u.ended_us", lengthUs)} AS bucket_us, project, model, revision, "
        + $"initializeAggregation('sumForEachState', [{string.Join(", ", Counts.Select(c => c.Raw))}]) AS counts, toInt64(count()) AS requests, sum(u.cost) AS cost, "
        + $"{Quantiles}State({Shares})(duration_slot) AS durations, {Quantiles}StateIf({Shares})(first_token_slot, isNotNull(u.first_token_us)) AS first_token_durations "
        + $"FROM {from} GROUP BY bucket_us, project, model, revision";

    /// <summary>The same of adjustments: they change the cost alone.</summary>
    public static string OfAdjustments(long lengthUs, string from) =>
        $"SELECT {Floor("a.ended_us", lengthUs)} AS bucket_us, project, model, revision, "
        + $"initializeAggregation('sumForEachState', arrayWithConstant({Counts.Count}, toInt64(0))) AS counts, toInt64(0) AS requests, sum(a.cost) AS cost, "
        + $"{Quantiles}StateIf({Shares})(toUInt16(0), 0) AS durations, {Quantiles}StateIf({Shares})(toUInt16(0), 0) AS first_token_durations "
        + $"FROM {from} GROUP BY bucket_us, project, model, revision";

    /// <summary>Rows of <c>hour_by_key</c> from raw ones: what was billed by the engine's counts, without adjustments.</summary>
    public static string KeysOf(string from) =>
        $"SELECT {Floor("u.ended_us", Micros.Hour)} AS bucket_us, project, key, model, sum(u.prompt + u.completion) AS tokens, sum(u.video_us) AS video_us, sum(u.cost) AS cost "
        + $"FROM {from} {(from.Contains("WHERE", StringComparison.Ordinal) ? "AND" : "WHERE")} source = '{UsageNames.Engine}' GROUP BY bucket_us, project, key, model";

    /// <summary>Rows of a rollup by model or project that begin in the times, found by its key.</summary>
    /// <param name="name">What the table's name begins with: minute or hour.</param>
    /// <param name="column">The column with the start.</param>
    /// <param name="times">Some.</param>
    public static string Within(string name, string column, TimeRanges times)
    {
        var spanUs = SpanOf(name);
        return $"({string.Join(" OR ", times.All.Select(t =>
            $"({column} >= {SqlParameters.Of(t.FromUs)} AND {column} < {SqlParameters.Of(t.ToUs)} "
            + $"AND intDiv({column}, {spanUs}) >= {t.FromUs / spanUs} AND intDiv({column}, {spanUs}) <= {(t.ToUs - 1) / spanUs})"))})";
    }

    /// <summary>All sums, and of each histogram the slots of its median, its 95th and its 99th percentile: <see cref="Columns"/> as values.</summary>
    public static string Figures(string table) =>
        $"{CountsOf(table)} AS counts, sum({table}.requests) AS requests, sum({table}.cost) AS cost, {Quantiles}Merge({Shares})({table}.durations) AS durations, "
        + $"{Quantiles}Merge({Shares})({table}.first_token_durations) AS first_token_durations";

    /// <summary>The sums of <see cref="Counts"/>, as one array.</summary>
    public static string CountsOf(string table) => $"sumForEachMerge({table}.counts)";

    /// <summary>One of <see cref="Counts"/>, of one row.</summary>
    public static string CountOf(string table, string name) =>
        $"finalizeAggregation({table}.counts)[{1 + Counts.TakeWhile(c => c.Name != name).Count()}]";

    /// <summary>What a group of rollup rows says, as text: its sums, and the hundredths of its histograms.</summary>
    public static string Said(string table)
    {
        var hundredths = SharesOf(Enumerable.Range(1, 100));
        return $"toString(tuple({CountsOf(table)}, sum({table}.requests), sum({table}.cost), "
            + $"{Quantiles}Merge({hundredths})({table}.durations), {Quantiles}Merge({hundredths})({table}.first_token_durations)))";
    }

    private static string Coarser(string from, string bucket, string project) =>
        $"SELECT {bucket} AS bucket_us, {project}model, revision, sumForEachMergeState(r.counts) AS counts, sum(r.requests) AS requests, sum(r.cost) AS cost, "
        + $"{Quantiles}MergeState({Shares})(r.durations) AS durations, {Quantiles}MergeState({Shares})(r.first_token_durations) AS first_token_durations "
        + $"FROM {from} AS r GROUP BY bucket_us, {project}model, revision";

    /// <summary>Just below each share: a list's rank is then the smallest that at least the share does not exceed, as that of counts.</summary>
    private static string SharesOf(IEnumerable<int> percents) =>
        string.Join(", ", percents.Select(p => string.Create(CultureInfo.InvariantCulture, $"{(p / 100.0) - 1e-13:0.#############}")));

    /// <summary>
    /// Of a span of time, a model's buckets stand next to each other: whoever asks for one of many models does not read all, nor whoever asks for a
    /// short time, all times.
    /// </summary>
    private static long SpanOf(string name) => name == "hour" ? Micros.Day : Micros.Hour;

    private static string Table(string name, bool isByProject) =>
        $"""
        CREATE TABLE IF NOT EXISTS {name}_by_{(isByProject ? "project" : "model")} (
          bucket_us Int64, {(isByProject ? "project LowCardinality(String), " : "")}model LowCardinality(String), revision Int32,
          counts AggregateFunction(sumForEach, Array(Int64)),
          requests SimpleAggregateFunction(sum, Int64),
          cost SimpleAggregateFunction(sum, Decimal(38, 12)),
          durations AggregateFunction({Quantiles}({Shares}), UInt16),
          first_token_durations AggregateFunction({Quantiles}({Shares}), UInt16)
        ) ENGINE = AggregatingMergeTree ORDER BY ({(isByProject ? "project, " : "")}intDiv(bucket_us, {SpanOf(name)}), model, revision, bucket_us)
        SETTINGS non_replicated_deduplication_window = 10000, index_granularity = {Granularity}
        """;
}
