using System.Text.Json;
using Microsoft.Extensions.Logging;
using Podvirt.Messaging;

namespace Podvirt.Scheduler.Leadership;

/// <summary>Where a leader takes operators' orders from, and leaves its answers.</summary>
internal sealed class OrderDesk(IStateStore store, IFleetControl control, TimeProvider time, ILogger log)
{
    /// <summary>Whoever asked waits no longer than this: it has ended without taking its order away.</summary>
    private static readonly TimeSpan AgeMax = TimeSpan.FromMinutes(1);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in store.WatchAsync(StoredOrder.KeyPrefix, cancellationToken))
        {
            if (change.Entry is { } entry)
            {
                try
                {
                    await HandleAsync(entry, cancellationToken);
                }
                catch (Exception exception) when (exception is not (OutOfMemoryException or OperationCanceledException))
                {
                    // Whoever asked is told that nobody answered; the next order may fare better.
                    SchedulerLog.OrderUnanswered(log, entry.Key, exception);
                }
            }
        }
    }

    private async Task HandleAsync(StateEntry entry, CancellationToken cancellationToken)
    {
        var order = Read(entry);
        if (order is null || time.GetUtcNow() - order.AskedAt > AgeMax)
        {
            await store.DeleteAsync(entry.Key, entry.Revision, StateDurability.Process, cancellationToken);
            return;
        }

        if (order.Answer is null)
        {
            var answer = await control.DoAsync(order.Action, order.Target, cancellationToken);
            if (!cancellationToken.IsCancellationRequested)
            {
                // Null where whoever asked has left.
                await store.UpdateAsync(
                    entry.Key, StateJson.ToBytes(order with { Answer = answer }), entry.Revision, StateDurability.Process, cancellationToken);
            }
        }
    }

    private StoredOrder? Read(StateEntry entry)
    {
        try
        {
            return entry.Read<StoredOrder>();
        }
        catch (JsonException exception)
        {
            SchedulerLog.OrderUnanswered(log, entry.Key, exception);
            return null;
        }
    }
}
