namespace Podvirt.Metering.Ledger;

/// <summary>A ledger that is fed with batches whose bounds are fixed before they are sent.</summary>
internal interface IBatchLedger
{
    /// <summary>
    /// One immutable batch, kept once under its token, as <see cref="ILedger.AppendAsync"/> keeps it. Where it throws, it may be there or not:
    /// the same batch under the same token is always right.
    /// </summary>
    /// <exception cref="InvalidDataException">
    /// The ledger refuses the batch for what is in it, and will again; nothing of it is there. <see cref="OverflowException"/> and <see cref="ArgumentException"/> say the same.
    /// </exception>
    ValueTask AppendBatchAsync(string token, IReadOnlyList<RatedRecord> records, CancellationToken cancellationToken = default);
}
