using System.Runtime.InteropServices;
using Podvirt.Core.Projects;
using Podvirt.Core.Usage;

namespace Podvirt.Metering.Invoices;

/// <summary>What invoices need of a ledger. Every write is durable and may be repeated.</summary>
internal interface IBillingLedger
{
    ValueTask<BillingState> StateAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// From now on records of the month are late, and what its invoices hold is settled: the raw records so far, and every
    /// adjustment and late record that is on no invoice. Months are closed in order.
    /// </summary>
    ValueTask CloseAsync(UtcMonth month, DateTimeOffset now, CancellationToken cancellationToken = default);

    /// <summary>What a month's invoices hold, from the raw records; of a month that is not closed: what they would hold if it were closed now.</summary>
    /// <param name="project">Null: all.</param>
    ValueTask<IReadOnlyList<BilledGroup>> SumAsync(UtcMonth month, string? project, CancellationToken cancellationToken = default);

    /// <summary>Keeps a closed month's invoices, numbered in their order. Does nothing when the month has been issued.</summary>
    ValueTask IssueAsync(UtcMonth month, IReadOnlyList<Invoice> invoices, DateTimeOffset now, CancellationToken cancellationToken = default);

    /// <summary>Final invoices, newest first.</summary>
    ValueTask<IReadOnlyList<Invoice>> ListAsync(string? project, UtcMonth? month, CancellationToken cancellationToken = default);

    ValueTask<Invoice?> FindAsync(long number, CancellationToken cancellationToken = default);

    /// <summary>As of one moment: the exact sum of all raw records and adjustments, and that of all months, closed or not.</summary>
    ValueTask<(Cost Total, Cost Months)> BalanceAsync(CancellationToken cancellationToken = default);

    /// <summary>The first month whose raw records were not removed; null: none were.</summary>
    ValueTask<UtcMonth?> RawFromAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult<UtcMonth?>(null);
}

/// <summary>How far the ledger's months have been closed.</summary>
/// <param name="Closed">The newest closed month; null: none is.</param>
/// <param name="ClosedNotIssued">A closed month without its invoices; null: there is none.</param>
/// <param name="WithRecords">Months with records that are not closed, in order.</param>
/// <param name="HasPending">Late records, or adjustments to closed months, wait for the next invoice.</param>
internal sealed record BillingState(UtcMonth? Closed, UtcMonth? ClosedNotIssued, IReadOnlyList<UtcMonth> WithRecords, bool HasPending)
{
    /// <summary>The month that is closed next; null: there is nothing to close.</summary>
    public UtcMonth? Next => HasPending ? Closed!.Value.Next : WithRecords.Count > 0 ? WithRecords[0] : null;

    /// <summary>The months that have drafts.</summary>
    public IEnumerable<UtcMonth> Open =>
        new[] { ClosedNotIssued, Next }.OfType<UtcMonth>().Concat(WithRecords).Distinct();
}

/// <summary>What one line of each kind is made of.</summary>
/// <param name="OldRateVersion">Of a re-rating; else null.</param>
/// <param name="Cost">The sum of the records' own costs, or of the adjustments.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct BilledGroup(
    InvoiceLineType Type, string Project, UtcMonth Month, string Model, int RateVersion, int? OldRateVersion,
    BilledAmounts Amounts, long Requests, long Unreported, Cost Cost);
