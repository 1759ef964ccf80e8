using System.Threading.Tasks.Sources;

namespace Podvirt.Simulator.Engine;

/// <summary>
/// Waits from token to token along a schedule, with one timer and no allocation per wait. The schedule is absolute: a late timer
/// does not slow the stream down. One waiter at a time.
/// </summary>
internal sealed class Pacer : IValueTaskSource<bool>, IDisposable
{
    // Timers are about this exact; a shorter wait is left to the next one.
    private static readonly TimeSpan _grain = TimeSpan.FromMilliseconds(1);

    // After a longer stall (a sleep, a slow client) the schedule starts afresh instead of catching up in a burst.
    private static readonly TimeSpan _catchUpMax = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly CancellationTokenRegistration _registration;
    private readonly CancellationToken _token;
    private ManualResetValueTaskSourceCore<bool> _core;
    private long _due;
    private int _armed;

    public Pacer(TimeProvider time, CancellationToken token)
    {
        _time = time;
        _token = token;
        _due = time.GetTimestamp();
        _timer = time.CreateTimer(static state => ((Pacer)state!).Complete(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _registration = token.UnsafeRegister(static state => ((Pacer)state!).Complete(), this);
    }

    /// <summary>Moves the schedule on and waits for it.</summary>
    /// <returns>False when the token was cancelled.</returns>
    public ValueTask<bool> WaitAsync(TimeSpan step)
    {
        if (_token.IsCancellationRequested)
        {
            return new ValueTask<bool>(false);
        }

        var now = _time.GetTimestamp();
        var tick = (double)_time.TimestampFrequency / TimeSpan.TicksPerSecond;
        _due += (long)(step.Ticks * tick);
        var left = TimeSpan.FromTicks((long)((_due - now) / tick));
        if (left < -_catchUpMax)
        {
            _due = now;
        }

        if (left < _grain)
        {
            return new ValueTask<bool>(true);
        }

        _core.Reset();
        Volatile.Write(ref _armed, 1);
        _timer.Change(left, Timeout.InfiniteTimeSpan);
        if (_token.IsCancellationRequested)
        {
            Complete();
        }

        return new ValueTask<bool>(this, _core.Version);
    }

    /// <summary>Starts the schedule afresh, after a pause.</summary>
    public void Restart() => _due = _time.GetTimestamp();

    public void Dispose()
    {
        _registration.Dispose();
        _timer.Dispose();
    }

    public bool GetResult(short token) => _core.GetResult(token);

    public ValueTaskSourceStatus GetStatus(short token) => _core.GetStatus(token);

    public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _core.OnCompleted(continuation, state, token, flags);

    private void Complete()
    {
        if (Interlocked.Exchange(ref _armed, 0) == 1)
        {
            _core.SetResult(!_token.IsCancellationRequested);
        }
    }
}
