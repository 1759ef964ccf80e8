namespace Podvirt.Messaging;

/// <summary>
/// Names that one holder has at a time, for a time: leadership, and membership under a name of one's own. A lease that is
/// not renewed within <see cref="Period"/> ends by itself, and the name is free. Whoever asks the store knows who holds a
/// name; whoever only remembers does not.
/// </summary>
public interface ILeases
{
    /// <summary>How long a lease holds from the moment at which it was taken or renewed. Renew three times as often.</summary>
    TimeSpan Period { get; }

    /// <summary>Takes a free name. Null: somebody holds it.</summary>
    /// <param name="name">A key as of <see cref="IStateStore"/>.</param>
    /// <param name="value">What others see of the holder.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">The store does not answer.</exception>
    ValueTask<NamedLease?> TryTakeAsync(string name, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default);

    /// <summary>Holds it for another period, with a value that may differ. Null: it has ended, and may be another's.</summary>
    /// <remarks>An earlier <see cref="NamedLease"/> of the same hold will do: the answer to a renewal may have been lost.</remarks>
    /// <exception cref="IOException">The store does not answer: whether the lease holds is not known until it does.</exception>
    ValueTask<NamedLease?> TryRenewAsync(NamedLease lease, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default);

    /// <summary>Frees the name at once; does nothing where the lease has ended.</summary>
    /// <exception cref="IOException">The store does not answer: the lease ends by its time.</exception>
    ValueTask ReleaseAsync(NamedLease lease, CancellationToken cancellationToken = default);

    /// <summary>All leases that hold and whose names start with the prefix, by name.</summary>
    /// <exception cref="IOException">The store does not answer.</exception>
    ValueTask<IReadOnlyList<HeldLease>> ListAsync(string prefix, CancellationToken cancellationToken = default);
}

/// <summary>One holder's hold on a name.</summary>
/// <param name="Token">Of this hold, and the same through all its renewals. Each later hold of the name has a higher one.</param>
/// <param name="Revision">Of the last renewal.</param>
public sealed record NamedLease(string Name, long Token, long Revision);

/// <summary>A lease as others see it.</summary>
public sealed record HeldLease(string Name, ReadOnlyMemory<byte> Value);
