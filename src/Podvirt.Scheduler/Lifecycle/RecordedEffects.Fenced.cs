using System.Text.Json;
using Podvirt.Messaging;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>Effects of one leader among several schedulers.</summary>
internal sealed partial class RecordedEffects
{
    private static readonly TimeSpan StorePause = TimeSpan.FromMilliseconds(200);

    /// <summary>A write takes milliseconds; one that takes this long may have been lost on its way, and is made again.</summary>
    private static readonly TimeSpan StoreTimeout = TimeSpan.FromSeconds(1);

    private async Task RunFencedAsync(Intent intent, Line line, Action run)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token, mandate.Ended);
        try
        {
            if (await RecordAsync(intent, line, either.Token) && !_ended.IsCancellationRequested)
            {
                mandate.ThrowIfEnded();
                run();
                return;
            }
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            // Refused, as below; or the room closes in order, and its successor decides.
        }

        if (!mandate.Holds)
        {
            metrics.Refused(intent.Effect);
            SchedulerLog.EffectRefused(log, intent.Model, intent.Replica, intent.Effect);
        }
    }

    /// <returns>True: it is written, and after that this scheduler was still the one that leads.</returns>
    private async Task<bool> RecordAsync(Intent intent, Line line, CancellationToken cancellationToken)
    {
        for (var isTold = false; ; isTold = true)
        {
            mandate.ThrowIfEnded();
            using var late = new CancellationTokenSource(StoreTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
            try
            {
                return await ReplaceAsync(intent, line, either.Token) && await mandate.ConfirmAsync(either.Token);
            }
            catch (Exception exception) when (exception is not OutOfMemoryException && !cancellationToken.IsCancellationRequested)
            {
                if (!isTold)
                {
                    SchedulerLog.IntentWaits(log, intent.Model, intent.Replica, intent.Effect, exception.Message);
                }
            }

            await Task.Delay(StorePause, time, cancellationToken);
        }
    }

    /// <summary>Writes it over what an earlier leader left, or this one with an answer that was lost.</summary>
    /// <returns>False: a later leader's is there.</returns>
    private async Task<bool> ReplaceAsync(Intent intent, Line line, CancellationToken cancellationToken)
    {
        var key = Intent.KeyPrefix + intent.Replica;
        var bytes = StateJson.ToBytes(intent);
        while (true)
        {
            var written = line.Revision is { } revision
                ? await store.UpdateAsync(key, bytes, revision, StateDurability.Process, cancellationToken)
                : await store.CreateAsync(key, bytes, StateDurability.Process, cancellationToken);
            if (written is not null)
            {
                line.Revision = written;
                return true;
            }

            var there = await store.GetAsync(key, cancellationToken);
            if (there is not null && EpochOf(there) > intent.Epoch)
            {
                mandate.End("another scheduler has taken over");
                return false;
            }

            line.Revision = there?.Revision;
        }
    }

    /// <summary>One that cannot be read is nobody's.</summary>
    private static long EpochOf(StateEntry entry)
    {
        try
        {
            return entry.Read<Intent>().Epoch;
        }
        catch (JsonException)
        {
            return 0;
        }
    }
}
