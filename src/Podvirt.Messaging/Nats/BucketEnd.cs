using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace Podvirt.Messaging.Nats;

/// <summary>
/// Where a bucket ends, by what this process has seen of it. Servers that were killed can lose the last writes that they acknowledged, or a
/// bucket is made anew: its revisions begin again at lower ones, and what was read before can be compared with nothing that is there.
/// Then a new age begins in this process. Revisions of a later age are higher than all of an earlier one, nothing is written over a
/// revision of an earlier one, and every watch lists the bucket anew.
/// </summary>
internal sealed partial class BucketEnd : IAsyncDisposable
{
    /// <summary>Bits of a revision below its age: a server that takes a million writes a second counts to there in half a year.</summary>
    private const int AgeShift = 44;

    /// <summary>A process that only reads, over connections that held, finds out so late.</summary>
    public static readonly TimeSpan DefaultInterval = TimeSpan.FromSeconds(10);

    /// <summary>A leader that was elected a moment ago may not have applied all that it has: it is asked twice.</summary>
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(1);

    private readonly NatsBucket _bucket;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;
    private BucketMark _now;

    /// <summary>The latest write whose time is known, to be known again by.</summary>
    private (long Revision, DateTimeOffset At) _latest;
    private string? _leader;
    private bool _isFailing;

    // Has no timer, so it needs no disposal, and a watch that ends after the store finds it whole.
    private CancellationTokenSource _held = new();

    public BucketEnd(NatsBucket bucket, TimeProvider time, ILogger log, TimeSpan interval)
    {
        _bucket = bucket;
        _time = time;
        _log = log;
        _running = Task.Run(() => RunAsync(interval));
    }

    /// <summary>Taken before a call: what comes of the call is of this age, and an acknowledged write comes behind this end.</summary>
    public BucketMark Now
    {
        get
        {
            lock (_gate)
            {
                return _now;
            }
        }
    }

    /// <summary>Cancelled when watches have to begin anew.</summary>
    public CancellationToken Held
    {
        get
        {
            lock (_gate)
            {
                return _held.Token;
            }
        }
    }

    private (long Revision, DateTimeOffset At) Latest
    {
        get
        {
            lock (_gate)
            {
                return _latest;
            }
        }
    }

    /// <summary>Of one write: its time comes in two notations. Before a revision is given again, a server has to start.</summary>
    public static bool IsSame(DateTimeOffset one, DateTimeOffset other) => (one - other).Duration() <= TimeSpan.FromMilliseconds(1);

    /// <summary>A revision as the rest of the process sees it.</summary>
    public static long ToState(long age, long revision) => (age << AgeShift) | revision;

    /// <summary>The bucket's own; null: it is of another age, and whatever has it now was not written by whoever read it.</summary>
    public long? FromState(long revision) => revision >> AgeShift == Now.Age ? revision & ((1L << AgeShift) - 1) : null;

    /// <summary>The bucket has come so far at least.</summary>
    /// <param name="age">In which it was heard.</param>
    /// <param name="revision">The bucket's own.</param>
    /// <param name="at">When it was written, by the server's clock; null: not known.</param>
    public void Saw(long age, long revision, DateTimeOffset? at = null)
    {
        lock (_gate)
        {
            if (_now.Age != age)
            {
                return;
            }
            _now = _now with { End = Math.Max(_now.End, revision) };
            if (at is { } known && revision > _latest.Revision)
            {
                _latest = (revision, known);
            }
        }
    }

    /// <summary>A write was acknowledged. Returns its revision as the rest of the process sees it.</summary>
    /// <param name="before">Taken before it was sent.</param>
    /// <param name="revision">The bucket's own.</param>
    public long Wrote(BucketMark before, long revision)
    {
        if (revision <= before.End)
        {
            Lose(before, revision);
        }
        else
        {
            Saw(before.Age, revision);
        }
        return ToState(before.Age, revision);
    }

    /// <summary>Asks the bucket's leader where it ends. Returns that, in the age that holds then.</summary>
    /// <exception cref="IOException">No answer.</exception>
    public async ValueTask<BucketMark> LookAsync(CancellationToken cancellationToken) => (await FindAsync(cancellationToken)).Mark;

    /// <summary>The bucket has lost its end, or was made anew. Once for each age.</summary>
    /// <param name="before">What was known of it.</param>
    /// <param name="end">Where it ends, or what was written last.</param>
    public void Lose(BucketMark before, long end)
    {
        lock (_gate)
        {
            if (_now.Age != before.Age)
            {
                return;
            }
            _now = new BucketMark(before.Age + 1, end);
            _latest = default;
        }
        NatsMetrics.EndLost();
        LogLost(_bucket.Stream, before.End, end);
        BeginAnew();
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        _stopping.Dispose();
    }

    private async ValueTask<(BucketMark Mark, string? Leader)> FindAsync(CancellationToken cancellationToken)
    {
        for (var isSecond = false; ; isSecond = true)
        {
            var before = Now;
            var latest = Latest;
            var state = await _bucket.StateAsync(cancellationToken);
            var isOther = state.End >= before.End && await IsOtherAsync(latest, cancellationToken);
            if (state.End >= before.End && !isOther)
            {
                Saw(before.Age, state.End, state.At);
                return (before with { End = state.End }, state.Leader);
            }
            if (isSecond || isOther)
            {
                Lose(before, state.End);
                return (Now with { End = state.End }, state.Leader);
            }
            await Task.Delay(_pause, _time, cancellationToken);
        }
    }

    /// <summary>What was written last is gone, and another write has its revision. One that is gone alone was written over, as any is in time.</summary>
    private async ValueTask<bool> IsOtherAsync((long Revision, DateTimeOffset At) latest, CancellationToken cancellationToken) =>
        latest.Revision > 0 && await _bucket.TimeOfAsync(latest.Revision, cancellationToken) is { } at && !IsSame(at, latest.At);

    private void BeginAnew()
    {
        CancellationTokenSource held;
        lock (_gate)
        {
            held = _held;
            _held = new CancellationTokenSource();
        }
        held.Cancel();
        held.Dispose();
    }

    private async Task RunAsync(TimeSpan interval)
    {
        try
        {
            using var timer = new PeriodicTimer(interval, _time);
            while (await timer.WaitForNextTickAsync(_stopping.Token))
            {
                // Whoever never asked for anything makes no bucket by looking.
                if (Now != default)
                {
                    await TryLookAsync();
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            return;
        }
    }

    private async Task TryLookAsync()
    {
        try
        {
            var (_, leader) = await FindAsync(_stopping.Token);
            if (_leader is not null && leader is not null && _leader != leader)
            {
                // What was lost with the other one may have been written over already: a listing tells.
                BeginAnew();
            }
            _leader = leader ?? _leader;
            _isFailing = false;
        }
        catch (Exception e) when (!_stopping.IsCancellationRequested)
        {
            if (!_isFailing)
            {
                LogFailed(e, _bucket.Stream);
            }
            _isFailing = true;
        }
    }

    [LoggerMessage(3015, LogLevel.Error, "NATS has lost the end of '{Stream}', or one of its servers counts ahead of the leader: it had come to revision {Known} and is at {End} now. What the leader does not have is gone; all that is left is read anew.")]
    private partial void LogLost(string stream, long known, long end);

    [LoggerMessage(3016, LogLevel.Information, "Where '{Stream}' ends could not be looked up; it is tried again.")]
    private partial void LogFailed(Exception exception, string stream);
}

/// <summary>A bucket at some time, as one process saw it.</summary>
/// <param name="Age">How often its end was lost before.</param>
/// <param name="End">The highest revision that was seen.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct BucketMark(long Age, long End);
