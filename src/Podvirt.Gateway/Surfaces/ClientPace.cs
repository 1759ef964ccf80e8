namespace Podvirt.Gateway.Surfaces;

/// <summary>
/// Whether a client keeps its end of an exchange moving. It is measured only while the gateway waits for the client:
/// every second of waiting is taken from an allowance, every byte that moves gives some of it back, by
/// <see cref="GatewayOptions.ClientRateMin"/>, up to <see cref="GatewayOptions.ClientGrace"/>. A client that has used its
/// allowance up is given up.
/// </summary>
/// <remarks>
/// Kestrel's own rate limit is no substitute. It gives credit without end for what was taken earlier, so that a client
/// that took a megabyte may stop reading for more than an hour; and over HTTP/2 it ends the whole connection, with all its
/// streams, for one that is slow.
/// </remarks>
internal sealed class ClientPace(GatewayOptions options, TimeProvider time, Action giveUp) : IDisposable
{
    // Held while the client is given up, too: who waits here may be sure that nothing comes after.
    private readonly Lock _lock = new();
    private TimeSpan _allowance = options.ClientGrace;
    private ITimer? _timer;
    private long _waitingSince;
    private bool _waiting;
    private bool _disposed;

    // When the timer fires next, as time since the first wait; null: it does not.
    private TimeSpan? _due;
    private long _origin;

    /// <summary>The client was given up.</summary>
    public bool IsTooSlow { get; private set; }

    /// <summary>Bytes are on their way: the next wait may take as long as they need, on top of what is left.</summary>
    public void Credit(long bytes) => _allowance += TimeSpan.FromTicks((long)((double)bytes / options.ClientRateMin * TimeSpan.TicksPerSecond));

    /// <summary>What was not needed is not saved up beyond the grace.</summary>
    public void Settle() => _allowance = _allowance < options.ClientGrace ? _allowance : options.ClientGrace;

    /// <summary>Bytes went without a wait.</summary>
    public void Moved(long bytes)
    {
        if (_allowance < options.ClientGrace)
        {
            Credit(bytes);
            Settle();
        }
    }

    /// <summary>From here on the client is waited for.</summary>
    public void Start()
    {
        lock (_lock)
        {
            _waiting = true;
            _waitingSince = time.GetTimestamp();
            Arm(_allowance);
        }
    }

    /// <summary>The wait is over.</summary>
    public void Stop()
    {
        lock (_lock)
        {
            _waiting = false;
            _allowance -= time.GetElapsedTime(_waitingSince);
            Settle();
        }
    }

    /// <summary>Nobody is given up after it: the connection may carry another request by then.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _timer?.Dispose();
        }
    }

    // One timer an exchange, and only where there was a wait at all; a later wait lets it run on.
    private void Arm(TimeSpan left)
    {
        if (_timer is null)
        {
            _origin = _waitingSince;
            _timer = time.CreateTimer(static pace => ((ClientPace)pace!).Check(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
        left = left > TimeSpan.Zero ? left : TimeSpan.Zero;
        var due = time.GetElapsedTime(_origin) + left;
        if (_due is not { } current || due < current)
        {
            _due = due;
            _timer.Change(left, Timeout.InfiniteTimeSpan);
        }
    }

    private void Check()
    {
        lock (_lock)
        {
            _due = null;
            if (!_waiting || _disposed || IsTooSlow)
            {
                return;
            }
            var left = _allowance - time.GetElapsedTime(_waitingSince);
            if (left > TimeSpan.Zero)
            {
                Arm(left);
                return;
            }
            IsTooSlow = true;
            giveUp();
        }
    }
}
