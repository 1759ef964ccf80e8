using Podvirt.Core.Usage;

namespace Podvirt.Metering.Streams;

/// <summary>One message of the stream.</summary>
/// <param name="Sequence">Its place; given once, also to nobody.</param>
/// <param name="StoredNs">When the stream took it, in nanoseconds since 1970.</param>
/// <param name="Record">Null: it is none.</param>
/// <param name="Error">Why it is none; empty otherwise.</param>
/// <param name="Bytes">As it came, where it is none; empty otherwise.</param>
internal readonly record struct StreamMessage(long Sequence, long StoredNs, UsageRecord? Record, string Error, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>It is none here, and one to a newer Podvirt.</summary>
    public bool IsNewer { get; init; }

    /// <summary>Who hears when the ledger has it; null: nobody.</summary>
    public Guid? Outbox { get; init; }
}
