using Microsoft.Extensions.Logging;

namespace Podvirt.Messaging.Leases;

/// <summary>
/// A lease that is being held. It is renewed three times a period, and ends by this process's own clock before the store ends it:
/// a period is counted from before the request that began it was sent. Whoever was paused finds it ended, whatever a timer says.
/// </summary>
public sealed partial class LeaseHold : IAsyncDisposable
{
    /// <summary>The part of a period that counts. The rest is for clocks that do not run alike, and for calls that have to be broken off.</summary>
    private const double Share = 0.9;

    /// <summary>A renewal that failed is tried again this often in a period; one that holds is due after two of these.</summary>
    private const int LooksPerPeriod = 6;

    private readonly ILeases _leases;
    private readonly ReadOnlyMemory<byte> _value;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _ended = new();
    private readonly Lock _gate = new();
    private readonly TimeSpan _span;
    private readonly ITimer _looks;
    private readonly ITimer _end;
    private NamedLease _lease;
    private long _asked;
    private Task _renewing = Task.CompletedTask;
    private Task _ending = Task.CompletedTask;

    private LeaseHold(ILeases leases, NamedLease lease, ReadOnlyMemory<byte> value, long asked, TimeProvider time, ILogger log)
    {
        _leases = leases;
        _lease = lease;
        _value = value;
        _asked = asked;
        _time = time;
        _log = log;
        _span = leases.Period * Share;
        Ended = _ended.Token;
        var look = leases.Period / LooksPerPeriod;
        _looks = time.CreateTimer(_ => Look(), null, look, look);
        _end = time.CreateTimer(_ => EndWhenDue(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        EndWhenDue();
    }

    /// <summary>As it was last renewed.</summary>
    public NamedLease Lease => Volatile.Read(ref _lease);

    /// <summary>Fires when it has ended, or was let go.</summary>
    public CancellationToken Ended { get; }

    /// <summary>How it ended, in words; empty while it holds.</summary>
    public string Ending { get; private set; } = "";

    /// <summary>How long it holds if it is not renewed; zero when it has ended.</summary>
    public TimeSpan Left
    {
        get
        {
            var left = _span - _time.GetElapsedTime(Interlocked.Read(ref _asked));
            return Ended.IsCancellationRequested || left < TimeSpan.Zero ? TimeSpan.Zero : left;
        }
    }

    public bool Holds => Left > TimeSpan.Zero;

    /// <summary>Takes the name where it is free; null where it is not.</summary>
    /// <param name="leases">The store of the leases.</param>
    /// <param name="name">A key as of <see cref="IStateStore"/>.</param>
    /// <param name="value">What others see of the holder.</param>
    /// <param name="time">The clock; what counts of it is monotonic.</param>
    /// <param name="log">Hears of renewals that failed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">The store does not answer.</exception>
    public static async Task<LeaseHold?> TryTakeAsync(
        ILeases leases, string name, ReadOnlyMemory<byte> value, TimeProvider time, ILogger log, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(leases);
        ArgumentNullException.ThrowIfNull(time);
        var asked = time.GetTimestamp();
        return await leases.TryTakeAsync(name, value, cancellationToken) is { } lease
            ? new LeaseHold(leases, lease, value, asked, time, log)
            : null;
    }

    /// <summary>Ends it for this process. The store keeps it until its time is over, or it is released.</summary>
    public void End(string why)
    {
        lock (_gate)
        {
            if (!_ended.IsCancellationRequested)
            {
                Ending = why;
                _ending = _ended.CancelAsync();
            }
        }
    }

    /// <summary>Frees the name for others, where the store answers within what is left of it.</summary>
    public async Task ReleaseAsync()
    {
        var left = Left;
        End("released");
        await _renewing;
        using var limit = new CancellationTokenSource(left, _time);
        try
        {
            await _leases.ReleaseAsync(_lease, limit.Token);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            LogNotReleased(_log, _lease.Name, exception);
        }
    }

    public async ValueTask DisposeAsync()
    {
        End("given up");
        await _looks.DisposeAsync();
        await _end.DisposeAsync();
        await _renewing;
        await _ending;
        _ended.Dispose();
    }

    private void EndWhenDue()
    {
        var left = Left;
        if (left > TimeSpan.Zero)
        {
            _end.Change(left, Timeout.InfiniteTimeSpan);
        }
        else
        {
            End("it could not be renewed in time");
        }
    }

    private void Look()
    {
        lock (_gate)
        {
            // Due after two looks, of which the second may come a little early.
            var isDue = _time.GetElapsedTime(_asked) >= _leases.Period / LooksPerPeriod * 1.5;
            if (isDue && _renewing.IsCompleted && Holds)
            {
                _renewing = RenewAsync();
            }
        }
    }

    private async Task RenewAsync()
    {
        var asked = _time.GetTimestamp();
        var limit = TimeSpan.FromTicks(Math.Min(Left.Ticks, (_leases.Period / 3).Ticks));
        using var late = new CancellationTokenSource(limit, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, Ended);
        try
        {
            if (await _leases.TryRenewAsync(_lease, _value, both.Token) is not { } renewed)
            {
                End("it was over, and may be another's");
                return;
            }

            Volatile.Write(ref _lease, renewed);
            Interlocked.Exchange(ref _asked, asked);
            _end.Change(Left, Timeout.InfiniteTimeSpan);
        }
        catch (OperationCanceledException) when (Ended.IsCancellationRequested)
        {
            // It has ended meanwhile, and whoever holds it knows.
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            LogNotRenewed(_log, _lease.Name, Left, exception);
        }
    }

    [LoggerMessage(EventId = 3093, Level = LogLevel.Warning, Message = "The lease {Name} could not be renewed; it holds for {Left} yet, and is tried again until then")]
    private static partial void LogNotRenewed(ILogger log, string name, TimeSpan left, Exception error);

    [LoggerMessage(EventId = 3094, Level = LogLevel.Warning, Message = "The lease {Name} could not be freed; it ends by its time")]
    private static partial void LogNotReleased(ILogger log, string name, Exception error);
}
