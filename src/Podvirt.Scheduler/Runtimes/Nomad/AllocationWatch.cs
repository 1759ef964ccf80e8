using Microsoft.Extensions.Logging;
using Podvirt.Scheduler.Runtimes.Nomad.Api;

namespace Podvirt.Scheduler.Runtimes.Nomad;

/// <summary>
/// Every state of every allocation of the namespace, sooner or later. Events come with gaps and twice; so all is listed after each
/// subscription and now and then, and whoever hears takes what it is told as a level.
/// </summary>
/// <param name="seen">Hears of each state that an allocation was in.</param>
/// <param name="listed">Hears of everything that is there, after each listing.</param>
internal sealed class AllocationWatch(
    NomadClient client, NomadOptions options, Func<Allocation, CancellationToken, Task> seen,
    Func<IReadOnlyList<Allocation>, CancellationToken, Task> listed, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan RestartDelay = TimeSpan.FromSeconds(1);

    /// <summary>A stream that says nothing at all, not even that it is there, is as good as none.</summary>
    private static readonly TimeSpan FirstLineMax = TimeSpan.FromSeconds(2);

    private bool _hasEvents = true;

    /// <summary>Ends by cancellation only.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await (_hasEvents ? FollowEventsAsync(cancellationToken) : BlockAsync(cancellationToken));
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (NomadException missing) when (_hasEvents && missing.Failure is NomadFailure.NotFound)
            {
                _hasEvents = false;
                SchedulerLog.NoEventStream(log);
                continue;
            }
            catch (Exception trouble) when (trouble is not OutOfMemoryException)
            {
                // Nomad's, or of whoever hears: nothing else would tell that an engine ended.
                SchedulerLog.WatchFailed(log, trouble.Message);
            }

            await Task.Delay(RestartDelay, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <remarks>1. Subscribe. 2. List. 3. Follow, and list again when it is time. The stream's end leads back to 1.</remarks>
    private async Task FollowEventsAsync(CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var events = client.EventsAsync("topic=Allocation&index=0", ended.Token).GetAsyncEnumerator(ended.Token);
        var next = events.MoveNextAsync().AsTask();
        await Task.WhenAny(next, Task.Delay(FirstLineMax, time, ended.Token));
        try
        {
            while (true)
            {
                await ListAsync(0, cancellationToken);
                var due = Task.Delay(options.ListInterval, time, ended.Token);
                while (await Task.WhenAny(next, due) == next)
                {
                    if (!await next)
                    {
                        return;
                    }

                    await HearAsync(events.Current, cancellationToken);
                    next = events.MoveNextAsync().AsTask();
                }
            }
        }
        finally
        {
            // The enumerator may be disposed only when nobody waits in it.
            await ended.CancelAsync();
            await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>For agents without events: a question that waits for a change of any allocation.</summary>
    private async Task BlockAsync(CancellationToken cancellationToken)
    {
        var index = 0UL;
        while (true)
        {
            var next = await ListAsync(index, cancellationToken);
            // One that went backwards is of a server that was restored: from the beginning.
            index = next < index ? 0 : next;
            if (index == 0)
            {
                await Task.Delay(RestartDelay, time, cancellationToken);
            }
        }
    }

    private async Task<ulong> ListAsync(ulong index, CancellationToken cancellationToken)
    {
        var (all, next) = await client.AllocationsAsync(index, cancellationToken);
        foreach (var allocation in all)
        {
            await seen(allocation, cancellationToken);
        }

        await listed(all, cancellationToken);
        return next;
    }

    private async Task HearAsync(EventLine line, CancellationToken cancellationToken)
    {
        foreach (var happened in line.Events ?? [])
        {
            if (happened.Payload?.Allocation is { } allocation)
            {
                await seen(allocation, cancellationToken);
            }
        }
    }
}
