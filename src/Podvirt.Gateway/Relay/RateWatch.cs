using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Usage;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Relay;

/// <summary>Keeps the board as the state store has the rates.</summary>
internal sealed partial class RateWatch(RateBoard board, IStateStore store, ILogger<RateWatch> logger) : BackgroundService
{
    private readonly TaskCompletionSource _firstListing = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when all rates of the store are known: before it a model with a price would seem free.</summary>
    public Task FirstListing => _firstListing.Task;

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
            board.Set(model, entry.Read<IReadOnlyList<Rate>>());
        }
        catch (JsonException e)
        {
            LogUnreadable(e, entry.Key);
        }
    }

    [LoggerMessage(1105, LogLevel.Error, "The rates under '{StateKey}' cannot be read: the ones before stay in force.")]
    private partial void LogUnreadable(Exception exception, string stateKey);
}
