namespace Podvirt.Testing.Nomad.State;

/// <param name="Json">As the stream sends it.</param>
internal sealed record NomadEvent(ulong Index, string Topic, string Type, string Key, string Namespace, IReadOnlyList<string> FilterKeys, string Json);

/// <summary>The events of the last hundred writes, an agent's default; older ones are gone without a sign. Guarded by the state's gate.</summary>
internal sealed class EventJournal
{
    private const int WritesMax = 100;

    private readonly List<(long Position, NomadEvent Event)> _events = [];
    private readonly Queue<ulong> _writes = new();
    private long _next;
    private int _missing;

    /// <summary>The next events are written down for nobody.</summary>
    public void Lose(int count) => _missing += count;

    /// <summary>Each event is written down as often; 1 is usual.</summary>
    public int Copies { get; set; } = 1;

    public void Add(NomadEvent @event)
    {
        if (_missing > 0)
        {
            _missing--;
            return;
        }
        for (var i = 0; i < Copies; i++)
        {
            _events.Add((_next++, @event));
        }
        if (!_writes.Contains(@event.Index))
        {
            _writes.Enqueue(@event.Index);
        }
        while (_writes.Count > WritesMax)
        {
            var oldest = _writes.Dequeue();
            _events.RemoveAll(e => e.Event.Index == oldest);
        }
    }

    public void Clear()
    {
        _events.Clear();
        _writes.Clear();
    }

    /// <summary>
    /// Where a stream from an index starts: at that index's own events, again; where they are gone, silently at the nearest
    /// that are left. 0: at the oldest.
    /// </summary>
    public long PositionOf(ulong index)
    {
        if (_events.Count == 0)
        {
            return _next;
        }
        var start = Math.Min(index, _events[^1].Event.Index);
        return _events.Find(e => e.Event.Index >= start).Position;
    }

    public IReadOnlyList<NomadEvent> From(ref long position)
    {
        var from = position;
        position = _next;
        return [.. _events.Where(e => e.Position >= from).Select(static e => e.Event)];
    }
}
