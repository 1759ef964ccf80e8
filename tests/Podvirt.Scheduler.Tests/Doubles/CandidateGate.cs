using System.Runtime.CompilerServices;
using Podvirt.Messaging;

namespace Podvirt.Scheduler.Tests.Doubles;

/// <summary>What stands between a scheduler and the rest of the world.</summary>
internal sealed class CandidateGate
{
    private TaskCompletionSource? _paused;
    private TaskCompletionSource? _late;
    private volatile Cut _cut = Cut.None;

    internal enum Cut
    {
        None,

        /// <summary>Calls fail.</summary>
        Fails,

        /// <summary>Calls hang until they are given up.</summary>
        Hangs,
    }

    public bool IsPaused => Volatile.Read(ref _paused) is not null;

    public int Waiting;

    /// <summary>As SIGSTOP: whatever it has begun goes on when it is resumed.</summary>
    public void Pause() => Volatile.Write(ref _paused, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    public void Resume() => Interlocked.Exchange(ref _paused, null)?.SetResult();

    /// <summary>The next call that changes an engine stops at the last moment: nothing is looked at any more.</summary>
    public void HoldTheLastMoment() => Volatile.Write(ref _late, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    public void ReleaseTheLastMoment() => Interlocked.Exchange(ref _late, null)?.SetResult();

    public void CutOff(Cut cut) => _cut = cut;

    public async Task LastMomentAsync()
    {
        if (Volatile.Read(ref _late) is { } late)
        {
            Interlocked.Increment(ref Waiting);
            await late.Task;
        }
    }

    /// <summary>A stopped process does not even give up.</summary>
    public async Task PassAsync()
    {
        if (Volatile.Read(ref _paused) is { } paused)
        {
            await paused.Task;
        }
    }

    /// <summary>Before and after a call to a store.</summary>
    public async Task PassAsync(CancellationToken cancellationToken)
    {
        await PassAsync();
        cancellationToken.ThrowIfCancellationRequested();
        if (_cut == Cut.Fails)
        {
            throw new IOException("no route to the store");
        }

        if (_cut == Cut.Hangs)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
        }
    }

    public async ValueTask<T> CallAsync<T>(Func<ValueTask<T>> call, CancellationToken cancellationToken)
    {
        await PassAsync(cancellationToken);
        var answer = await call();
        // It was done, whatever becomes of the answer.
        await PassAsync(cancellationToken);
        return answer;
    }

    public ILeases Before(ILeases leases) => new GatedLeases(this, leases);

    public IStateStore Before(IStateStore store) => new CandidateStore(this, store);

    private sealed class GatedLeases(CandidateGate gate, ILeases inner) : ILeases
    {
        public TimeSpan Period => inner.Period;

        public ValueTask<NamedLease?> TryTakeAsync(string name, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default) =>
            gate.CallAsync(() => inner.TryTakeAsync(name, value, CancellationToken.None), cancellationToken);

        public ValueTask<NamedLease?> TryRenewAsync(NamedLease lease, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default) =>
            gate.CallAsync(() => inner.TryRenewAsync(lease, value, CancellationToken.None), cancellationToken);

        public async ValueTask ReleaseAsync(NamedLease lease, CancellationToken cancellationToken = default)
        {
            await gate.PassAsync(cancellationToken);
            await inner.ReleaseAsync(lease, CancellationToken.None);
        }

        public ValueTask<IReadOnlyList<HeldLease>> ListAsync(string prefix, CancellationToken cancellationToken = default) =>
            gate.CallAsync(() => inner.ListAsync(prefix, CancellationToken.None), cancellationToken);
    }

    private sealed class CandidateStore(CandidateGate gate, IStateStore inner) : IStateStore
    {
        public ValueTask<StateEntry?> GetAsync(string key, CancellationToken cancellationToken = default) =>
            gate.CallAsync(() => inner.GetAsync(key, CancellationToken.None), cancellationToken);

        public ValueTask<long> PutAsync(
            string key, ReadOnlyMemory<byte> value, StateDurability durability, CancellationToken cancellationToken = default) =>
            gate.CallAsync(() => inner.PutAsync(key, value, durability, CancellationToken.None), cancellationToken);

        public ValueTask<long?> CreateAsync(
            string key, ReadOnlyMemory<byte> value, StateDurability durability, CancellationToken cancellationToken = default) =>
            gate.CallAsync(() => inner.CreateAsync(key, value, durability, CancellationToken.None), cancellationToken);

        public ValueTask<long?> UpdateAsync(
            string key, ReadOnlyMemory<byte> value, long revision, StateDurability durability, CancellationToken cancellationToken = default) =>
            gate.CallAsync(() => inner.UpdateAsync(key, value, revision, durability, CancellationToken.None), cancellationToken);

        public ValueTask<bool> DeleteAsync(string key, long? revision, StateDurability durability, CancellationToken cancellationToken = default) =>
            gate.CallAsync(() => inner.DeleteAsync(key, revision, durability, CancellationToken.None), cancellationToken);

        public ValueTask<IReadOnlyList<StateEntry>> ListAsync(string prefix, CancellationToken cancellationToken = default) =>
            gate.CallAsync(() => inner.ListAsync(prefix, CancellationToken.None), cancellationToken);

        public async IAsyncEnumerable<StateChange> WatchAsync(string prefix, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            await foreach (var change in inner.WatchAsync(prefix, cancellationToken))
            {
                await gate.PassAsync();
                yield return change;
            }
        }
    }
}
