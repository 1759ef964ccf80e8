using Microsoft.Extensions.Logging;
using Podvirt.Messaging;

namespace Podvirt.Scheduler.Leadership;

/// <summary>An operator's order on its way to whoever leads, under <c>operator/orders/&lt;id&gt;</c>, and the answer on its way back.</summary>
/// <param name="AskedAt">UTC.</param>
/// <param name="Answer">Null: nobody has decided yet.</param>
internal sealed record StoredOrder(FleetAction Action, string Target, DateTimeOffset AskedAt, FleetAnswer? Answer = null)
{
    public const string KeyPrefix = "operator/orders/";
}

/// <summary>
/// Asks whoever leads, in whatever process that is. The order waits in the state store: one that is given while the lead changes is
/// answered by the next leader.
/// </summary>
internal sealed class StoredOrders(IStateStore store, TimeSpan timeout, TimeProvider time, ILogger log) : IFleetControl
{
    public async Task<FleetAnswer> DoAsync(FleetAction action, string target, CancellationToken cancellationToken)
    {
        var key = StoredOrder.KeyPrefix + Guid.CreateVersion7(time.GetUtcNow()).ToString("N");
        await store.PutAsync(
            key, StateJson.ToBytes(new StoredOrder(action, target, time.GetUtcNow())), StateDurability.Process, cancellationToken);
        using var late = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            await foreach (var change in store.WatchAsync(key, either.Token))
            {
                if (change.Entry?.Read<StoredOrder>().Answer is { } answer)
                {
                    return answer;
                }
            }
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // Nobody leads, or the one that does hangs.
        }
        finally
        {
            await ForgetAsync(key);
        }

        return new FleetAnswer(false, "not_ready", $"No scheduler has answered within {timeout.TotalSeconds:0} s; try again when one leads.");
    }

    private async Task ForgetAsync(string key)
    {
        using var limit = new CancellationTokenSource(timeout, time);
        try
        {
            await store.DeleteAsync(key, revision: null, StateDurability.Process, limit.Token);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // A leader removes what is old.
            SchedulerLog.OrderUnanswered(log, key, exception);
        }
    }
}
