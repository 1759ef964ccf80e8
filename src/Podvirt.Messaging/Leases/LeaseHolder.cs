using Microsoft.Extensions.Logging;

namespace Podvirt.Messaging.Leases;

/// <summary>
/// Waits for a lease, and runs what only its holder may do for as long as it is held. Everything is by the monotonic clock:
/// 1. take the name, asked again every third of the period; the hold lasts one period from the moment of asking, not of the answer;
/// 2. run; 3. renew every third of the period; a store that does not answer is asked on until the hold is over;
/// 4. whether lost or run out: cancel what runs and wait for it; 5. begin again. At the stop, free the name.
/// <para>What runs is told of the end by its token, which a process that was paused hears late: a write that must not come from a
/// former holder carries <see cref="NamedLease.Token"/>, or is a compare-and-set.</para>
/// </summary>
public sealed partial class LeaseHolder(ILeases leases, TimeProvider time, ILogger<LeaseHolder> log)
{
    /// <summary>Renewals, and attempts to take the name, in one period.</summary>
    private const int StepsPerPeriod = 3;

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
            var asked = time.GetTimestamp();
            try
            {
                if (await TakeAsync(name, value, stop) is { } lease && await HoldAsync(lease, value, asked, work, stop))
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
            await Task.Delay(leases.Period / StepsPerPeriod, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<NamedLease?> TakeAsync(string name, ReadOnlyMemory<byte> value, CancellationToken stop)
    {
        // Whoever is answered later than this holds nothing any more.
        using var limit = new CancellationTokenSource(leases.Period, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, limit.Token);
        return await leases.TryTakeAsync(name, value, either.Token);
    }

    /// <summary>True where the work ended by itself, and well.</summary>
    private async Task<bool> HoldAsync(
        NamedLease lease, ReadOnlyMemory<byte> value, long asked, Func<NamedLease, CancellationToken, Task> work, CancellationToken stop)
    {
        var rest = leases.Period - time.GetElapsedTime(asked);
        if (rest <= TimeSpan.Zero)
        {
            return false;
        }
        LogTaken(lease.Name, lease.Token);
        using var held = new CancellationTokenSource(rest, time);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop, held.Token);
        var running = Task.Run(() => work(lease, end.Token), CancellationToken.None);
        try
        {
            await RenewAsync(lease, value, running, held, end.Token);
        }
        finally
        {
            await end.CancelAsync();
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await ReleaseAsync(lease);
        }
        if (running.IsFaulted)
        {
            LogFailed(lease.Name, running.Exception.GetBaseException());
        }
        return running.IsCompletedSuccessfully && !held.IsCancellationRequested && !stop.IsCancellationRequested;
    }

    /// <summary>Returns when the work has ended, or the hold.</summary>
    private async Task RenewAsync(NamedLease lease, ReadOnlyMemory<byte> value, Task running, CancellationTokenSource held, CancellationToken end)
    {
        while (true)
        {
            await Task.WhenAny(running, Task.Delay(leases.Period / StepsPerPeriod, time, end));
            if (running.IsCompleted || end.IsCancellationRequested)
            {
                break;
            }
            var asked = time.GetTimestamp();
            try
            {
                if (await leases.TryRenewAsync(lease, value, end) is not { } renewed)
                {
                    break;
                }
                lease = renewed;
                var rest = leases.Period - time.GetElapsedTime(asked);
                held.CancelAfter(rest > TimeSpan.Zero ? rest : TimeSpan.Zero);
            }
            catch (Exception e) when (e is IOException or TimeoutException)
            {
                LogNotRenewed(lease.Name, e);
            }
            catch (OperationCanceledException) when (end.IsCancellationRequested)
            {
                break;
            }
        }
        if (!running.IsCompleted)
        {
            LogOver(lease.Name, lease.Token);
        }
    }

    private async Task ReleaseAsync(NamedLease lease)
    {
        // Also at the stop, whose token is cancelled by now; a store that is away frees the name by its time.
        using var limit = new CancellationTokenSource(leases.Period, time);
        try
        {
            await leases.ReleaseAsync(lease, limit.Token);
        }
        catch (Exception e) when (e is IOException or TimeoutException or OperationCanceledException)
        {
            LogNotReleased(lease.Name, e);
        }
    }

    [LoggerMessage(EventId = 3090, Level = LogLevel.Information, Message = "The lease {Name} is held here, as hold {Token}")]
    private partial void LogTaken(string name, long token);

    [LoggerMessage(EventId = 3091, Level = LogLevel.Information, Message = "The lease {Name} is not held here any more; it was hold {Token}")]
    private partial void LogOver(string name, long token);

    [LoggerMessage(EventId = 3092, Level = LogLevel.Warning, Message = "The store of the leases does not answer for {Name}; it is asked on")]
    private partial void LogNoAnswer(string name, Exception error);

    [LoggerMessage(EventId = 3093, Level = LogLevel.Warning, Message = "The lease {Name} could not be renewed; it is tried again until its time is over")]
    private partial void LogNotRenewed(string name, Exception error);

    [LoggerMessage(EventId = 3094, Level = LogLevel.Warning, Message = "The lease {Name} could not be freed; it ends by its time")]
    private partial void LogNotReleased(string name, Exception error);

    [LoggerMessage(EventId = 3095, Level = LogLevel.Error, Message = "What runs under the lease {Name} failed; the lease is given up and it begins again")]
    private partial void LogFailed(string name, Exception error);
}
