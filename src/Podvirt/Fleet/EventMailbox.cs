namespace Podvirt.Fleet;

/// <summary>One event as it goes out.</summary>
/// <param name="Name">The event's name.</param>
/// <param name="Data">One line of JSON.</param>
internal readonly record struct FeedEvent(string Name, byte[] Data);

/// <summary>
/// What one listener has not read yet. A level (<c>models</c>, <c>fleet</c>) replaces its predecessor. Transitions queue up to a
/// bound; then the oldest give way and are counted, and the count is told in their place.
/// </summary>
internal sealed class EventMailbox(bool isAdmin)
{
    /// <summary>A page that is this far behind will not catch up by reading on: it asks for the list.</summary>
    public const int QueueMax = 256;

    private readonly Dictionary<string, byte[]> _levels = new(StringComparer.Ordinal);
    private readonly Queue<FeedEvent> _queue = new();
    private readonly Lock _gate = new();
    private TaskCompletionSource _filled = NewSignal();
    private long _lost;

    /// <summary>Whether engines' own words are for this listener.</summary>
    public bool IsAdmin => isAdmin;

    public void Set(string name, byte[] data)
    {
        lock (_gate)
        {
            _levels[name] = data;
            _filled.TrySetResult();
        }
    }

    public void Add(FeedEvent queued)
    {
        lock (_gate)
        {
            _queue.Enqueue(queued);
            if (_queue.Count > QueueMax)
            {
                _queue.Dequeue();
                _lost++;
            }
            _filled.TrySetResult();
        }
    }

    /// <summary>Completes when there is something to take.</summary>
    public Task Filled
    {
        get
        {
            lock (_gate)
            {
                return _filled.Task;
            }
        }
    }

    /// <param name="lost">Transitions that gave way since the last call; they were older than those returned.</param>
    public IReadOnlyList<FeedEvent> TakeAll(out long lost)
    {
        lock (_gate)
        {
            List<FeedEvent> all = [.. _queue, .. _levels.Select(level => new FeedEvent(level.Key, level.Value))];
            _queue.Clear();
            _levels.Clear();
            (lost, _lost) = (_lost, 0);
            _filled = NewSignal();
            return all;
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
