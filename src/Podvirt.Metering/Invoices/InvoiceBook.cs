using System.Globalization;
using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Messaging;
using Podvirt.Metering.Rating;

namespace Podvirt.Metering.Invoices;

/// <summary>
/// All invoices. One is a draft, computed anew whenever it is looked at, until <see cref="Invoice.Delay"/> after its month's end, when it becomes
/// final:
/// 1. the month is closed: from then on its records are late, and what its invoices hold is settled;
/// 2. that is summed from the raw records; 3. the invoices are numbered and kept.
/// A crash in between is made good by the next attempt, which finds the same.
/// </summary>
public sealed class InvoiceBook
{
    private readonly IBillingLedger _ledger;
    private readonly RateBook _rates;
    private readonly InvoiceComposer _composer;
    private readonly IStateStore _store;
    private readonly IColdStartTimes _coldStarts;

    internal InvoiceBook(IBillingLedger ledger, RateBook rates, IStateStore store, BillingParties parties, IColdStartTimes coldStarts)
    {
        _store = store;
        _ledger = ledger;
        _rates = rates;
        _composer = new InvoiceComposer(rates.Find, parties);
        _coldStarts = coldStarts;
    }

    /// <summary>Drafts first, then final ones; the newest first of each.</summary>
    /// <param name="project">Null: of all.</param>
    /// <param name="month">Null: of all.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvoiceException">Ledger and rates disagree.</exception>
    public async ValueTask<IReadOnlyList<Invoice>> ListAsync(string? project, UtcMonth? month, CancellationToken cancellationToken = default)
    {
        var state = await _ledger.StateAsync(cancellationToken);
        var invoices = new List<Invoice>();
        foreach (var open in state.Open.Where(m => month is null || m == month).OrderDescending())
        {
            invoices.AddRange(await ComposeAsync(open, project, cancellationToken));
        }
        invoices.AddRange(await _ledger.ListAsync(project, month, cancellationToken));
        return invoices;
    }

    /// <param name="id">A number, or a draft's id; of a draft that has become final since, the final one is found.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Null: there is no such invoice.</returns>
    /// <exception cref="InvoiceException">Ledger and rates disagree.</exception>
    public async ValueTask<Invoice?> FindAsync(string id, CancellationToken cancellationToken = default)
    {
        if (long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return await _ledger.FindAsync(number, cancellationToken);
        }
        if (!Invoice.TryParseDraftId(id, out var project, out var month))
        {
            return null;
        }
        // In this order: what becomes final in between is found all the same.
        var drafts = (await _ledger.StateAsync(cancellationToken)).Open.Contains(month) ? await ComposeAsync(month, project, cancellationToken) : [];
        var final = await _ledger.ListAsync(project, month, cancellationToken);
        return final.Count > 0 ? final[0] : drafts.Count > 0 ? drafts[0] : null;
    }

    /// <summary>When the next month is to be closed; null: nothing waits for it.</summary>
    internal async ValueTask<UtcMonth?> NextAsync(CancellationToken cancellationToken)
    {
        var state = await _ledger.StateAsync(cancellationToken);
        return state.ClosedNotIssued ?? state.Next;
    }

    /// <summary>Makes a month's invoices final. Returns how many there are.</summary>
    internal async ValueTask<int> FinaliseAsync(UtcMonth month, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await _ledger.CloseAsync(month, now, cancellationToken);
        var invoices = await ComposeAsync(month, project: null, cancellationToken);
        await _ledger.IssueAsync(month, invoices, now, cancellationToken);
        return invoices.Count;
    }

    private async ValueTask<IReadOnlyList<Invoice>> ComposeAsync(UtcMonth month, string? project, CancellationToken cancellationToken)
    {
        await _rates.CaughtUpAsync(cancellationToken);
        var coldStarts = await _coldStarts.GpuSecondsAsync(month.Start, month.End, project, cancellationToken);
        var invoices = new List<Invoice>();
        foreach (var invoice in _composer.Compose(month, await _ledger.SumAsync(month, project, cancellationToken), coldStarts))
        {
            invoices.Add(invoice with { ProjectName = await NameAsync(invoice.Project, cancellationToken) });
        }
        return invoices;
    }

    private async ValueTask<string> NameAsync(string project, CancellationToken cancellationToken)
    {
        var key = Project.StatePrefix + project;
        // What cannot be a key cannot be a project that has a name.
        var entry = StateKeys.IsValid(key) ? await _store.GetAsync(key, cancellationToken) : null;
        return entry?.Read<Project>().Name ?? project;
    }
}
