using Podvirt.LoadTest.Sockets;

namespace Podvirt.LoadTest.Generator;

/// <summary>One simulated client: a connection that carries one request at a time, and what became of the present one.</summary>
internal sealed class ClientSlot(int index, LoadRecorder recorder) : IReplySink
{
    private const int NotConnected = -1;

    private int _status;
    private ReplyHead? _head;
    private bool _done;
    private bool _error;
    private bool _complete;
    private long _expected;
    private long _astray;
    private long _lastReceived;
    private long _firstComment;
    private long _firstToken;
    private long _arrived;

    public int Index { get; } = index;

    public int Descriptor { get; private set; } = NotConnected;

    public bool IsConnected => Descriptor != NotConnected;

    /// <summary>The connection is made: requests may be written.</summary>
    public bool IsReady { get; set; }

    public ReplyReader Reader { get; private set; } = new();

    public GrowingBuffer Outgoing;

    /// <summary>Requests begun by this slot so far.</summary>
    public int Turns { get; private set; }

    public long RequestId { get; private set; }

    /// <summary>When the present request was meant to go.</summary>
    public long Intended { get; private set; }

    public bool IsBusy { get; private set; }

    /// <summary>Reads slowly, or not at all, from its first token on.</summary>
    public bool IsSlow { get; init; }

    public bool IsHeldBack { get; set; }

    /// <summary>Tokens received of the present answer.</summary>
    public int Tokens { get; private set; }

    /// <summary>When the bytes that are being read were received.</summary>
    public long Received { private get; set; }

    public bool IsComplete => _complete;

    public void Attach(int descriptor)
    {
        Descriptor = descriptor;
        IsReady = false;
        Outgoing = default;
        Reader = new ReplyReader();
    }

    public void Disconnect()
    {
        if (IsConnected)
        {
            TcpSocket.Close(Descriptor);
        }
        Descriptor = NotConnected;
        IsReady = false;
    }

    public void Begin(long requestId, long intended)
    {
        (RequestId, Intended, IsBusy, Turns) = (requestId, intended, true, Turns + 1);
        (_status, _head, _done, _error, _complete) = (0, null, false, false, false);
        (Tokens, _expected, _astray, _lastReceived, _firstComment, _firstToken, _arrived) = (0, 1, 0, 0, 0, 0, 0);
    }

    public void OnHead(ReplyHead head)
    {
        _head = head;
        _status = head.Status;
    }

    public void OnEvent(ReplyEvent item)
    {
        switch (item.Kind)
        {
            case ReplyEventKind.Token:
                OnToken(item);
                break;
            case ReplyEventKind.Comment when _firstComment == 0:
                _firstComment = Received;
                break;
            case ReplyEventKind.Done:
                _done = true;
                break;
            case ReplyEventKind.Error:
                _error = true;
                break;
            default:
                break;
        }
    }

    public void OnEnd() => _complete = true;

    /// <summary>Closes the books on the present request.</summary>
    /// <param name="plan">The run.</param>
    /// <param name="reason">Why it ended before its reply was complete; null: it is complete.</param>
    /// <param name="closed">When the client closed on purpose; 0: it did not.</param>
    public void End(LoadPlan plan, string? reason, long closed = 0)
    {
        IsBusy = false;
        var failure = closed > 0 ? null : reason ?? Verdict(plan);
        recorder.RecordEnd(failure, closed > 0, _astray);
        if (plan.Details)
        {
            recorder.RecordDetail(new RequestDetail(RequestId, Index, Turns - 1)
            {
                Intended = Intended,
                FirstComment = _firstComment,
                FirstToken = _firstToken,
                Arrived = _arrived,
                Ended = MonotonicClock.Now,
                Closed = closed,
                Tokens = Tokens,
                Outcome = closed > 0 ? "aborted" : failure ?? "clean",
                RequestId = _head?.RequestId,
                Replica = _head?.Replica,
                Affinity = _head?.Affinity,
            });
        }
    }

    private string? Verdict(LoadPlan plan)
    {
        if (_status != 200)
        {
            return $"status {_status}";
        }
        if (_error)
        {
            return "error event";
        }
        if (plan.Stream && !_done)
        {
            return "no [DONE]";
        }
        return plan.IsNumbered && plan.Stream && Tokens != plan.Tokens ? "tokens missing" : null;
    }

    private void OnToken(ReplyEvent item)
    {
        Tokens++;
        recorder.RecordToken();
        if (_lastReceived != 0)
        {
            recorder.RecordGap(Received - _lastReceived);
        }
        else
        {
            (_firstToken, _arrived) = (Received, item.Arrived);
            recorder.RecordFirstToken(Received - Intended, item.Arrived == 0 ? -1 : Received - Intended - (item.Stamp - item.Arrived));
        }
        _lastReceived = Received;
        if (item.Number == 0)
        {
            return;
        }
        recorder.RecordDelay(Received - item.Stamp);
        _astray += item.Number == _expected || _head is { IsEventStream: false } ? 0 : 1;
        _expected = item.Number + 1;
    }
}
