using Podvirt.Core.Usage;

namespace Podvirt.Metering.Streams;

/// <summary>A message of the stream that did not go to the ledger as it was.</summary>
/// <param name="At">UTC, when it was parked.</param>
/// <param name="Incarnation">Of the stream.</param>
/// <param name="Sequence">Its place there.</param>
/// <param name="Why">In a sentence.</param>
/// <param name="Record">As it came; null: it is none.</param>
/// <param name="Bytes">As they came, where they are no record.</param>
public sealed record ParkedUsage(DateTimeOffset At, string Incarnation, long Sequence, string Why, UsageRecord? Record, ReadOnlyMemory<byte>? Bytes);

/// <summary>Where they are kept for people to look at: the latest ones.</summary>
public interface IParkedUsage
{
    /// <summary>How many have been parked, and the latest of them, newest first.</summary>
    /// <exception cref="IOException">They cannot be read.</exception>
    ValueTask<(long Total, IReadOnlyList<ParkedUsage> Latest)> ReadAsync(int limit, CancellationToken cancellationToken = default);
}

/// <summary>Where workers park.</summary>
internal interface IParking
{
    /// <summary>Durable when it returns. The same message twice is parked once, within the servers' memory for ids.</summary>
    /// <exception cref="IOException">It may not be parked.</exception>
    ValueTask ParkAsync(ParkedUsage parked, CancellationToken cancellationToken);
}
