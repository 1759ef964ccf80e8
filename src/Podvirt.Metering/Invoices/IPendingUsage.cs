using Podvirt.Core.Projects;
using Podvirt.Metering.Outbox;

namespace Podvirt.Metering.Invoices;

/// <summary>Usage that is durable and not on the ledger yet.</summary>
internal interface IPendingUsage
{
    /// <summary>Whether some of it may belong to the month, or to one before: then its invoices wait, so that it does not become a late record on the next.</summary>
    ValueTask<bool> MayHoldAsync(UtcMonth month, CancellationToken cancellationToken);
}

/// <summary>That of the embedded mode: the oldest row of the outbox says it.</summary>
internal sealed class PendingRows(IOutboxQueue outbox) : IPendingUsage
{
    public async ValueTask<bool> MayHoldAsync(UtcMonth month, CancellationToken cancellationToken) =>
        await outbox.ReadAsync(1, cancellationToken) is [var oldest, ..] && oldest.Record.EndedAt < month.End;
}
