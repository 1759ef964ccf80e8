using System.Collections.Concurrent;
using Podvirt.Core.Usage;

namespace Podvirt.Gateway.Relay;

/// <summary>
/// The rates as <see cref="RateWatch"/> last saw them: for budgets, and for clients that want to be told what an answer costs. The record
/// of such an answer carries the version it was told by, so the ledger comes to the same amount, however far the two watches are apart.
/// </summary>
internal sealed class RateBoard(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, RateTimeline> _timelines = new(StringComparer.Ordinal);

    /// <summary>The version that holds now.</summary>
    public Rate Now(string model) => _timelines.TryGetValue(model, out var timeline) ? timeline.At(time.GetUtcNow()) : Rate.Free(model);

    /// <summary>By what a record will be rated.</summary>
    public Rate RateOf(UsageRecord record) =>
        _timelines.TryGetValue(record.Model, out var timeline) ? timeline.RateOf(record) : Rate.Free(record.Model);

    public void Set(string model, IReadOnlyList<Rate> versions) => _timelines[model] = new RateTimeline(model, versions);
}
