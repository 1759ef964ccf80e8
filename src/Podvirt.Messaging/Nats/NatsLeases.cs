using System.Buffers.Binary;

namespace Podvirt.Messaging.Nats;

/// <summary>
/// Leases in a bucket whose entries leave by themselves after one period. What is stored is the holder's value behind the token of
/// its hold, so that a renewal whose answer was lost is known again as the holder's own.
/// </summary>
internal sealed class NatsLeases(NatsClient client) : ILeases
{
    public const string BucketName = "podvirt-leases";

    /// <summary>Token, big endian: 0 in the entry that took the name, whose own revision it is.</summary>
    private const int TokenBytes = sizeof(long);

    /// <summary>A renewal that fails must leave time for another one; less than this would fail on a busy server.</summary>
    private static readonly TimeSpan _timeoutMin = TimeSpan.FromSeconds(2);

    private readonly NatsBucket _bucket = new(
        client, BucketName, client.Options.LeasePeriod, timeout: client.Options.LeasePeriod / 3 > _timeoutMin ? client.Options.LeasePeriod / 3 : _timeoutMin);

    public TimeSpan Period => client.Options.LeasePeriod;

    public async ValueTask<NamedLease?> TryTakeAsync(string name, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default)
    {
        StateKeys.CheckKey(name);
        StateKeys.CheckValue(value);
        var stored = Stored(0, value);
        if (await _bucket.PutAsync(name, stored, expected: 0, cancellationToken) is { } revision)
        {
            return new NamedLease(name, revision, revision);
        }
        // Held, or released a moment ago: a mark is left of that, and may be written over.
        var present = await _bucket.GetAsync(name, cancellationToken);
        if (present is { IsDeleted: false })
        {
            return null;
        }
        return await _bucket.PutAsync(name, stored, present?.Revision ?? 0, cancellationToken) is { } later ? new NamedLease(name, later, later) : null;
    }

    public async ValueTask<NamedLease?> TryRenewAsync(NamedLease lease, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(lease);
        StateKeys.CheckValue(value);
        var stored = Stored(lease.Token, value);
        if (await _bucket.PutAsync(lease.Name, stored, lease.Revision, cancellationToken) is { } revision)
        {
            return lease with { Revision = revision };
        }
        return await FindOwnAsync(lease, cancellationToken) is { } present
            && await _bucket.PutAsync(lease.Name, stored, present, cancellationToken) is { } again
            ? lease with { Revision = again }
            : null;
    }

    public async ValueTask ReleaseAsync(NamedLease lease, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(lease);
        if (await FindOwnAsync(lease, cancellationToken) is { } present)
        {
            await _bucket.DeleteAsync(lease.Name, present, cancellationToken);
        }
    }

    public async ValueTask<IReadOnlyList<HeldLease>> ListAsync(string prefix, CancellationToken cancellationToken = default)
    {
        StateKeys.CheckPrefix(prefix);
        return [.. (await _bucket.ListAsync(prefix, cancellationToken)).Select(static e => new HeldLease(e.Key, e.Value[Math.Min(TokenBytes, e.Value.Length)..]))];
    }

    /// <summary>The revision under which the hold stands, whatever its holder knows of it; null: it has ended.</summary>
    private async ValueTask<long?> FindOwnAsync(NamedLease lease, CancellationToken cancellationToken)
    {
        var present = await _bucket.GetAsync(lease.Name, cancellationToken);
        return present is { IsDeleted: false } entry && TokenOf(entry) == lease.Token ? entry.Revision : null;
    }

    private static long TokenOf(BucketEntry entry) =>
        entry.Value.Length >= TokenBytes && BinaryPrimitives.ReadInt64BigEndian(entry.Value.Span) is not 0 and var token ? token : entry.Revision;

    private static byte[] Stored(long token, ReadOnlyMemory<byte> value)
    {
        var stored = new byte[TokenBytes + value.Length];
        BinaryPrimitives.WriteInt64BigEndian(stored, token);
        value.CopyTo(stored.AsMemory(TokenBytes));
        return stored;
    }
}
