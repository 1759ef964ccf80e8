using System.Runtime.InteropServices;

namespace Podvirt.Gateway.Transport;

/// <summary>Hears from a <see cref="LoopSocket"/>, on its loop's thread, or on the pool's after the socket was closed.</summary>
internal interface ILoopSocketEvents
{
    /// <summary>A <see cref="LoopSocket.TryWaitReadable"/> is over.</summary>
    void OnReadable();

    /// <summary>A send that was refused may work now.</summary>
    void OnWritable();
}

/// <summary>
/// One non-blocking socket on an event loop. Any thread may send and close; one at a time receives. Whether there may be
/// something to receive is known from the loop's events, so a receive that would find nothing is not tried.
/// </summary>
internal sealed unsafe class LoopSocket : IThreadPoolWorkItem
{
    private const int Quiet = 0;
    private const int Readable = 1;
    private const int Waiting = 2;

    private readonly EventLoop _loop;
    private readonly Lock _lock = new();
    private ILoopSocketEvents? _events;
    private int _descriptor;
    private int _readState;

    // The end of the connection, or an error, is there: an edge that comes with the data before it, not again behind it.
    private volatile bool _hasEnd;

    public LoopSocket(EventLoop loop, int descriptor)
    {
        _loop = loop;
        _descriptor = descriptor;
    }

    /// <summary>What the loop knows it by.</summary>
    public ulong Token { get; set; }

    public bool IsClosed => Volatile.Read(ref _descriptor) < 0;

    /// <summary>Events go there from now on.</summary>
    /// <exception cref="IOException">The system takes no more sockets.</exception>
    public void Start(ILoopSocketEvents events)
    {
        _events = events;
        try
        {
            _loop.Add(this, _descriptor);
        }
        catch
        {
            _events = null;
            throw;
        }
    }

    /// <summary>True: <see cref="ILoopSocketEvents.OnReadable"/> will be called. False: a receive may find something now.</summary>
    public bool TryWaitReadable() => Interlocked.CompareExchange(ref _readState, Waiting, Quiet) == Quiet;

    /// <summary>Something may have come: bytes, the end, or an error.</summary>
    public bool MayBeReadable => Volatile.Read(ref _readState) == Readable;

    /// <returns>Bytes; 0: the end; negative: minus the error, <see cref="Libc.Again"/> where there was nothing.</returns>
    public int Receive(Span<byte> buffer)
    {
        Interlocked.Exchange(ref _readState, Quiet);
        int received;
        lock (_lock)
        {
            fixed (byte* at = buffer)
            {
                received = _descriptor < 0 ? -Libc.Canceled : Result(Libc.Receive(_descriptor, at, (nuint)buffer.Length, 0));
            }
        }
        // Fewer bytes than there was room for: that was all, and what comes now is a new event (epoll(7), Q9).
        if (received == buffer.Length || _hasEnd || (received <= 0 && received != -Libc.Again))
        {
            Interlocked.Exchange(ref _readState, Readable);
        }
        return received;
    }

    /// <returns>Bytes; negative: minus the error, <see cref="Libc.Again"/> where <see cref="ILoopSocketEvents.OnWritable"/> will tell.</returns>
    public int Send(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            fixed (byte* at = bytes)
            {
                return _descriptor < 0 ? -Libc.Canceled : Result(Libc.Send(_descriptor, at, (nuint)bytes.Length, Libc.NoSignal));
            }
        }
    }

    /// <returns>The descriptor of a connection that was accepted; negative: minus the error.</returns>
    /// <param name="address">Room for <see cref="SocketNames.BytesMax"/>.</param>
    public int Accept(byte* address, out uint length)
    {
        Interlocked.Exchange(ref _readState, Quiet);
        var size = (uint)SocketNames.BytesMax;
        int accepted;
        lock (_lock)
        {
            accepted = _descriptor < 0
                ? -Libc.Canceled
                : Result(Libc.Accept(_descriptor, address, &size, Libc.NonBlocking | Libc.CloseOnExec));
        }
        if (accepted != -Libc.Again)
        {
            // There may be more of them, or the same trouble again.
            Interlocked.Exchange(ref _readState, Readable);
        }
        length = size;
        return accepted;
    }

    /// <summary>Nothing more will be sent: the other side reads an end.</summary>
    public void EndSending()
    {
        lock (_lock)
        {
            if (_descriptor >= 0)
            {
                _ = Libc.Shutdown(_descriptor, Libc.ShutdownWrite);
            }
        }
    }

    /// <summary>The error that the socket has come to; 0: none.</summary>
    public int TakeError()
    {
        lock (_lock)
        {
            var error = 0;
            var length = (uint)sizeof(int);
            if (_descriptor < 0)
            {
                return Libc.Canceled;
            }
            SystemFault.Check(Libc.GetOption(_descriptor, Libc.SocketLevel, Libc.SocketError, &error, &length), "getsockopt");
            return error;
        }
    }

    /// <summary>Closes it at once, from any thread. Whoever waits hears of it on the thread pool.</summary>
    /// <param name="reset">The other side is to see a reset: it must not take what it got for everything.</param>
    public void Close(bool reset = false)
    {
        lock (_lock)
        {
            if (_descriptor < 0)
            {
                return;
            }
            if (reset)
            {
                var linger = 1L; // struct linger { on = 1, seconds = 0 }
                _ = Libc.SetOption(_descriptor, Libc.SocketLevel, Libc.Linger, &linger, sizeof(long));
            }
            if (_events is not null)
            {
                _loop.Remove(this);
            }
            _ = Libc.Close(_descriptor);
            _descriptor = -1;
        }
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>The loop's.</summary>
    public void OnEvents(uint events)
    {
        if ((events & (Libc.PeerClosed | Libc.HungUp | Libc.Failed)) != 0)
        {
            _hasEnd = true;
        }
        if ((events & ~Libc.CanWrite) != 0)
        {
            SetReadable();
        }
        if ((events & (Libc.CanWrite | Libc.HungUp | Libc.Failed)) != 0)
        {
            _events!.OnWritable();
        }
    }

    void IThreadPoolWorkItem.Execute()
    {
        _hasEnd = true;
        SetReadable();
        _events?.OnWritable();
    }

    private void SetReadable()
    {
        if (Interlocked.Exchange(ref _readState, Readable) == Waiting)
        {
            _events!.OnReadable();
        }
    }

    // No signal interrupts a call that does not block (signal(7)).
    private static int Result(nint result) => result >= 0 ? (int)result : -Marshal.GetLastPInvokeError();
}
