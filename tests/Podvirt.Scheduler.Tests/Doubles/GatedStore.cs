using Podvirt.Messaging;

namespace Podvirt.Scheduler.Tests.Doubles;

/// <summary>A state store whose writes wait, or fail, as a test says.</summary>
internal sealed class GatedStore : IStateStore
{
    private readonly TestStore _inner = new();
    private readonly TaskCompletionSource _waiting = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _gate = Opened();
    private bool _isBroken;

    /// <summary>What was written: create, update, delete.</summary>
    public List<string> Writes { get; } = [];

    /// <summary>Completes when a write waits.</summary>
    public Task Waiting => _waiting.Task;

    public void Close() => _gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Open() => _gate.SetResult();

    public void Break() => _isBroken = true;

    public ValueTask<StateEntry?> GetAsync(string key, CancellationToken cancellationToken = default) => _inner.GetAsync(key, cancellationToken);

    public ValueTask<long> PutAsync(
        string key, ReadOnlyMemory<byte> value, StateDurability durability, CancellationToken cancellationToken = default) =>
        _isBroken ? throw new IOException("disk full") : _inner.PutAsync(key, value, durability, cancellationToken);

    public async ValueTask<long?> CreateAsync(
        string key, ReadOnlyMemory<byte> value, StateDurability durability, CancellationToken cancellationToken = default)
    {
        await PassAsync("create");
        return await _inner.CreateAsync(key, value, durability, cancellationToken);
    }

    public async ValueTask<long?> UpdateAsync(
        string key, ReadOnlyMemory<byte> value, long revision, StateDurability durability, CancellationToken cancellationToken = default)
    {
        await PassAsync("update");
        return await _inner.UpdateAsync(key, value, revision, durability, cancellationToken);
    }

    public async ValueTask<bool> DeleteAsync(
        string key, long? revision, StateDurability durability, CancellationToken cancellationToken = default)
    {
        await PassAsync("delete");
        return await _inner.DeleteAsync(key, revision, durability, cancellationToken);
    }

    public ValueTask<IReadOnlyList<StateEntry>> ListAsync(string prefix, CancellationToken cancellationToken = default) =>
        _inner.ListAsync(prefix, cancellationToken);

    public IAsyncEnumerable<StateChange> WatchAsync(string prefix, CancellationToken cancellationToken = default) =>
        _inner.WatchAsync(prefix, cancellationToken);

    private async Task PassAsync(string write)
    {
        if (_isBroken)
        {
            throw new IOException("disk full");
        }

        if (!_gate.Task.IsCompleted)
        {
            _waiting.TrySetResult();
            await _gate.Task;
        }

        Writes.Add(write);
    }

    private static TaskCompletionSource Opened()
    {
        var opened = new TaskCompletionSource();
        opened.SetResult();
        return opened;
    }
}
