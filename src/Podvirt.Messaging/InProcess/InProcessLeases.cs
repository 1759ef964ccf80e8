namespace Podvirt.Messaging.InProcess;

/// <summary>The leases of a single process: they end with it.</summary>
internal sealed class InProcessLeases(TimeProvider time, TimeSpan period) : ILeases
{
    /// <summary>Of the embedded mode, where nobody else waits for a name.</summary>
    public static readonly TimeSpan DefaultPeriod = TimeSpan.FromSeconds(6);

    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private long _revision;

    public TimeSpan Period => period;

    public ValueTask<NamedLease?> TryTakeAsync(string name, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default)
    {
        StateKeys.CheckKey(name);
        StateKeys.CheckValue(value);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (_entries.TryGetValue(name, out var held) && Holds(held))
            {
                return ValueTask.FromResult<NamedLease?>(null);
            }
            var lease = new NamedLease(name, ++_revision, _revision);
            _entries[name] = new Entry(lease, value.ToArray(), time.GetTimestamp());
            return ValueTask.FromResult<NamedLease?>(lease);
        }
    }

    public ValueTask<NamedLease?> TryRenewAsync(NamedLease lease, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(lease);
        StateKeys.CheckValue(value);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (!_entries.TryGetValue(lease.Name, out var held) || held.Lease.Token != lease.Token || !Holds(held))
            {
                return ValueTask.FromResult<NamedLease?>(null);
            }
            var renewed = lease with { Revision = ++_revision };
            _entries[lease.Name] = new Entry(renewed, value.ToArray(), time.GetTimestamp());
            return ValueTask.FromResult<NamedLease?>(renewed);
        }
    }

    public ValueTask ReleaseAsync(NamedLease lease, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(lease);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            if (_entries.TryGetValue(lease.Name, out var held) && held.Lease.Token == lease.Token)
            {
                _entries.Remove(lease.Name);
            }
        }
        return ValueTask.CompletedTask;
    }

    public ValueTask<IReadOnlyList<HeldLease>> ListAsync(string prefix, CancellationToken cancellationToken = default)
    {
        StateKeys.CheckPrefix(prefix);
        cancellationToken.ThrowIfCancellationRequested();
        lock (_gate)
        {
            return ValueTask.FromResult<IReadOnlyList<HeldLease>>(
                [.. _entries.Where(e => e.Key.StartsWith(prefix, StringComparison.Ordinal) && Holds(e.Value)).Select(e => new HeldLease(e.Key, e.Value.Value))]);
        }
    }

    private bool Holds(Entry entry) => time.GetElapsedTime(entry.Since) < period;

    private sealed record Entry(NamedLease Lease, byte[] Value, long Since);
}
