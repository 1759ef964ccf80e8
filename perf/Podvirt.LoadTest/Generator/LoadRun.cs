using System.Net;
using Podvirt.LoadTest.Sockets;

namespace Podvirt.LoadTest.Generator;

/// <summary>One run of the generator: one thread, one epoll, one queue of alarms.</summary>
internal sealed class LoadRun : IDisposable
{
    private enum Alarm
    {
        Start,
        Abort,
        ReadSlowly,
    }

    /// <summary>How often a slow reader takes its share.</summary>
    private const long SlowPause = 100 * MonotonicClock.Millisecond;

    /// <summary>A slow reader's kernel buffer: small, so that what it does not take is felt at once.</summary>
    private const int SlowReceiveBuffer = 4 * 1024;

    private readonly LoadPlan _plan;
    private readonly IPEndPoint _target;
    private readonly Epoll _epoll = new();
    private readonly LoadRecorder _recorder = new();
    private readonly List<ClientSlot> _slots = [];
    private readonly Stack<ClientSlot> _idle = new();
    private readonly ClientSlot?[] _byDescriptor = new ClientSlot?[65_536];
    private readonly PriorityQueue<(ClientSlot? Slot, Alarm What, long Turn), long> _alarms = new();
    private readonly byte[] _received = new byte[64 * 1024];
    private int _started;
    private int _ended;

    public LoadRun(LoadPlan plan)
    {
        _plan = plan;
        _target = new IPEndPoint(IPAddress.Loopback, plan.Port);
    }

    private int TurnsPerSlot => _plan.Requests / _plan.Streams;

    /// <summary>Requests whose end the run waits for: a slow reader has none. Slow readers alone are held until the time-out.</summary>
    private int Awaited => _plan.SlowStreams == _plan.Streams ? int.MaxValue : _plan.Requests - (_plan.SlowStreams * TurnsPerSlot);

    public LoadResult Run()
    {
        var begun = MonotonicClock.Now;
        PlanStarts(begun);
        var deadline = begun + (_plan.TimeoutMs * MonotonicClock.Millisecond);
        while (_ended < Awaited && MonotonicClock.Now < deadline)
        {
            RingAlarms();
            var pause = _alarms.TryPeek(out _, out var due) ? due - MonotonicClock.Now : deadline - MonotonicClock.Now;
            var events = _epoll.Wait(Math.Clamp(pause, 0, MonotonicClock.Second));
            for (var i = 0; i < events; i++)
            {
                if (_byDescriptor[_epoll.TokenOf(i)] is { } slot)
                {
                    Handle(slot, _epoll.EventsOf(i));
                }
            }
        }
        foreach (var slot in _slots)
        {
            if (slot.IsBusy)
            {
                slot.End(_plan, slot.IsSlow ? "slow reader" : "timeout");
            }
            slot.Disconnect();
        }
        return _recorder.ToResult(_started);
    }

    public void Dispose() => _epoll.Dispose();

    private void PlanStarts(long begun)
    {
        if (_plan.Rate > 0)
        {
            for (var i = 0; i < _plan.Requests; i++)
            {
                _alarms.Enqueue((null, Alarm.Start, 0), begun + (long)(i * MonotonicClock.Second / _plan.Rate));
            }
            return;
        }
        for (var i = 0; i < _plan.Streams; i++)
        {
            _alarms.Enqueue((NewSlot(), Alarm.Start, 0), begun + (_plan.RampMs * MonotonicClock.Millisecond * i / _plan.Streams));
        }
    }

    private ClientSlot NewSlot()
    {
        var slot = new ClientSlot(_slots.Count, _recorder) { IsSlow = _slots.Count < _plan.SlowStreams };
        _slots.Add(slot);
        return slot;
    }

    private void RingAlarms()
    {
        while (_alarms.TryPeek(out var alarm, out var due) && due <= MonotonicClock.Now)
        {
            _ = _alarms.Dequeue();
            switch (alarm.What)
            {
                case Alarm.Start:
                    Start(alarm.Slot ?? (_idle.TryPop(out var idle) ? idle : NewSlot()), due);
                    break;
                case Alarm.Abort when alarm.Slot is { IsBusy: true } slot && slot.Turns == alarm.Turn:
                    Abort(slot);
                    break;
                case Alarm.ReadSlowly when alarm.Slot is { IsBusy: true, IsConnected: true } slot:
                    ReadSlowly(slot);
                    break;
                default:
                    break;
            }
        }
    }

    private void Start(ClientSlot slot, long intended)
    {
        slot.Begin(_started++, intended);
        if (_plan.AbortAfterTokens == 0)
        {
            _alarms.Enqueue((slot, Alarm.Abort, slot.Turns), intended + (_plan.AbortAfterMs * MonotonicClock.Millisecond));
        }
        if (slot.IsConnected)
        {
            Send(slot);
            return;
        }
        var descriptor = TcpSocket.Connect(_target, slot.IsSlow ? SlowReceiveBuffer : 0);
        slot.Attach(descriptor);
        _byDescriptor[descriptor] = slot;
        _epoll.Add(descriptor, Libc.WriteEvent, descriptor);
    }

    private void Handle(ClientSlot slot, int events)
    {
        if ((events & Libc.WriteEvent) != 0 && slot.IsConnected)
        {
            OnWritable(slot);
        }
        if ((events & ~Libc.WriteEvent) == 0 || !slot.IsConnected)
        {
            return;
        }
        if (!slot.IsHeldBack)
        {
            Read(slot, _received);
        }
        else if ((events & (Libc.ErrorEvent | Libc.HangupEvent)) != 0)
        {
            Finish(slot, "cut while reading slowly");
        }
    }

    private void OnWritable(ClientSlot slot)
    {
        if (!slot.IsReady)
        {
            if (TcpSocket.ErrorOf(slot.Descriptor) != 0)
            {
                Finish(slot, "not connected");
                return;
            }
            slot.IsReady = true;
            Send(slot);
        }
        else
        {
            Flush(slot);
        }
        if (slot.IsConnected && slot.Outgoing.IsEmpty)
        {
            _epoll.Modify(slot.Descriptor, Libc.ReadEvent, slot.Descriptor);
        }
    }

    private void Send(ClientSlot slot)
    {
        slot.Outgoing.Append(RequestText.Render(_plan, slot.RequestId, slot.Index, slot.Turns - 1));
        Flush(slot);
        if (slot.IsConnected && !slot.Outgoing.IsEmpty)
        {
            _epoll.Modify(slot.Descriptor, Libc.ReadEvent | Libc.WriteEvent, slot.Descriptor);
        }
    }

    private void Flush(ClientSlot slot)
    {
        var sent = TcpSocket.Send(slot.Descriptor, slot.Outgoing.Span);
        if (sent == TcpSocket.Gone)
        {
            Finish(slot, "closed while sending");
            return;
        }
        slot.Outgoing.Consume(Math.Max(sent, 0));
    }

    private void Read(ClientSlot slot, Span<byte> into)
    {
        var count = TcpSocket.Receive(slot.Descriptor, into);
        if (count == TcpSocket.WouldBlock)
        {
            return;
        }
        if (count is 0 or TcpSocket.Gone)
        {
            Finish(slot, count == 0 ? "closed" : "reset");
            return;
        }
        slot.Received = MonotonicClock.Now;
        _recorder.RecordBytes(count);
        try
        {
            slot.Reader.Read(into[..count], slot);
        }
        catch (FormatException error)
        {
            Finish(slot, error.Message);
            return;
        }
        if (slot.IsBusy)
        {
            AfterRead(slot);
        }
    }

    private void AfterRead(ClientSlot slot)
    {
        if (slot.IsComplete)
        {
            slot.End(_plan, reason: null);
            GoOn(slot);
        }
        else if (_plan.AbortAfterTokens > 0 && slot.Tokens >= _plan.AbortAfterTokens)
        {
            Abort(slot);
        }
        else if (slot is { IsSlow: true, IsHeldBack: false, Tokens: > 0 })
        {
            slot.IsHeldBack = true;
            _epoll.Modify(slot.Descriptor, 0, slot.Descriptor);
            if (slot.Index >= _plan.StoppedStreams)
            {
                _alarms.Enqueue((slot, Alarm.ReadSlowly, slot.Turns), MonotonicClock.Now + SlowPause);
            }
        }
    }

    private void ReadSlowly(ClientSlot slot)
    {
        Read(slot, _received.AsSpan(0, (int)Math.Max(1, _plan.SlowBytesPerSecond * SlowPause / MonotonicClock.Second)));
        if (slot is { IsBusy: true, IsConnected: true })
        {
            _alarms.Enqueue((slot, Alarm.ReadSlowly, slot.Turns), MonotonicClock.Now + SlowPause);
        }
    }

    private void Abort(ClientSlot slot)
    {
        var closed = MonotonicClock.Now;
        Drop(slot);
        slot.End(_plan, reason: null, closed);
        GoOn(slot);
    }

    /// <summary>The connection is of no more use.</summary>
    private void Finish(ClientSlot slot, string reason)
    {
        Drop(slot);
        if (slot.IsBusy)
        {
            slot.End(_plan, reason);
            GoOn(slot);
        }
    }

    private void Drop(ClientSlot slot)
    {
        _byDescriptor[slot.Descriptor] = null;
        slot.Disconnect();
    }

    private void GoOn(ClientSlot slot)
    {
        _ended += slot.IsSlow ? 0 : 1;
        slot.IsHeldBack = false;
        if (_plan.Rate > 0)
        {
            _idle.Push(slot);
        }
        else if (slot.Turns < TurnsPerSlot)
        {
            _alarms.Enqueue((slot, Alarm.Start, 0), MonotonicClock.Now);
        }
    }
}
