using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Podvirt.Gateway.Transport;

/// <summary>
/// One thread that waits for many sockets (epoll, edge triggered) and runs what waits for them, in place. Nothing that it
/// runs may block: all its sockets would wait.
/// </summary>
internal sealed unsafe class EventLoop : IDisposable
{
    // As many as are taken out of the kernel at a time.
    private const int EventsMax = 256;

    // No socket's: it ends the loop.
    private const ulong WakeToken = ulong.MaxValue;

    // The kernel packs epoll_event on x86-64 only.
    private static readonly int s_tokenOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int s_stride = s_tokenOffset + 8;

    private readonly Lock _lock = new();
    private readonly int _epoll;
    private readonly int _wake;
    private readonly byte* _events;
    private readonly Thread _thread;

    // By the lower half of their tokens. Replaced when it grows, so that the loop reads it without the lock.
    private LoopSocket?[] _sockets = new LoopSocket?[64];
    private readonly Stack<int> _free = [];
    private int _slots;
    private uint _generation;
    private readonly TimeProvider? _measuredBy;
    private long _longest;
    private volatile bool _stopped;

    /// <param name="measuredBy">Measures <see cref="Longest"/>; null: nobody asks, and nothing is measured.</param>
    public EventLoop(string name, TimeProvider? measuredBy = null)
    {
        _measuredBy = measuredBy;
        _epoll = SystemFault.Check(Libc.CreateEpoll(Libc.CloseOnExec), "epoll_create1");
        _wake = SystemFault.Check(Libc.CreateEvent(0, Libc.CloseOnExec | Libc.NonBlocking), "eventfd");
        _events = (byte*)NativeMemory.AllocZeroed((nuint)(EventsMax * s_stride));
        Register(_wake, Libc.CanRead, WakeToken);
        _thread = new Thread(Run) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>How long at most it was away from its sockets, running what waited for one batch of events: all others had to wait for it.</summary>
    public TimeSpan Longest => _measuredBy?.GetElapsedTime(0, Interlocked.Read(ref _longest)) ?? TimeSpan.Zero;

    /// <summary>The calling thread is this loop's.</summary>
    public bool IsCurrent => Environment.CurrentManagedThreadId == _thread.ManagedThreadId;

    /// <summary>From here on the socket hears of its events, the ones that are there already first.</summary>
    /// <exception cref="IOException">The system takes no more.</exception>
    public void Add(LoopSocket socket, int descriptor)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_stopped, this);
            if (!_free.TryPop(out var slot))
            {
                slot = _slots++;
            }
            if (slot >= _sockets.Length)
            {
                var larger = new LoopSocket?[_sockets.Length * 2];
                _sockets.CopyTo(larger, 0);
                Volatile.Write(ref _sockets, larger);
            }

            // A late event of a socket that had this slot before carries an older generation.
            socket.Token = ((ulong)++_generation << 32) | (uint)slot;
            Volatile.Write(ref _sockets[slot], socket);
            try
            {
                Register(descriptor, Libc.CanRead | Libc.CanWrite | Libc.PeerClosed | Libc.EdgeTriggered, socket.Token);
            }
            catch
            {
                Remove(socket);
                throw;
            }
        }
    }

    /// <summary>The socket hears of nothing any more. Closing its descriptor is the caller's, afterwards.</summary>
    public void Remove(LoopSocket socket)
    {
        lock (_lock)
        {
            var slot = (int)(uint)socket.Token;
            Volatile.Write(ref _sockets[slot], null);
            _free.Push(slot);
        }
    }

    /// <summary>Ends the thread. Sockets that are still there hear of nothing any more.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_stopped)
            {
                return;
            }
            _stopped = true;
        }
        var one = 1UL;
        _ = Libc.Write(_wake, &one, sizeof(ulong));
        if (!IsCurrent)
        {
            _thread.Join();
        }
    }

    private void Register(int descriptor, uint events, ulong token)
    {
        var change = stackalloc byte[16];
        Unsafe.WriteUnaligned(change, events);
        Unsafe.WriteUnaligned(change + s_tokenOffset, token);
        SystemFault.Check(Libc.ControlEpoll(_epoll, Libc.ControlAdd, descriptor, change), "epoll_ctl");
    }

    private void Run()
    {
        while (!_stopped)
        {
            var count = Libc.WaitEpoll(_epoll, _events, EventsMax, timeoutMilliseconds: -1);
            if (count < 0 && Marshal.GetLastPInvokeError() != Libc.Interrupted)
            {
                throw SystemFault.Last("epoll_wait");
            }
            var began = _measuredBy?.GetTimestamp() ?? 0;
            for (var i = 0; i < count; i++)
            {
                var entry = _events + (i * s_stride);
                Dispatch(Unsafe.ReadUnaligned<uint>(entry), Unsafe.ReadUnaligned<ulong>(entry + s_tokenOffset));
            }
            if (_measuredBy is not null)
            {
                Interlocked.Exchange(ref _longest, Math.Max(_longest, _measuredBy.GetTimestamp() - began));
            }
        }
        _ = Libc.Close(_wake);
        _ = Libc.Close(_epoll);
        NativeMemory.Free(_events);
    }

    private void Dispatch(uint events, ulong token)
    {
        if (token == WakeToken)
        {
            return;
        }
        var socket = Volatile.Read(ref Volatile.Read(ref _sockets)[(int)(uint)token]);
        if (socket is not null && socket.Token == token)
        {
            socket.OnEvents(events);
        }
    }
}
