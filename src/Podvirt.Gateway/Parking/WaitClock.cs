namespace Podvirt.Gateway.Parking;

/// <summary>
/// One timer for all who wait: tells each of them when its next comment, or its end, is due. A wheel of
/// <see cref="Buckets"/> lists, turned every <see cref="TickTime"/>: setting and clearing are O(1), a turn touches the due
/// ones and, once in a lap, those of later laps. Its lock is never held for more than <see cref="BatchMax"/> of them, and
/// none of them runs on its thread. It stands still while nobody waits.
/// </summary>
internal sealed class WaitClock : IDisposable
{
    /// <summary>How late a signal may be. Comments of ten thousand are spread over a second's turns: 200 at a time.</summary>
    public static readonly TimeSpan TickTime = TimeSpan.FromMilliseconds(20);

    /// <summary>A lap of 2.56 s: longer than the time between two comments.</summary>
    public const int Buckets = 128;

    private const int BatchMax = 64;

    private readonly TimeProvider _time;
    private readonly long _tickLength;
    private readonly Lock _lock = new();

    // Rings, each around a head that never is due; one more for what is being worked off.
    private readonly Waiter[] _heads = new Waiter[Buckets + 1];
    private readonly Waiter?[] _due = new Waiter?[BatchMax];
    private readonly ITimer _timer;
    private long _tick;
    private int _count;
    private bool _isRunning;
    private int _isTurning;

    public WaitClock(TimeProvider time)
    {
        _time = time;
        _tickLength = (long)(TickTime.TotalSeconds * time.TimestampFrequency);
        for (var i = 0; i < _heads.Length; i++)
        {
            var head = new Waiter();
            head.ClockBefore = head.ClockBehind = head;
            _heads[i] = head;
        }
        _timer = time.CreateTimer(static clock => ((WaitClock)clock!).Turn(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How many are to be signalled.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _count;
            }
        }
    }

    /// <summary>Signals at this timestamp of the TimeProvider, or up to a tick later; replaces an earlier setting.</summary>
    public void Set(Waiter waiter, long due)
    {
        lock (_lock)
        {
            if (!_isRunning)
            {
                _isRunning = true;
                _tick = _time.GetTimestamp() / _tickLength;
                _timer.Change(TickTime, TickTime);
            }
            Unlink(waiter);
            waiter.DueTick = Math.Max(_tick + 1, (due + _tickLength - 1) / _tickLength);
            Link(waiter, (int)(waiter.DueTick % Buckets));
        }
    }

    /// <summary>A signal that is on its way already may still come.</summary>
    public void Clear(Waiter waiter)
    {
        lock (_lock)
        {
            Unlink(waiter);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Turn()
    {
        // A turn that takes longer than a tick does the next one's work as well.
        if (Interlocked.Exchange(ref _isTurning, 1) != 0)
        {
            return;
        }
        var now = _time.GetTimestamp() / _tickLength;
        while (TakeDue(now, out var count))
        {
            for (var i = 0; i < count; i++)
            {
                _due[i]?.Signal(Signals.Clock);
                _due[i] = null;
            }
        }
        Volatile.Write(ref _isTurning, 0);
    }

    // False when nothing is left to do at this time.
    private bool TakeDue(long now, out int count)
    {
        count = 0;
        var working = _heads[Buckets];
        lock (_lock)
        {
            for (var looked = 0; looked < BatchMax; looked++)
            {
                if (working.ClockBehind == working && !NextBucket(now))
                {
                    return count > 0;
                }
                if (working.ClockBehind is not { } waiter || waiter == working)
                {
                    continue;
                }
                Unlink(waiter);
                if (waiter.DueTick <= _tick)
                {
                    _due[count++] = waiter;
                }
                else
                {
                    Link(waiter, (int)(waiter.DueTick % Buckets));
                }
            }
            return true;
        }
    }

    // Moves the next tick's ring over to be worked off, as a whole.
    private bool NextBucket(long now)
    {
        if (_tick >= now)
        {
            return false;
        }
        if (_count == 0)
        {
            // Nobody waits any more. Who comes next starts it again.
            _isRunning = false;
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return false;
        }
        _tick++;
        var working = _heads[Buckets];
        var head = _heads[_tick % Buckets];
        if (head.ClockBehind is { } first && head.ClockBefore is { } last && first != head)
        {
            (working.ClockBehind, first.ClockBefore) = (first, working);
            (working.ClockBefore, last.ClockBehind) = (last, working);
            head.ClockBefore = head.ClockBehind = head;
        }
        return true;
    }

    private void Link(Waiter waiter, int bucket)
    {
        var head = _heads[bucket];
        var last = head.ClockBefore!;
        (waiter.ClockBefore, waiter.ClockBehind) = (last, head);
        last.ClockBehind = head.ClockBefore = waiter;
        _count++;
    }

    private void Unlink(Waiter waiter)
    {
        if (waiter is not { ClockBefore: { } before, ClockBehind: { } behind })
        {
            return;
        }
        (before.ClockBehind, behind.ClockBefore) = (behind, before);
        waiter.ClockBefore = waiter.ClockBehind = null;
        _count--;
    }
}
