namespace Podvirt.Messaging;

/// <summary>The writes of a store as nearly everybody wants them: they survive the machine.</summary>
public static class StateWrites
{
    /// <inheritdoc cref="IStateStore.PutAsync"/>
    public static ValueTask<long> PutAsync(
        this IStateStore store, string key, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        return store.PutAsync(key, value, StateDurability.Machine, cancellationToken);
    }

    /// <inheritdoc cref="IStateStore.CreateAsync"/>
    public static ValueTask<long?> CreateAsync(
        this IStateStore store, string key, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        return store.CreateAsync(key, value, StateDurability.Machine, cancellationToken);
    }

    /// <inheritdoc cref="IStateStore.UpdateAsync"/>
    public static ValueTask<long?> UpdateAsync(
        this IStateStore store, string key, ReadOnlyMemory<byte> value, long revision, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        return store.UpdateAsync(key, value, revision, StateDurability.Machine, cancellationToken);
    }

    /// <inheritdoc cref="IStateStore.DeleteAsync"/>
    public static ValueTask<bool> DeleteAsync(
        this IStateStore store, string key, long? revision = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        return store.DeleteAsync(key, revision, StateDurability.Machine, cancellationToken);
    }
}
