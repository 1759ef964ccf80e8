using Podvirt.Messaging;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>A store whose calls are counted, and whose writes can go wrong.</summary>
internal sealed class CountedStore(IStateStore inner) : IStateStore
{
    private int _calls;
    private int _failures;
    private volatile bool _isSilent;

    public int Calls => Volatile.Read(ref _calls);

    /// <summary>Calls fail. Watches go on.</summary>
    public bool IsSilent
    {
        get => _isSilent;
        set => _isSilent = value;
    }

    public int Failures => Volatile.Read(ref _failures);

    /// <summary>The next write is done, and its writer never hears of it.</summary>
    public bool LosesNextAnswer { get; set; }

    public ValueTask<StateEntry?> GetAsync(string key, CancellationToken cancellationToken = default) => Counted().GetAsync(key, cancellationToken);

    public ValueTask<long> PutAsync(string key, ReadOnlyMemory<byte> value, StateDurability durability, CancellationToken cancellationToken = default) =>
        Counted().PutAsync(key, value, durability, cancellationToken);

    public async ValueTask<long?> CreateAsync(string key, ReadOnlyMemory<byte> value, StateDurability durability, CancellationToken cancellationToken = default) =>
        Answered(await Counted().CreateAsync(key, value, durability, cancellationToken));

    public async ValueTask<long?> UpdateAsync(
        string key, ReadOnlyMemory<byte> value, long revision, StateDurability durability, CancellationToken cancellationToken = default) =>
        Answered(await Counted().UpdateAsync(key, value, revision, durability, cancellationToken));

    public ValueTask<bool> DeleteAsync(string key, long? revision, StateDurability durability, CancellationToken cancellationToken = default) =>
        Counted().DeleteAsync(key, revision, durability, cancellationToken);

    public ValueTask<IReadOnlyList<StateEntry>> ListAsync(string prefix, CancellationToken cancellationToken = default) => Counted().ListAsync(prefix, cancellationToken);

    public IAsyncEnumerable<StateChange> WatchAsync(string prefix, CancellationToken cancellationToken = default) => Counted().WatchAsync(prefix, cancellationToken);

    private IStateStore Counted()
    {
        Interlocked.Increment(ref _calls);
        if (_isSilent)
        {
            Interlocked.Increment(ref _failures);
            throw new IOException("the store does not answer");
        }
        return inner;
    }

    private long? Answered(long? revision)
    {
        if (!LosesNextAnswer)
        {
            return revision;
        }
        LosesNextAnswer = false;
        throw new IOException("the answer did not come");
    }
}
