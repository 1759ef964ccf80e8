using System.Threading.Tasks.Sources;

namespace Podvirt.Gateway.Parking;

/// <summary>What can end a wait. Several may have come by the time it is looked at.</summary>
[Flags]
internal enum Signals
{
    None = 0,

    /// <summary>What was waited for is there.</summary>
    Arrived = 1,

    /// <summary>The time given to <see cref="WaitClock"/> has come. A hint: the clock decides.</summary>
    Clock = 2,

    /// <summary>The client has left.</summary>
    ClientGone = 4,
}

/// <summary>
/// One flow that waits for whichever comes first, without an allocation, a timer or a task of its own. Any thread may
/// signal; one flow waits. Signals stay until they are taken.
/// </summary>
internal class Waiter : IValueTaskSource, IThreadPoolWorkItem
{
    private const int Waiting = 1 << 30;

    // Continues in place; who signals says whether that is its own thread or the pool's.
    private ManualResetValueTaskSourceCore<bool> _wait;
    private int _state;

    /// <summary>Continues the flow on the thread pool, in the order of the signals.</summary>
    public void Signal(Signals signal)
    {
        if (Add(signal))
        {
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
        }
    }

    /// <summary>Continues the flow before it returns.</summary>
    public void SignalInPlace(Signals signal)
    {
        if (Add(signal))
        {
            _wait.SetResult(true);
        }
    }

    /// <summary>Completes once there is a signal.</summary>
    public ValueTask WaitAsync()
    {
        _wait.Reset();
        return Interlocked.CompareExchange(ref _state, Waiting, 0) == 0 ? new ValueTask(this, _wait.Version) : default;
    }

    /// <summary>What has come since the last time.</summary>
    public Signals Take() => (Signals)Interlocked.Exchange(ref _state, 0);

    /// <summary>The tick at which <see cref="WaitClock"/> signals. This and the links are the clock's.</summary>
    internal long DueTick { get; set; }

    internal Waiter? ClockBefore { get; set; }

    internal Waiter? ClockBehind { get; set; }

    void IThreadPoolWorkItem.Execute() => _wait.SetResult(true);

    void IValueTaskSource.GetResult(short token) => _wait.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource.GetStatus(short token) => _wait.GetStatus(token);

    void IValueTaskSource.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _wait.OnCompleted(continuation, state, token, flags);

    // True for the one signal that ends a wait.
    private bool Add(Signals signal)
    {
        while (true)
        {
            var seen = Volatile.Read(ref _state);
            if (Interlocked.CompareExchange(ref _state, (seen | (int)signal) & ~Waiting, seen) == seen)
            {
                return (seen & Waiting) != 0;
            }
        }
    }
}
