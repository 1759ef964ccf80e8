using Podvirt.Messaging;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>Leases whose store can be away.</summary>
internal sealed class FaultyLeases(ILeases inner) : ILeases
{
    private int _calls;

    public volatile bool IsAway;

    public int Calls => Volatile.Read(ref _calls);

    public TimeSpan Period => inner.Period;

    public ValueTask<NamedLease?> TryTakeAsync(string name, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default) =>
        Reached().TryTakeAsync(name, value, cancellationToken);

    public ValueTask<NamedLease?> TryRenewAsync(NamedLease lease, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default) =>
        Reached().TryRenewAsync(lease, value, cancellationToken);

    public ValueTask ReleaseAsync(NamedLease lease, CancellationToken cancellationToken = default) => Reached().ReleaseAsync(lease, cancellationToken);

    public ValueTask<IReadOnlyList<HeldLease>> ListAsync(string prefix, CancellationToken cancellationToken = default) =>
        Reached().ListAsync(prefix, cancellationToken);

    private ILeases Reached()
    {
        Interlocked.Increment(ref _calls);
        return IsAway ? throw new IOException("the store of leases is away") : inner;
    }
}
