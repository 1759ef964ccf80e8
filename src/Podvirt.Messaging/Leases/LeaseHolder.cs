using Microsoft.Extensions.Logging;

namespace Podvirt.Messaging.Leases;

/// <summary>
/// Waits for a lease, and runs what only its holder may do for as long as it is held:
/// 1. take the name, asked again every third of the period; 2. run, while the <see cref="LeaseHold"/> renews itself; 3. whether lost or run
/// out: cancel what runs and wait for it; 4. begin again. At the stop, free the name.
/// <para>What runs is told of the end by its token, which a process that was paused hears late: a write that must not come from a
/// former holder carries <see cref="NamedLease.Token"/>, or is a compare-and-set.</para>
/// </summary>
public sealed partial class LeaseHolder(ILeases leases, TimeProvider time, ILogger<LeaseHolder> log)
{
    /// <summary>Attempts to take the name in one period.</summary>
    private const int AttemptsPerPeriod = 3;

    /// <summary>Until <paramref name="stop"/>. Work that fails gives the lease up and is begun again under a later one.</summary>
    /// <param name="name">A key as of <see cref="IStateStore"/>.</param>
    /// <param name="value">What others see of the holder.</param>
    /// <param name="work">Ends soon after its token is cancelled. Where it ends by itself, so does this.</param>
    /// <param name="stop">Ends it, after the work has ended and the name is free.</param>
    public async Task RunAsync(string name, ReadOnlyMemory<byte> value, Func<NamedLease, CancellationToken, Task> work, CancellationToken stop)
    {
        ArgumentNullException.ThrowIfNull(work);
        var isSilent = false;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (await TakeAsync(name, value, stop) is { } hold && await WorkAsync(hold, work, stop))
                {
                    return;
                }
                isSilent = false;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is IOException or TimeoutException or OperationCanceledException)
            {
                if (!isSilent)
                {
                    LogNoAnswer(name, e);
                }
                isSilent = true;
            }
            await Task.Delay(leases.Period / AttemptsPerPeriod, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<LeaseHold?> TakeAsync(string name, ReadOnlyMemory<byte> value, CancellationToken stop)
    {
        // Whoever is answered later than this holds nothing any more.
        using var limit = new CancellationTokenSource(leases.Period, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        return await LeaseHold.TryTakeAsync(leases, name, value, time, log, either.Token);
    }

    /// <summary>True where the work ended by itself, and well.</summary>
    private async Task<bool> WorkAsync(LeaseHold hold, Func<NamedLease, CancellationToken, Task> work, CancellationToken stop)
    {
        await using (hold)
        {
            var (name, token) = (hold.Lease.Name, hold.Lease.Token);
            LogTaken(name, token);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(stop, hold.Ended);
            var running = Task.Run(() => work(hold.Lease, end.Token), CancellationToken.None);
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (running.IsFaulted)
            {
                LogFailed(name, running.Exception.GetBaseException());
            }
            if (!hold.Holds)
            {
                LogOver(name, token, hold.Ending);
                return false;
            }
            await hold.ReleaseAsync();
            return running.IsCompletedSuccessfully && !stop.IsCancellationRequested;
        }
    }

    [LoggerMessage(EventId = 3090, Level = LogLevel.Information, Message = "The lease {Name} is held here, as hold {Token}")]
    private partial void LogTaken(string name, long token);

    [LoggerMessage(EventId = 3091, Level = LogLevel.Information, Message = "The lease {Name} is not held here any more; it was hold {Token}: {Why}")]
    private partial void LogOver(string name, long token, string why);

    [LoggerMessage(EventId = 3092, Level = LogLevel.Warning, Message = "The store of the leases does not answer for {Name}; it is asked on")]
    private partial void LogNoAnswer(string name, Exception error);

    [LoggerMessage(EventId = 3095, Level = LogLevel.Error, Message = "What runs under the lease {Name} failed; the lease is given up and it begins again")]
    private partial void LogFailed(string name, Exception error);
}
