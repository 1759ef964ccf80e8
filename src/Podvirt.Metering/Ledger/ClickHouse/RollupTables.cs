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
    /// <summary>What adds up: its name, how a raw row gives it, and its type.</summary>
    public static IReadOnlyList<(string Name, string Raw, string Type)> Sums { get; } =
    [
        ("completed", $"sum(toInt64(outcome = '{UsageNames.Completed}'))", "Int64"),
        ("cancelled", $"sum(toInt64(outcome = '{UsageNames.Cancelled}'))", "Int64"),
        ("truncated", $"sum(toInt64(outcome = '{UsageNames.Truncated}'))", "Int64"),
        ("failed", $"sum(toInt64(outcome = '{UsageNames.Failed}'))", "Int64"),
        ("unreported", $"sum(toInt64(source = '{UsageNames.None}'))", "Int64"),
        ("quarantined", $"sum(toInt64(source = '{UsageNames.Quarantined}'))", "Int64"),
        ("prompt", "sum(u.prompt)", "Int64"),
        ("cached", "sum(u.cached)", "Int64"),
        ("completion", "sum(u.completion)", "Int64"),
        ("reasoning", "sum(u.reasoning)", "Int64"),
        ("embedding", $"sum(if(surface IN ({BilledAmounts.EmbeddingSurfaces}), u.prompt, 0))", "Int64"),
        ("video_us", "sum(u.video_us)", "Int64"),
        ("decode_us", "sum(if(u.completion > 0, greatest(0, u.duration_us - ifNull(u.first_token_us, u.queued_us)), 0))", "Int64"),
        ("cost", "sum(u.cost)", "Decimal(38, 12)"),
        ("duration_us", "sum(u.duration_us)", "Int64"),
        ("first_tokens", "sum(toInt64(isNotNull(u.first_token_us)))", "Int64"),
        ("first_token_us", "sum(ifNull(u.first_token_us, 0))", "Int64"),
        ("cold_starts", "sum(toInt64(cold_start))", "Int64"),
        ("cold_start_us", "sum(if(cold_start = 1, u.parked_us, 0))", "Int64"),
        ("parked", "sum(toInt64(u.parked_us > 0))", "Int64"),
        ("parked_us", "sum(u.parked_us)", "Int64"),
    ];

    /// <summary>Two histograms come after the sums: how many durations in which bucket of <see cref="DurationHistogram"/>, as <see cref="HistogramSlot"/>.</summary>
    public static IReadOnlyList<(string Name, string Raw)> Histograms { get; } =
    [
        ("durations", $"{Quantiles}State({Shares})(duration_slot)"),
        ("first_token_durations", $"{Quantiles}StateIf({Shares})(first_token_slot, isNotNull(u.first_token_us))"),
    ];

    /// <summary>Its states are read and merged twenty times as fast as those that count numbers in a hash table.</summary>
    private const string Quantiles = "quantilesTiming";

    /// <summary>What dashboards show: the median, the 95th and the 99th percentile (<see cref="SharesOf"/>).</summary>
    private const string Shares = "0.4999999999999, 0.9499999999999, 0.9899999999999";

    /// <summary>Rows that are read where one is asked for. A histogram is much to read: a model's hours should not bring all others'.</summary>
    private const int Granularity = 64;

    public static IReadOnlyList<string> Create { get; } =
    [
        Table("minute_by_project", Micros.Hour, isByProject: true),
        Table("hour_by_project", Micros.Day, isByProject: true),
        Table("minute_by_model", Micros.Hour, isByProject: false),
        Table("hour_by_model", Micros.Day, isByProject: false),
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
        $"SELECT {Floor("u.ended_us", lengthUs)} AS bucket_us, project, model, revision, {string.Join(", ", Sums.Select(s => $"{s.Raw} AS {s.Name}"))}, "
        + $"{string.Join(", ", Histograms.Select(h => $"{h.Raw} AS {h.Name}"))} FROM {from} GROUP BY bucket_us, project, model, revision";

    /// <summary>The same of adjustments: they change the cost alone.</summary>
    public static string OfAdjustments(long lengthUs, string from) =>
        $"SELECT {Floor("a.ended_us", lengthUs)} AS bucket_us, project, model, revision, "
        + $"{string.Join(", ", Sums.Select(s => s.Name == "cost" ? "sum(a.cost) AS cost" : $"toInt64(0) AS {s.Name}"))}, "
        + $"{string.Join(", ", Histograms.Select(h => $"{Quantiles}StateIf({Shares})(toUInt16(0), 0) AS {h.Name}"))} FROM {from} GROUP BY bucket_us, project, model, revision";

    /// <summary>Rows of <c>hour_by_key</c> from raw ones: what was billed by the engine's counts, without adjustments.</summary>
    public static string KeysOf(string from) =>
        $"SELECT {Floor("u.ended_us", Micros.Hour)} AS bucket_us, project, key, model, sum(u.prompt + u.completion) AS tokens, sum(u.video_us) AS video_us, sum(u.cost) AS cost "
        + $"FROM {from} {(from.Contains("WHERE", StringComparison.Ordinal) ? "AND" : "WHERE")} source = '{UsageNames.Engine}' GROUP BY bucket_us, project, key, model";

    /// <summary>All sums and histograms of rollup rows, under their names: rows of a rollup again.</summary>
    public static string Totals(string table) =>
        string.Join(", ", SumsOf(table).Concat(Histograms.Select(h => $"{Quantiles}MergeState({Shares})({table}.{h.Name}) AS {h.Name}")));

    /// <summary>All sums, and of each histogram the slots of its median, its 95th and its 99th percentile.</summary>
    public static string Figures(string table) =>
        string.Join(", ", SumsOf(table).Concat(Histograms.Select(h => $"{Quantiles}Merge({Shares})({table}.{h.Name}) AS {h.Name}")));

    /// <summary>What a group of rollup rows says, as text: its sums, and the hundredths of its histograms.</summary>
    public static string Said(string table)
    {
        var hundredths = SharesOf(Enumerable.Range(1, 100));
        var all = Sums.Select(s => $"sum({table}.{s.Name})").Concat(Histograms.Select(h => $"{Quantiles}Merge({hundredths})({table}.{h.Name})"));
        return $"toString(tuple({string.Join(", ", all)}))";
    }

    private static IEnumerable<string> SumsOf(string table) => Sums.Select(s => $"sum({table}.{s.Name}) AS {s.Name}");

    private static string Coarser(string from, string bucket, string project) =>
        $"SELECT {bucket} AS bucket_us, {project}model, revision, {Totals("r")} FROM {from} AS r GROUP BY bucket_us, {project}model, revision";

    /// <summary>Just below each share: a list's rank is then the smallest that at least the share does not exceed, as that of counts.</summary>
    private static string SharesOf(IEnumerable<int> percents) =>
        string.Join(", ", percents.Select(p => string.Create(CultureInfo.InvariantCulture, $"{(p / 100.0) - 1e-13:0.#############}")));

    /// <param name="spanUs">Of a span of time, a model's buckets stand next to each other: whoever asks for one of many models does not read all, nor whoever asks for a short time, all times.</param>
    private static string Table(string name, long spanUs, bool isByProject) =>
        $"""
        CREATE TABLE IF NOT EXISTS {name} (
          bucket_us Int64, {(isByProject ? "project LowCardinality(String), " : "")}model LowCardinality(String), revision Int32,
          {string.Join(", ", Sums.Select(s => $"{s.Name} SimpleAggregateFunction(sum, {s.Type})"))},
          {string.Join(", ", Histograms.Select(h => $"{h.Name} AggregateFunction({Quantiles}({Shares}), UInt16)"))}
        ) ENGINE = AggregatingMergeTree ORDER BY ({(isByProject ? "project, " : "")}intDiv(bucket_us, {spanUs}), model, revision, bucket_us)
        SETTINGS non_replicated_deduplication_window = 10000, index_granularity = {Granularity}
        """;
}
