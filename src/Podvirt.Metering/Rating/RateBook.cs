using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Usage;
using Podvirt.Messaging;
using Podvirt.Metering.Ledger;

namespace Podvirt.Metering.Rating;

/// <summary>All rate versions, kept up to date by a watch of the state store.</summary>
public sealed partial class RateBook : IAsyncDisposable, IDisposable
{
    private readonly IStateStore _store;
    private readonly ILogger<RateBook> _log;
    private readonly ConcurrentDictionary<string, Known> _versions = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _caughtUp = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Has no timer, so it needs no disposal and a second disposal of the book finds it whole.
    private readonly CancellationTokenSource _stop = new();
    private readonly Lazy<Task> _watch;

    public RateBook(IStateStore store, TimeProvider time, ILogger<RateBook> log)
    {
        _store = store;
        _log = log;
        _watch = new Lazy<Task>(() => Task.Run(() => store.FollowAsync(Rate.StatePrefix, Take, LogWatchFailed, time, _stop.Token)));
    }

    /// <summary>Starts the watch, and completes when every rate that was stored before is known.</summary>
    public Task CaughtUpAsync(CancellationToken cancellationToken = default)
    {
        _ = _watch.Value;
        return _caughtUp.Task.WaitAsync(cancellationToken);
    }

    /// <summary>The version that holds at a moment. Without one: version 0, which costs nothing.</summary>
    public Rate RateFor(string model, DateTimeOffset endedAt)
    {
        ArgumentNullException.ThrowIfNull(model);
        return _versions.TryGetValue(model, out var versions) ? versions.Timeline.At(endedAt) : Rate.Free(model);
    }

    /// <summary>A model's versions and when each holds.</summary>
    public RateTimeline Timeline(string model) => _versions.TryGetValue(model, out var versions) ? versions.Timeline : new RateTimeline(model, []);

    /// <summary>Null: no such version is known.</summary>
    public Rate? Find(string model, int version)
    {
        ArgumentNullException.ThrowIfNull(model);
        return _versions.TryGetValue(model, out var versions) ? versions.Timeline.Version(version) : version == 0 ? Rate.Free(model) : null;
    }

    /// <summary>A record with its price.</summary>
    internal RatedRecord Rated(UsageRecord record) => Rated(record, Timeline(record.Model));

    /// <summary>A record with its price by these versions.</summary>
    internal static RatedRecord Rated(UsageRecord record, RateTimeline versions)
    {
        var rate = versions.RateOf(record);
        var cost = record.Source == UsageSource.Engine ? rate.CostOf(record) : Cost.Zero;
        return new RatedRecord(record, rate.Version, cost);
    }

    /// <summary>The models that have a rate, by name.</summary>
    public IReadOnlyList<string> Models => [.. _versions.Keys.Order(StringComparer.Ordinal)];

    /// <summary>
    /// Reads the models' rates from the store, past the watch. A record that ended after a price had been applied is then
    /// rated with it, however late the watch is.
    /// </summary>
    /// <exception cref="System.Text.Json.JsonException">What is stored is no list of rates.</exception>
    public async ValueTask RefreshAsync(IEnumerable<string> models, CancellationToken cancellationToken)
    {
        foreach (var model in models)
        {
            var key = Rate.StatePrefix + model;
            // What cannot be a key cannot have a rate.
            if (StateKeys.IsValid(key) && await _store.GetAsync(key, cancellationToken) is { } entry)
            {
                Note(model, entry);
            }
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        if (_watch.IsValueCreated)
        {
            _watch.Value.GetAwaiter().GetResult();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        if (_watch.IsValueCreated)
        {
            await _watch.Value;
        }
    }

    private void Take(StateChange change)
    {
        if (change.IsCaughtUp)
        {
            _caughtUp.TrySetResult();
            return;
        }
        var model = change.Key[Rate.StatePrefix.Length..];
        if (change.Entry is null)
        {
            // Rates are never deleted by Podvirt. Forgetting them would make usage free, so a deletion by hand is not followed.
            LogDeleted(change.Key);
            return;
        }
        try
        {
            Note(model, change.Entry);
        }
        catch (System.Text.Json.JsonException e)
        {
            // Keeps the versions known before. Rating reads the store itself and stops at what it cannot read.
            LogUnreadable(change.Key, e);
        }
    }

    private void Note(string model, StateEntry entry)
    {
        var read = new Known(entry.Revision, new RateTimeline(model, entry.Read<IReadOnlyList<Rate>>()));
        // The watch and a refresh may meet: the higher revision stays.
        _versions.AddOrUpdate(model, read, (_, present) => present.Revision >= read.Revision ? present : read);
    }

    [LoggerMessage(EventId = 4101, Level = LogLevel.Error, Message = "The watch of the rates failed and starts again")]
    private partial void LogWatchFailed(Exception error);

    [LoggerMessage(EventId = 4102, Level = LogLevel.Error, Message = "The rates under {Key} cannot be read")]
    private partial void LogUnreadable(string key, Exception error);

    [LoggerMessage(EventId = 4103, Level = LogLevel.Warning, Message = "The rates under {Key} were deleted from the state store; the known ones stay in force until the next start")]
    private partial void LogDeleted(string key);

    private sealed record Known(long Revision, RateTimeline Timeline);
}
