using Podvirt.Messaging;

namespace Podvirt.Metering.Tests.Streams;

/// <summary>A store before whose next update something else happens.</summary>
internal sealed class HookedStore(IStateStore inner) : IStateStore
{
    public Func<Task>? BeforeUpdate { get; set; }

    public ValueTask<StateEntry?> GetAsync(string key, CancellationToken cancellationToken = default) => inner.GetAsync(key, cancellationToken);

    public ValueTask<long> PutAsync(string key, ReadOnlyMemory<byte> value, StateDurability durability, CancellationToken cancellationToken = default) =>
        inner.PutAsync(key, value, durability, cancellationToken);

    public ValueTask<long?> CreateAsync(string key, ReadOnlyMemory<byte> value, StateDurability durability, CancellationToken cancellationToken = default) =>
        inner.CreateAsync(key, value, durability, cancellationToken);

    public async ValueTask<long?> UpdateAsync(
        string key, ReadOnlyMemory<byte> value, long revision, StateDurability durability, CancellationToken cancellationToken = default)
    {
        if (BeforeUpdate is { } first)
        {
            BeforeUpdate = null;
            await first();
        }
        return await inner.UpdateAsync(key, value, revision, durability, cancellationToken);
    }

    public ValueTask<bool> DeleteAsync(string key, long? revision, StateDurability durability, CancellationToken cancellationToken = default) =>
        inner.DeleteAsync(key, revision, durability, cancellationToken);

    public ValueTask<IReadOnlyList<StateEntry>> ListAsync(string prefix, CancellationToken cancellationToken = default) =>
        inner.ListAsync(prefix, cancellationToken);

    public IAsyncEnumerable<StateChange> WatchAsync(string prefix, CancellationToken cancellationToken = default) => inner.WatchAsync(prefix, cancellationToken);
}
