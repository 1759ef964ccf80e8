using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger.ClickHouse;

namespace Podvirt.Metering.Invoices.ClickHouse;

/// <summary>
/// Invoices in the ledger of a cluster. One process at a time closes and issues. Each of both is done in steps that may be repeated, of
/// which the last one counts: a crash between two leaves what the next attempt completes.
/// </summary>
internal sealed class ClickHouseBillingLedger(ClickHouseDatabase database) : IBillingLedger
{
    public async ValueTask<BillingState> StateAsync(CancellationToken cancellationToken = default)
    {
        var store = await database.OpenAsync(cancellationToken);
        return await StateAsync(store, await MonthsAsync(store, cancellationToken), cancellationToken);
    }

    public async ValueTask CloseAsync(UtcMonth month, DateTimeOffset now, CancellationToken cancellationToken = default)
    {
        var store = await database.OpenAsync(cancellationToken);
        if ((await MonthsAsync(store, cancellationToken)).Any(c => c.Month >= month))
        {
            return;
        }
        foreach (var hold in HeldBatches.Hold(month))
        {
            await store.ExecuteAsync(hold, cancellationToken);
        }
        await store.ExecuteAsync($"INSERT INTO closed_month (month, closed_us, issued_us) VALUES ({month.Number}, {Micros.Of(now)}, 0)", cancellationToken);
    }

    public async ValueTask<IReadOnlyList<BilledGroup>> SumAsync(UtcMonth month, string? project, CancellationToken cancellationToken = default)
    {
        var store = await database.OpenAsync(cancellationToken);
        var months = await MonthsAsync(store, cancellationToken);
        var state = await StateAsync(store, months, cancellationToken);
        return await BillingSums.ReadAsync(store, state, months.ConvertAll(m => m.Month), month, project, cancellationToken);
    }

    /// <summary>All invoices of the month in one insert, with the numbers that follow the last one's; then the month is issued.</summary>
    public async ValueTask IssueAsync(UtcMonth month, IReadOnlyList<Invoice> invoices, DateTimeOffset now, CancellationToken cancellationToken = default)
    {
        var store = await database.OpenAsync(cancellationToken);
        if (!(await MonthsAsync(store, cancellationToken)).Exists(m => m.Month == month && !m.IsIssued))
        {
            return;
        }
        if (invoices.Count > 0 && (await ListAsync(null, month, cancellationToken)).Count == 0)
        {
            var last = (await store.ReadAsync("SELECT max(number) FROM invoice", SqlParameters.None, row => row.GetInt64(0), cancellationToken))[0];
            var numbered = invoices.Select((invoice, i) => new InvoiceRow(invoice with { Number = last + 1 + i, IssuedAt = Micros.ToTime(Micros.Of(now)) })).ToList();
            await store.InsertAsync("invoice", numbered, cancellationToken);
        }
        await store.ExecuteAsync($"INSERT INTO closed_month (month, closed_us, issued_us) VALUES ({month.Number}, {Micros.Of(now)}, {Micros.Of(now)})", cancellationToken);
    }

    public async ValueTask<IReadOnlyList<Invoice>> ListAsync(string? project, UtcMonth? month, CancellationToken cancellationToken = default)
    {
        var parameters = new SqlParameters();
        var condition = (project is null ? "" : $" AND project = {parameters.Add(project)}") + (month is { } m ? $" AND month = {m.Number}" : "");
        return await ReadAsync(condition, parameters, cancellationToken);
    }

    public async ValueTask<Invoice?> FindAsync(long number, CancellationToken cancellationToken = default) =>
        (await ReadAsync($" AND number = {number}", SqlParameters.None, cancellationToken)).FirstOrDefault();

    public async ValueTask<(Cost Total, Cost Months)> BalanceAsync(CancellationToken cancellationToken = default)
    {
        var store = await database.OpenAsync(cancellationToken);
        var closed = await MonthsAsync(store, cancellationToken);
        var state = await StateAsync(store, closed, cancellationToken);
        var months = Cost.Zero;
        foreach (var month in closed.Select(c => c.Month).Concat(state.Open).Distinct())
        {
            var groups = await BillingSums.ReadAsync(store, state, closed.ConvertAll(m => m.Month), month, project: null, cancellationToken);
            months = groups.Aggregate(months, (sum, group) => sum + group.Cost);
        }
        // Adjustments outlive the raw rows that they are for.
        var rawFrom = (await RawFromAsync(cancellationToken))?.Number ?? 0;
        var totals = await store.ReadAsync(
            $"SELECT sum(cost) FROM usage FINAL UNION ALL SELECT sum(cost) FROM adjustment WHERE month >= {rawFrom}", SqlParameters.None, row => CostValue.ToCost(row.GetValue(0)), cancellationToken);
        return (totals.Aggregate(Cost.Zero, (sum, cost) => sum + cost), months);
    }

    public async ValueTask<UtcMonth?> RawFromAsync(CancellationToken cancellationToken = default) =>
        (await LedgerState.ReadAsync(await database.OpenAsync(cancellationToken), cancellationToken)).RawFrom;

    private static Task<List<ClosedMonth>> MonthsAsync(ClickHouseStore store, CancellationToken cancellationToken) => store.ReadAsync(
        "SELECT month, max(issued_us) > 0 FROM closed_month GROUP BY month ORDER BY month", SqlParameters.None,
        row => new ClosedMonth(new UtcMonth(row.GetInt32(0)), row.GetByte(1) != 0), cancellationToken);

    private static async Task<BillingState> StateAsync(ClickHouseStore store, List<ClosedMonth> months, CancellationToken cancellationToken)
    {
        UtcMonth? closed = months.Count > 0 ? months[^1].Month : null;
        var withRecords = new List<UtcMonth>();
        var fromUs = closed is { } last ? Micros.Of(last.End) : long.MinValue;
        // One look into the keys for each month with records.
        while (await FirstAsync(store, fromUs, cancellationToken) is { } month)
        {
            withRecords.Add(month);
            fromUs = Micros.Of(month.End);
        }
        var hasPending = closed is { } newest
            && (await store.ReadAsync(HeldBatches.AnyPending(newest), SqlParameters.None, row => Convert.ToUInt64(row.GetValue(0), null), cancellationToken))[0] > 0;
        UtcMonth? notIssued = months.Exists(m => !m.IsIssued) ? months.First(m => !m.IsIssued).Month : null;
        return new BillingState(closed, notIssued, withRecords, hasPending);
    }

    private static async Task<UtcMonth?> FirstAsync(ClickHouseStore store, long fromUs, CancellationToken cancellationToken)
    {
        var first = await store.ReadAsync(
            $"SELECT ended_us FROM usage WHERE ended_us >= {SqlParameters.Of(fromUs)} ORDER BY ended_us LIMIT 1", SqlParameters.None,
            row => UtcMonth.Of(Micros.ToTime(row.GetInt64(0))), cancellationToken);
        return first.Count > 0 ? first[0] : null;
    }

    private async Task<List<Invoice>> ReadAsync(string condition, SqlParameters parameters, CancellationToken cancellationToken)
    {
        var store = await database.OpenAsync(cancellationToken);
        return await store.ReadAsync(
            $"SELECT document FROM invoice FINAL WHERE 1{condition} ORDER BY number DESC", parameters, row => InvoiceDocument.Read(row.GetString(0)), cancellationToken);
    }

    private sealed record ClosedMonth(UtcMonth Month, bool IsIssued);
}
