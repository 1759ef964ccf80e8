using System.Threading.Channels;
using Podvirt.Messaging;
using Podvirt.Scheduler.Lifecycle;

namespace Podvirt.Scheduler;

/// <summary>Hands an operator's wish to the loop, and writes down what has to outlive a restart.</summary>
internal sealed class FleetControl(ChannelWriter<SchedulerEvent> events, IStateStore store, CancellationToken ended) : IFleetControl
{
    private const string PinPrefix = "operator/pins/";
    private const string DrainPrefix = "operator/drains/";
    private const string SleepPrefix = "operator/sleeps/";

    public async Task<FleetAnswer> DoAsync(FleetAction action, string target, CancellationToken cancellationToken)
    {
        var answer = await AskAsync(action, target, cancellationToken);
        if (answer.Accepted && Lasting(action) is { } lasting)
        {
            try
            {
                await WriteAsync(lasting.Prefix + target, lasting.Set, cancellationToken);
            }
            catch
            {
                // What would be forgotten by a restart is not done at all.
                await AskAsync(lasting.Undo, target, CancellationToken.None);
                throw;
            }
        }

        return answer;
    }

    /// <summary>Pinned models, drained gpus, and models that were sent to sleep.</summary>
    public static async Task<(HashSet<string> Pinned, HashSet<string> Drained, HashSet<string> SentToSleep)> ReadAsync(
        IStateStore store, CancellationToken cancellationToken) =>
        (await ReadAsync(store, PinPrefix, cancellationToken), await ReadAsync(store, DrainPrefix, cancellationToken),
            await ReadAsync(store, SleepPrefix, cancellationToken));

    /// <summary>The loop ends such an order itself, when the model is used. It is about engines, which do not survive the machine.</summary>
    public static async Task WriteSleepOrderAsync(IStateStore store, string model, bool holds, CancellationToken cancellationToken)
    {
        if (holds)
        {
            await store.PutAsync(SleepPrefix + model, "{}"u8.ToArray(), StateDurability.Process, cancellationToken);
        }
        else
        {
            await store.DeleteAsync(SleepPrefix + model, revision: null, StateDurability.Process, cancellationToken);
        }
    }

    private static async Task<HashSet<string>> ReadAsync(IStateStore store, string prefix, CancellationToken cancellationToken) =>
        [.. (await store.ListAsync(prefix, cancellationToken)).Select(entry => entry.Key[prefix.Length..])];

    private static (string Prefix, bool Set, FleetAction Undo)? Lasting(FleetAction action) => action switch
    {
        FleetAction.Pin => (PinPrefix, true, FleetAction.Unpin),
        FleetAction.Unpin => (PinPrefix, false, FleetAction.Pin),
        FleetAction.DrainGpu => (DrainPrefix, true, FleetAction.UndrainGpu),
        FleetAction.UndrainGpu => (DrainPrefix, false, FleetAction.DrainGpu),
        _ => null,
    };

    private async Task<FleetAnswer> AskAsync(FleetAction action, string target, CancellationToken cancellationToken)
    {
        var answered = new TaskCompletionSource<FleetAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, ended);
        try
        {
            await events.WriteAsync(new OperatorAsked(action, target, answered), either.Token);
            return await answered.Task.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            return new FleetAnswer(false, "shutting_down", "The scheduler is stopping.");
        }
    }

    private async Task WriteAsync(string key, bool isSet, CancellationToken cancellationToken)
    {
        if (isSet)
        {
            await store.PutAsync(key, "{}"u8.ToArray(), cancellationToken);
        }
        else
        {
            await store.DeleteAsync(key, cancellationToken: cancellationToken);
        }
    }
}
