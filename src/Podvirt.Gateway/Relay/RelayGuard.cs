using Podvirt.Gateway.Upstream;

namespace Podvirt.Gateway.Relay;

/// <summary>
/// Cuts an attempt's connection when its client leaves, its engine stays silent, or the host stops: whichever comes
/// first is the reason. One timer an attempt, none a token.
/// </summary>
internal sealed class RelayGuard : IDisposable
{
    private const int NoReason = -1;
    private const int Disposed = -2;

    private readonly UpstreamConnection _connection;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly CancellationTokenRegistration _clientGone;
    private readonly CancellationTokenRegistration _drained;
    private TimeSpan _silenceMax;
    private long _lastTouch;
    private volatile bool _paused;
    private int _reason = NoReason;

    public RelayGuard(UpstreamConnection connection, TimeSpan silenceMax, TimeProvider time, CancellationToken clientGone, CancellationToken drained)
    {
        _connection = connection;
        _time = time;
        _silenceMax = silenceMax;
        _lastTouch = time.GetTimestamp();
        _timer = time.CreateTimer(static guard => ((RelayGuard)guard!).CheckSilence(), this, silenceMax, Timeout.InfiniteTimeSpan);
        _clientGone = clientGone.UnsafeRegister(static guard => ((RelayGuard)guard!).Cut(RelayEnd.ClientGone), this);
        _drained = drained.UnsafeRegister(static guard => ((RelayGuard)guard!).Cut(RelayEnd.Drained), this);
    }

    /// <summary>Why the connection was cut from here; null: it was not.</summary>
    public RelayEnd? Reason => Volatile.Read(ref _reason) is var reason and >= 0 ? (RelayEnd)reason : null;

    /// <summary>The engine sent something.</summary>
    public void Touch() => Volatile.Write(ref _lastTouch, _time.GetTimestamp());

    /// <summary>What is waited for now is not the engine: its silence does not count until <see cref="Resume"/>.</summary>
    public void Pause() => _paused = true;

    public void Resume()
    {
        Touch();
        _paused = false;
    }

    /// <summary>From here on another silence counts.</summary>
    public void Expect(TimeSpan silenceMax)
    {
        _silenceMax = silenceMax;
        Resume();
        _timer.Change(silenceMax, Timeout.InfiniteTimeSpan);
    }

    public void Cut(RelayEnd reason)
    {
        if (Interlocked.CompareExchange(ref _reason, (int)reason, NoReason) == NoReason)
        {
            _connection.Cut();
        }
    }

    /// <summary>Nothing is cut after it: the connection may carry another request by then.</summary>
    public void Dispose()
    {
        Interlocked.CompareExchange(ref _reason, Disposed, NoReason);
        _timer.Dispose();
        _clientGone.Dispose();
        _drained.Dispose();
    }

    private void CheckSilence()
    {
        var left = _paused ? _silenceMax : _silenceMax - _time.GetElapsedTime(Volatile.Read(ref _lastTouch));
        if (left <= TimeSpan.Zero)
        {
            Cut(RelayEnd.EngineStalled);
        }
        else
        {
            _timer.Change(left, Timeout.InfiniteTimeSpan);
        }
    }
}
