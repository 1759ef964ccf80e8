using System.Runtime.CompilerServices;
using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Rating;

namespace Podvirt.Metering.Invoices;

/// <summary>
/// Recomputes every final invoice from the raw records and their adjustments: the numbers without a gap, the lines of each month, and that
/// all months together, drafts included, are all records and all adjustments. What was used in months whose raw records were removed is left out.
/// </summary>
internal sealed class InvoiceReconciliation(IBillingLedger ledger, RateBook rates) : IReconciliation
{
    private readonly InvoiceComposer _composer = new(rates.Find, BillingParties.None);

    public string Name => "invoices";

    public async IAsyncEnumerable<ReconcileStep> ReconcileAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await rates.CaughtUpAsync(cancellationToken);
        var final = (await ledger.ListAsync(null, null, cancellationToken)).OrderBy(i => i.Number).ToList();
        yield return new ReconcileStep("numbers", 0, Numbers(final));
        var rawFrom = await ledger.RawFromAsync(cancellationToken) ?? new UtcMonth(0);
        foreach (var month in final.Where(i => i.Month >= rawFrom).GroupBy(i => i.Month))
        {
            var groups = await ledger.SumAsync(month.Key, project: null, cancellationToken);
            yield return new ReconcileStep(month.Key.ToString(), 0, Lines(month.Key, [.. month], groups, rawFrom));
        }
        var (total, months) = await ledger.BalanceAsync(cancellationToken);
        yield return new ReconcileStep(
            "balance", 0, total == months ? [] : [$"all invoices and drafts are {months} USD, all records and adjustments {total} USD"]);
    }

    private static IReadOnlyList<string> Numbers(List<Invoice> final)
    {
        for (var i = 0; i < final.Count; i++)
        {
            if (final[i].Number != i + 1)
            {
                return [$"invoice {final[i].Id} stands where {Invoice.IdOf(i + 1)} is due"];
            }
        }
        return [];
    }

    private List<string> Lines(UtcMonth month, IReadOnlyList<Invoice> final, IReadOnlyList<BilledGroup> groups, UtcMonth rawFrom)
    {
        Dictionary<string, Invoice> again;
        try
        {
            again = _composer.Compose(month, groups, []).ToDictionary(i => i.Project);
        }
        catch (InvoiceException error)
        {
            return [error.Message];
        }
        var differences = new List<string>();
        foreach (var invoice in final)
        {
            again.Remove(invoice.Project, out var recomputed);
            differences.AddRange(Differences(invoice, recomputed, rawFrom));
        }
        differences.AddRange(again.Values.Select(i => $"{i.Project}, {i.Month}: {i.Exact} USD of records that are on no invoice"));
        return differences;
    }

    private static IEnumerable<string> Differences(Invoice kept, Invoice? again, UtcMonth rawFrom)
    {
        var (before, after) = (LinesOf(kept, rawFrom), again is null ? [] : LinesOf(again, rawFrom));
        foreach (var line in before.Except(after))
        {
            yield return $"invoice {kept.Id}: {Show(line)} is not what the records say";
        }
        foreach (var line in after.Except(before))
        {
            yield return $"invoice {kept.Id}: the records say {Show(line)}";
        }
    }

    /// <summary>Gpu time comes from elsewhere, and costs nothing.</summary>
    private static List<InvoiceLine> LinesOf(Invoice invoice, UtcMonth rawFrom) =>
        [.. invoice.Lines.Where(l => l.Type != InvoiceLineType.ColdStart && l.Month >= rawFrom)];

    private static string Show(InvoiceLine line) =>
        $"{line.Type} {line.Month} {line.Model} {line.Kind} at version {line.RateVersion}, {line.Quantity} for {line.Exact} USD";
}
