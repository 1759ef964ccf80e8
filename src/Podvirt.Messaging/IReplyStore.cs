namespace Podvirt.Messaging;

/// <summary>Whole replies that a retry of their request gets again. They are kept with <see cref="IUsageOutbox"/>: in the same commit as the request's record.</summary>
public interface IReplyStore
{
    /// <summary>The reply that was kept under the key; null where there is none, or its time is over.</summary>
    /// <exception cref="IOException">The store cannot be read.</exception>
    ValueTask<StoredReply?> FindAsync(ReadOnlyMemory<byte> key, CancellationToken cancellationToken = default);
}

/// <summary>A reply as its client got it.</summary>
/// <param name="Key">SHA-256 of who called, where, and the client's own key.</param>
/// <param name="BodyHash">SHA-256 of the request's body.</param>
/// <param name="RequestId">Of the request that was served and billed.</param>
/// <param name="Status">Its status.</param>
/// <param name="ContentType">Empty: it had none.</param>
/// <param name="Replica">Who answered.</param>
/// <param name="Body">All of it.</param>
/// <param name="ExpiresAt">UTC; from then on the key is free.</param>
public sealed record StoredReply(
    ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> BodyHash, Guid RequestId, int Status, string ContentType, string Replica,
    ReadOnlyMemory<byte> Body, DateTimeOffset ExpiresAt);
