using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger;

namespace Podvirt.Microbenchmarks.Ledger;

/// <summary>
/// Requests of 20 projects with five keys each to 40 models, the first ones far more often than the last. Most are streams that complete
/// within seconds; every model had three revisions, one after the other; one request in fifty waits for a start or a wake. The same seed, the same traffic.
/// </summary>
internal sealed class RandomTraffic(int seed)
{
    public const int Models = 40;
    public const int Projects = 20;
    public const int KeysOfProject = 5;
    public const int Days = 35;

    private static readonly string[] s_models = [.. Enumerable.Range(0, Models).Select(n => $"vendor-{n % 7}/model-{n}")];
    private static readonly string[] s_projects = [.. Enumerable.Range(0, Projects).Select(n => $"project-{n}")];
    private static readonly string[] s_keys = [.. Enumerable.Range(0, Projects * KeysOfProject).Select(n => $"key{n:D6}")];

    private readonly Random _random = new(seed);

    /// <summary>When the last of them all ends, about.</summary>
    public static DateTimeOffset End { get; } = new(2026, 11, 20, 15, 42, 17, TimeSpan.Zero);

    public static DateTimeOffset Start { get; } = End.AddDays(-Days);

    public static string Model(int n) => s_models[n];

    public static string Project(int n) => s_projects[n];

    public RatedRecord Next(DateTimeOffset endedAt)
    {
        var model = Skewed(Models);
        var project = Skewed(Projects);
        var tokens = new TokenCounts(_random.Next(20, 4_000), 0, _random.Next(1, 900), 0);
        tokens = tokens with { Cached = _random.Next(0, 2) * _random.Next(0, (int)tokens.Prompt) };
        var isCold = _random.Next(50) == 0;
        var parkedUs = isCold ? _random.Next(1_000_000, 60_000_000) : _random.Next(20) == 0 ? _random.Next(1_000, 2_000_000) : 0;
        var queuedUs = parkedUs + _random.Next(80, 600);
        // The tail of real latencies is long: most within a few hundred ms of prefill, some within seconds.
        var prefillUs = (long)(60_000 * Math.Exp(1.2 * Normal()));
        var decodeUs = tokens.Completion * _random.Next(8_000, 40_000);
        var outcome = _random.Next(100) switch { < 94 => UsageOutcome.Completed, < 97 => UsageOutcome.Cancelled, 97 => UsageOutcome.Truncated, _ => UsageOutcome.Failed };
        var hasFailed = outcome == UsageOutcome.Failed;
        var isStream = _random.Next(5) > 0;
        var record = new UsageRecord
        {
            Id = Guid.CreateVersion7(endedAt),
            Project = s_projects[project],
            Key = s_keys[(project * KeysOfProject) + Skewed(KeysOfProject)],
            Model = s_models[model],
            Revision = 1 + (int)((endedAt - Start) / TimeSpan.FromDays(15)),
            Replica = hasFailed ? "" : $"r{model}-{_random.Next(4)}",
            Surface = "chat.completions",
            Outcome = outcome,
            Status = hasFailed ? 502 : 200,
            Reason = outcome == UsageOutcome.Completed ? "" : hasFailed ? "engine_unreachable" : "client_gone",
            Streamed = isStream,
            Tokens = hasFailed ? default : tokens,
            Source = hasFailed ? UsageSource.None : UsageSource.Engine,
            QueuedUs = queuedUs,
            ParkedUs = parkedUs,
            FirstTokenUs = isStream && !hasFailed ? queuedUs + prefillUs : null,
            DurationUs = hasFailed ? queuedUs : queuedUs + prefillUs + decodeUs,
            ColdStart = isCold,
            StartedAt = endedAt,
        };
        record = record with { StartedAt = endedAt.AddMicroseconds(-record.DurationUs) };
        var rate = new Rate(record.Model, 1, Start, 50_000 + model, 10_000, 200_000 + model);
        return new RatedRecord(record, 1, hasFailed ? Cost.Zero : rate.CostOf(record));
    }

    /// <summary>A number below the bound, small ones more often.</summary>
    private int Skewed(int bound) => (int)(bound * Math.Pow(_random.NextDouble(), 1.6));

    private double Normal() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
}
