using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>A state store in memory; enough of it for what the gateway reads.</summary>
internal sealed class MemoryStateStore : IStateStore
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, StateEntry> _entries = new(StringComparer.Ordinal);
    private readonly List<(string Prefix, Channel<StateChange> Changes)> _watchers = [];
    private long _revision;

    /// <summary>The first listing waits for this.</summary>
    public Task Listing { get; set; } = Task.CompletedTask;

    /// <summary>So many listings fail yet.</summary>
    public int ListingsToFail { get; set; }

    public ValueTask<StateEntry?> GetAsync(string key, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            return ValueTask.FromResult(_entries.GetValueOrDefault(key));
        }
    }

    public ValueTask<long> PutAsync(
        string key, ReadOnlyMemory<byte> value, StateDurability durability, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            var entry = new StateEntry(key, value.ToArray(), ++_revision);
            _entries[key] = entry;
            Tell(new StateChange(key, entry));
            return ValueTask.FromResult(entry.Revision);
        }
    }

    public ValueTask<bool> DeleteAsync(
        string key, long? revision, StateDurability durability, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(key, out var entry) || (revision is not null && entry.Revision != revision))
            {
                return ValueTask.FromResult(false);
            }
            _entries.Remove(key);
            Tell(new StateChange(key, null));
            return ValueTask.FromResult(true);
        }
    }

    public async IAsyncEnumerable<StateChange> WatchAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Listing.WaitAsync(cancellationToken);
        var changes = Channel.CreateUnbounded<StateChange>();
        lock (_lock)
        {
            foreach (var entry in _entries.Values.Where(e => e.Key.StartsWith(prefix, StringComparison.Ordinal)))
            {
                changes.Writer.TryWrite(new StateChange(entry.Key, entry));
            }
            changes.Writer.TryWrite(StateChange.CaughtUp);
            _watchers.Add((prefix, changes));
        }
        await foreach (var change in changes.Reader.ReadAllAsync(cancellationToken))
        {
            yield return change;
        }
    }

    public ValueTask<long?> CreateAsync(
        string key, ReadOnlyMemory<byte> value, StateDurability durability, CancellationToken cancellationToken = default) =>
        WriteOver(key, value, static current => current is null);

    public ValueTask<long?> UpdateAsync(
        string key, ReadOnlyMemory<byte> value, long revision, StateDurability durability, CancellationToken cancellationToken = default) =>
        WriteOver(key, value, current => current?.Revision == revision);

    public ValueTask<IReadOnlyList<StateEntry>> ListAsync(string prefix, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            if (ListingsToFail > 0)
            {
                ListingsToFail--;
                throw new IOException("the store does not answer");
            }
            return ValueTask.FromResult<IReadOnlyList<StateEntry>>([.. _entries.Values.Where(e => e.Key.StartsWith(prefix, StringComparison.Ordinal))]);
        }
    }

    private ValueTask<long?> WriteOver(string key, ReadOnlyMemory<byte> value, Func<StateEntry?, bool> isRight)
    {
        lock (_lock)
        {
            if (!isRight(_entries.GetValueOrDefault(key)))
            {
                return ValueTask.FromResult<long?>(null);
            }
            var entry = new StateEntry(key, value.ToArray(), ++_revision);
            _entries[key] = entry;
            Tell(new StateChange(key, entry));
            return ValueTask.FromResult<long?>(entry.Revision);
        }
    }

    private void Tell(StateChange change)
    {
        foreach (var (prefix, changes) in _watchers)
        {
            if (change.Key.StartsWith(prefix, StringComparison.Ordinal))
            {
                changes.Writer.TryWrite(change);
            }
        }
    }
}
