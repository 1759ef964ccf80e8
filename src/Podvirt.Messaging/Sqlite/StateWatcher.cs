using System.Threading.Channels;

namespace Podvirt.Messaging.Sqlite;

/// <summary>
/// What one watch has not read yet: at most one change per key, in the order of the latest writes. When more keys have
/// changed than it may hold, it forgets them all and its reader compares a fresh listing with what it has seen.
/// </summary>
/// <param name="pendingMax">Changed keys held at most.</param>
internal sealed class StateWatcher(string prefix, int pendingMax)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<StateChange> _pending = new();
    private readonly Dictionary<string, LinkedListNode<StateChange>> _byKey = new(StringComparer.Ordinal);
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private bool _overflowed;

    /// <summary>Guarded by the registry's lock. A closed watcher is not registered any more.</summary>
    public bool IsClosed { get; set; }

    public void Offer(StateChange change)
    {
        if (!change.Key.StartsWith(prefix, StringComparison.Ordinal))
        {
            return;
        }
        lock (_gate)
        {
            if (_overflowed)
            {
                return;
            }
            if (_byKey.Remove(change.Key, out var older))
            {
                _pending.Remove(older);
            }
            _byKey.Add(change.Key, _pending.AddLast(change));
            if (_byKey.Count > pendingMax)
            {
                _overflowed = true;
                Forget();
            }
        }
        _signal.Writer.TryWrite(true);
    }

    /// <summary>Before a listing that takes the place of everything held.</summary>
    public void Reset()
    {
        lock (_gate)
        {
            _overflowed = false;
            Forget();
        }
    }

    /// <summary>The store closes: no more changes.</summary>
    public void End() => _signal.Writer.TryComplete();

    /// <summary>Waits for a change. False when the store is closed.</summary>
    public async ValueTask<bool> WaitAsync(CancellationToken cancellationToken)
    {
        if (!await _signal.Reader.WaitToReadAsync(cancellationToken))
        {
            return false;
        }
        _signal.Reader.TryRead(out _);
        return true;
    }

    /// <summary>What is held; null when too much changed.</summary>
    public List<StateChange>? Take()
    {
        lock (_gate)
        {
            if (_overflowed)
            {
                return null;
            }
            var changes = new List<StateChange>(_pending);
            Forget();
            return changes;
        }
    }

    private void Forget()
    {
        _pending.Clear();
        _byKey.Clear();
    }
}
