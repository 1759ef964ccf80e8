using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Podvirt.Messaging;

namespace Podvirt.Scheduler.Tests.Doubles;

/// <summary>A state store in memory.</summary>
internal sealed class TestStore : IStateStore
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, StateEntry> _entries = new(StringComparer.Ordinal);
    private readonly List<(string Prefix, ChannelWriter<StateChange> Writer)> _watchers = [];
    private long _revision;

    public ValueTask<StateEntry?> GetAsync(string key, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            return ValueTask.FromResult(_entries.GetValueOrDefault(key));
        }
    }

    public ValueTask<long> PutAsync(
        string key, ReadOnlyMemory<byte> value, StateDurability durability, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            return ValueTask.FromResult(Set(key, value));
        }
    }

    public ValueTask<long?> CreateAsync(
        string key, ReadOnlyMemory<byte> value, StateDurability durability, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            return ValueTask.FromResult<long?>(_entries.ContainsKey(key) ? null : Set(key, value));
        }
    }

    public ValueTask<long?> UpdateAsync(
        string key, ReadOnlyMemory<byte> value, long revision, StateDurability durability, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            return ValueTask.FromResult<long?>(_entries.GetValueOrDefault(key)?.Revision == revision ? Set(key, value) : null);
        }
    }

    public ValueTask<bool> DeleteAsync(
        string key, long? revision, StateDurability durability, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            if (!_entries.TryGetValue(key, out var entry) || (revision is not null && revision != entry.Revision))
            {
                return ValueTask.FromResult(false);
            }

            _entries.Remove(key);
            Tell(new StateChange(key, null));
            return ValueTask.FromResult(true);
        }
    }

    public ValueTask<IReadOnlyList<StateEntry>> ListAsync(string prefix, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            return ValueTask.FromResult<IReadOnlyList<StateEntry>>(
                [.. _entries.Values.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal))]);
        }
    }

    public async IAsyncEnumerable<StateChange> WatchAsync(
        string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var channel = Channel.CreateUnbounded<StateChange>();
        lock (_gate)
        {
            foreach (var entry in _entries.Values.Where(entry => entry.Key.StartsWith(prefix, StringComparison.Ordinal)))
            {
                channel.Writer.TryWrite(new StateChange(entry.Key, entry));
            }

            channel.Writer.TryWrite(StateChange.CaughtUp);
            _watchers.Add((prefix, channel.Writer));
        }

        await foreach (var change in channel.Reader.ReadAllAsync(cancellationToken))
        {
            yield return change;
        }
    }

    private long Set(string key, ReadOnlyMemory<byte> value)
    {
        var entry = new StateEntry(key, value.ToArray(), ++_revision);
        _entries[key] = entry;
        Tell(new StateChange(key, entry));
        return entry.Revision;
    }

    private void Tell(StateChange change)
    {
        foreach (var (prefix, writer) in _watchers)
        {
            if (change.Key.StartsWith(prefix, StringComparison.Ordinal))
            {
                writer.TryWrite(change);
            }
        }
    }
}
