using Podvirt.Metering.Ledger;

namespace Podvirt.Metering.Outbox;

/// <summary>
/// The outbox's rows that were published, oldest first, until the ledger has them: whoever acknowledges a record without having it safe, as a stream may that
/// loses its end with its servers, costs nothing so. In memory alone: after a start the whole outbox is published anew, and whoever has a record already knows its id.
/// Used by several threads.
/// </summary>
internal sealed class SentRows(int max)
{
    private readonly Lock _gate = new();
    private readonly Queue<SentRow> _rows = new();
    private readonly Dictionary<Guid, SentRow> _byId = [];
    private long _lastSeq;
    private long _doneThrough;
    private int _acknowledged;

    /// <summary>Rows that the stream has acknowledged and that are still here.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _acknowledged;
            }
        }
    }

    /// <summary>All rows up to this one are needed no more; 0: none.</summary>
    public long DoneThrough
    {
        get
        {
            lock (_gate)
            {
                return _doneThrough;
            }
        }
    }

    /// <summary>Before these are published: the ledger may have them sooner than their acknowledgements are here.</summary>
    public void Begin(IReadOnlyList<OutboxRow> rows)
    {
        lock (_gate)
        {
            foreach (var row in rows)
            {
                if (row.Seq > _lastSeq)
                {
                    _lastSeq = row.Seq;
                    var sent = new SentRow(row.Seq, RecordPlace.Of(row.Record));
                    _rows.Enqueue(sent);
                    _byId[sent.Id] = sent;
                }
            }
        }
    }

    /// <param name="rows">Begun before.</param>
    /// <param name="places">Where the stream has each; 0: it has not.</param>
    /// <param name="now">UTC.</param>
    public void Acknowledge(IReadOnlyList<OutboxRow> rows, IReadOnlyList<long> places, DateTimeOffset now)
    {
        lock (_gate)
        {
            for (var i = 0; i < rows.Count; i++)
            {
                if (places[i] > 0 && _byId.TryGetValue(rows[i].Record.Id, out var sent))
                {
                    CountOnce(sent);
                    (sent.Place, sent.SentAt) = (places[i], now);
                    sent.Publications++;
                }
            }
            Advance();
        }
    }

    /// <summary>The ledger has these. Others' ids are none here.</summary>
    public void Confirm(ReadOnlySpan<Guid> ids)
    {
        lock (_gate)
        {
            foreach (var id in ids)
            {
                if (_byId.TryGetValue(id, out var sent))
                {
                    Finish(sent);
                }
            }
            Advance();
        }
    }

    /// <summary>Rows that wait for the ledger longer than is usual, oldest first.</summary>
    public IReadOnlyList<SentRow> Overdue(DateTimeOffset now)
    {
        lock (_gate)
        {
            return [.. _rows.Where(r => r is { IsDone: false, Place: > 0 } && now - r.SentAt >= SentRow.WaitAfter(r.Publications))];
        }
    }

    private void Finish(SentRow sent)
    {
        CountOnce(sent);
        sent.IsDone = true;
        _byId.Remove(sent.Id);
    }

    private void CountOnce(SentRow sent)
    {
        if (sent is { Place: 0, IsDone: false })
        {
            _acknowledged++;
        }
    }

    private void Advance()
    {
        while (_rows.TryPeek(out var oldest) && (oldest.IsDone || (oldest.Place > 0 && _rows.Count > max)))
        {
            _rows.Dequeue();
            _byId.Remove(oldest.Id);
            _acknowledged--;
            _doneThrough = oldest.Seq;
        }
    }
}

/// <summary>A published row. Its changing parts belong to <see cref="SentRows"/>.</summary>
internal sealed class SentRow(long seq, RecordPlace record)
{
    /// <summary>Longer than a batch is under way to a ledger that is well.</summary>
    private static readonly TimeSpan s_wait = TimeSpan.FromSeconds(10);

    public long Seq => seq;

    public RecordPlace Record => record;

    public Guid Id => record.Id;

    /// <summary>On the stream; 0: not known.</summary>
    public long Place { get; set; }

    public DateTimeOffset SentAt { get; set; }

    public int Publications { get; set; }

    public bool IsDone { get; set; }

    /// <summary>How long after so many publications the next look is due: twice as long each time, as the stream drops what it remembers.</summary>
    public static TimeSpan WaitAfter(int publications) => s_wait * Math.Pow(2, Math.Max(0, publications - 1));
}
