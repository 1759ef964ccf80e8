using System.Runtime.CompilerServices;
using Podvirt.Metering.Ledger;

namespace Podvirt.Metering.Invoices;

/// <summary>Invoices among all that is reconciled.</summary>
internal sealed class InvoiceReconciliation(InvoiceBook invoices) : IReconciliation
{
    public string Name => "invoices";

    public async IAsyncEnumerable<ReconcileStep> ReconcileAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        yield return new ReconcileStep("all", 0, await invoices.ReconcileAsync(cancellationToken));
    }
}
