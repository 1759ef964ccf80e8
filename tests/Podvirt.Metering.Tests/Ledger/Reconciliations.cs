using Podvirt.Metering.Ledger;

namespace Podvirt.Metering.Tests.Ledger;

internal static class Reconciliations
{
    /// <summary>All differences that a whole reconciliation finds.</summary>
    public static async Task<List<string>> DifferencesAsync(this ILedger ledger, CancellationToken cancellationToken = default)
    {
        var differences = new List<string>();
        await foreach (var step in ledger.ReconcileAsync(cancellationToken))
        {
            differences.AddRange(step.Differences);
        }
        return differences;
    }
}
