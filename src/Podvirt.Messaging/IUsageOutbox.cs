using Podvirt.Core.Usage;

namespace Podvirt.Messaging;

/// <summary>Where the gateway leaves usage records. The seam to metering.</summary>
public interface IUsageOutbox
{
    /// <summary>
    /// Completes when the record is durable: synced to disk, in one commit with others that came at the same time. A
    /// checkpoint with its id goes in the same commit. The same id twice is one record. Under <c>serve_unsaved</c> it also
    /// completes when the record is held in memory, because the disk takes none.
    /// </summary>
    /// <exception cref="UsageOutboxException">It could not be made durable. The caller must not report the request as finished.</exception>
    ValueTask AppendAsync(UsageRecord record, CancellationToken cancellationToken = default);

    /// <summary>The same; the reply is kept in the same commit, for retries of the request.</summary>
    /// <exception cref="UsageOutboxException">Neither could be made durable.</exception>
    ValueTask AppendAsync(UsageRecord record, StoredReply reply, CancellationToken cancellationToken = default);

    /// <summary>
    /// Makes durable, in one commit, how far running requests have come. What is the newest of a request that never gets its
    /// record, because the process was killed, becomes its record at the next start.
    /// </summary>
    /// <exception cref="UsageOutboxException">None of it could be made durable.</exception>
    ValueTask CheckpointAsync(IReadOnlyList<IRunningUsage> running, CancellationToken cancellationToken = default);

    /// <summary>
    /// Holds a record whose append failed in memory, and appends it when the disk takes records again. False when as much is
    /// held as may be: the record is lost, which is counted and logged here.
    /// </summary>
    bool TryHold(UsageRecord record);

    /// <summary>False when requests must be refused before they reach an engine, because their usage would be lost.</summary>
    bool IsHealthy { get; }
}

/// <summary>A request that runs.</summary>
public interface IRunningUsage
{
    /// <summary>
    /// The record that it would leave if everything ended now. Called on the outbox's own thread, while the request goes on.
    /// Null once its record is on its way: the checkpoint would outlive it.
    /// </summary>
    UsageRecord? TakeCheckpoint();
}

/// <summary>A usage record could not be kept.</summary>
public sealed class UsageOutboxException : Exception
{
    public UsageOutboxException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }

    public UsageOutboxException()
    {
    }

    public UsageOutboxException(string message)
        : base(message)
    {
    }
}
