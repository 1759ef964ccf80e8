using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Usage;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Relay;

/// <summary>
/// The rates as the state store has them: for budgets, and for clients that want to be told what an answer costs. The record of such
/// an answer carries the version it was told by, so the ledger comes to the same amount, however far the two watches are apart.
/// </summary>
internal sealed partial class RateBoard(IStateStore store, TimeProvider time, ILogger<RateBoard> logger) : BackgroundService
{
    private readonly ConcurrentDictionary<string, RateTimeline> _timelines = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _firstListing = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when all rates of the store are known: before it a model with a price would seem free.</summary>
    public Task FirstListing => _firstListing.Task;

    /// <summary>The version that holds now.</summary>
    public Rate Now(string model) => _timelines.TryGetValue(model, out var timeline) ? timeline.At(time.GetUtcNow()) : Rate.Free(model);

    /// <summary>By what a record will be rated: the version that its client was told, or the one that holds when it ended.</summary>
    public Rate RateOf(UsageRecord record) =>
        !_timelines.TryGetValue(record.Model, out var timeline) ? Rate.Free(record.Model)
        : record.QuotedRate is { } version && timeline.Version(version) is { } quoted ? quoted
        : timeline.At(record.EndedAt);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var change in store.WatchAsync(Rate.StatePrefix, stoppingToken))
        {
            if (change.IsCaughtUp)
            {
                _firstListing.TrySetResult();
            }
            else if (change.Entry is not null)
            {
                Take(change.Key[Rate.StatePrefix.Length..], change.Entry);
            }
        }
    }

    private void Take(string model, StateEntry entry)
    {
        try
        {
            _timelines[model] = new RateTimeline(model, entry.Read<IReadOnlyList<Rate>>());
        }
        catch (JsonException e)
        {
            LogUnreadable(e, entry.Key);
        }
    }

    [LoggerMessage(1105, LogLevel.Error, "The rates under '{StateKey}' cannot be read: clients are told costs by the ones before.")]
    private partial void LogUnreadable(Exception exception, string stateKey);
}
