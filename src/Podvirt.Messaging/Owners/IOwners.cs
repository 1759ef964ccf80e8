namespace Podvirt.Messaging.Owners;

/// <summary>
/// Which processes are there to go on with what they have begun. Whatever is written down as an owner's is another's to end, or to
/// take over, once that owner is not listed any more; by compare-and-set, because an owner that was only slow may still write.
/// </summary>
public interface IOwners
{
    /// <summary>This process's own name: one segment of a key, new at every start.</summary>
    string Id { get; }

    /// <summary>All that are there, this one included.</summary>
    /// <exception cref="IOException">The store does not answer.</exception>
    ValueTask<IReadOnlySet<string>> ListAsync(CancellationToken cancellationToken = default);
}
