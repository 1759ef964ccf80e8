using System.Runtime.CompilerServices;
using Podvirt.Messaging;

namespace Podvirt.Tests;

/// <summary>The contract of the state store, without a disk.</summary>
internal sealed class MemoryStateStore : IStateStore
{
    private readonly SortedDictionary<string, StateEntry> _entries = new(StringComparer.Ordinal);
    private long _revision;

    /// <summary>Runs before the next conditional write: another writer that comes first.</summary>
    public Action? BeforeNextUpdate { get; set; }

    public bool IsBroken { get; set; }

    public ValueTask<StateEntry?> GetAsync(string key, CancellationToken cancellationToken = default) =>
        IsBroken ? throw new IOException("the disk is gone") : ValueTask.FromResult(_entries.GetValueOrDefault(key));

    public ValueTask<long> PutAsync(
        string key, ReadOnlyMemory<byte> value, StateDurability durability, CancellationToken cancellationToken = default)
    {
        _entries[key] = new StateEntry(key, value.ToArray(), ++_revision);
        return ValueTask.FromResult(_revision);
    }

    public async ValueTask<long?> CreateAsync(
        string key, ReadOnlyMemory<byte> value, StateDurability durability, CancellationToken cancellationToken = default) =>
        _entries.ContainsKey(key) ? null : await PutAsync(key, value, durability, cancellationToken);

    public async ValueTask<long?> UpdateAsync(
        string key, ReadOnlyMemory<byte> value, long revision, StateDurability durability, CancellationToken cancellationToken = default)
    {
        var before = BeforeNextUpdate;
        BeforeNextUpdate = null;
        before?.Invoke();
        return _entries.TryGetValue(key, out var entry) && entry.Revision == revision ? await PutAsync(key, value, durability, cancellationToken) : null;
    }

    public ValueTask<bool> DeleteAsync(
        string key, long? revision, StateDurability durability, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(_entries.TryGetValue(key, out var entry) && (revision is null || entry.Revision == revision) && _entries.Remove(key));

    public ValueTask<IReadOnlyList<StateEntry>> ListAsync(string prefix, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IReadOnlyList<StateEntry>>([.. _entries.Values.Where(e => e.Key.StartsWith(prefix, StringComparison.Ordinal))]);

    public async IAsyncEnumerable<StateChange> WatchAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        foreach (var entry in await ListAsync(prefix, cancellationToken))
        {
            yield return new StateChange(entry.Key, entry);
        }
        yield return StateChange.CaughtUp;
        await Task.Delay(Timeout.Infinite, cancellationToken);
    }
}
