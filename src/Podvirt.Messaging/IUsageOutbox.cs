using Podvirt.Core.Usage;

namespace Podvirt.Messaging;

/// <summary>Where the gateway leaves usage records. The seam to metering.</summary>
public interface IUsageOutbox
{
    /// <summary>
    /// Completes when the record is durable: synced to disk, in one commit with others that came at the same time.
    /// The same id twice is one record.
    /// </summary>
    /// <exception cref="UsageOutboxException">It could not be made durable. The caller must not report the request as finished.</exception>
    ValueTask AppendAsync(UsageRecord record, CancellationToken cancellationToken = default);

    /// <summary>False when appends would fail: requests are refused before they reach an engine.</summary>
    bool IsHealthy { get; }
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
