namespace Podvirt.Messaging;

/// <summary>
/// Small durable facts by key, with revisions for compare-and-set. Each write says what it has to survive; one that returned
/// does, and is seen by every read from then on. Writes are kept in their order: whatever survives, all writes that returned
/// before it survive with it. <see cref="StateWrites"/> has the same writes without that word: they survive the machine.
/// A call whose store does not answer ends with an <see cref="IOException"/>; a write that ends so may have been done or not.
/// Keys are segments of printable ASCII joined by <c>/</c>; at most 512 characters; values at most 1 MiB.
/// </summary>
public interface IStateStore
{
    ValueTask<StateEntry?> GetAsync(string key, CancellationToken cancellationToken = default);

    /// <summary>Writes whatever is there. Returns the new revision.</summary>
    ValueTask<long> PutAsync(
        string key, ReadOnlyMemory<byte> value, StateDurability durability, CancellationToken cancellationToken = default);

    /// <summary>Writes only where nothing is. Returns the revision, or null when the key is taken.</summary>
    ValueTask<long?> CreateAsync(
        string key, ReadOnlyMemory<byte> value, StateDurability durability, CancellationToken cancellationToken = default);

    /// <summary>Writes only over <paramref name="revision"/>. Returns the new revision, or null when another write came first.</summary>
    ValueTask<long?> UpdateAsync(
        string key, ReadOnlyMemory<byte> value, long revision, StateDurability durability, CancellationToken cancellationToken = default);

    /// <summary>Deletes; with a revision only over that one. False when there was nothing, or another write came first.</summary>
    ValueTask<bool> DeleteAsync(string key, long? revision, StateDurability durability, CancellationToken cancellationToken = default);

    /// <summary>All entries whose key starts with the prefix, by key.</summary>
    ValueTask<IReadOnlyList<StateEntry>> ListAsync(string prefix, CancellationToken cancellationToken = default);

    /// <summary>
    /// First a change for every entry that is there, then one with <see cref="StateChange.IsCaughtUp"/>, then every later
    /// change of the prefix. Intermediate values of one key may be skipped, the last never is.
    /// </summary>
    IAsyncEnumerable<StateChange> WatchAsync(string prefix, CancellationToken cancellationToken = default);
}

/// <param name="Revision">Grows with every write of the store; never used twice.</param>
public sealed record StateEntry(string Key, ReadOnlyMemory<byte> Value, long Revision);

/// <summary>A key's new entry, or null after a delete.</summary>
public sealed record StateChange(string Key, StateEntry? Entry)
{
    /// <summary>Marks the end of the first listing.</summary>
    public static StateChange CaughtUp { get; } = new("", null);

    public bool IsCaughtUp => Key.Length == 0;
}
