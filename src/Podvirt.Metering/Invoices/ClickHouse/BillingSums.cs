using ClickHouse.Driver.ADO.Readers;
using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger.ClickHouse;

namespace Podvirt.Metering.Invoices.ClickHouse;

/// <summary>What a month's invoices hold, from raw records and adjustments.</summary>
internal static class BillingSums
{
    /// <summary>As <see cref="BilledAmounts.Of(UsageRecord)"/>; a record without counts that can be is billed at zero.</summary>
    private const string Amounts =
        $"""
        sum(if(u.source = '{UsageNames.Engine}' AND u.surface NOT IN ({BilledAmounts.EmbeddingSurfaces}), u.prompt - u.cached, 0)),
        sum(if(u.source = '{UsageNames.Engine}' AND u.surface NOT IN ({BilledAmounts.EmbeddingSurfaces}), u.cached, 0)),
        sum(if(u.source = '{UsageNames.Engine}', u.completion, 0)),
        sum(if(u.source = '{UsageNames.Engine}' AND u.surface IN ({BilledAmounts.EmbeddingSurfaces}), u.prompt, 0)),
        sum(if(u.source = '{UsageNames.Engine}', u.video_us, 0)),
        toInt64(count()), toInt64(countIf(u.source <> '{UsageNames.Engine}'))
        """;

    public static async Task<List<BilledGroup>> ReadAsync(
        ClickHouseStore store, BillingState state, IReadOnlyList<UtcMonth> closed, UtcMonth month, string? project, CancellationToken cancellationToken)
    {
        var groups = new List<BilledGroup>();
        var isClosed = closed.Contains(month);
        if (!isClosed && month <= state.Closed)
        {
            // Passed over, because there was nothing in it.
            return groups;
        }

        async Task AddAsync(InvoiceLineType type, Func<SqlParameters, string> sql)
        {
            var parameters = new SqlParameters();
            groups.AddRange(await store.ReadAsync(sql(parameters), parameters, row => ReadGroup(row, type), cancellationToken));
        }

        // What waits goes to the month that is closed next.
        var takesPending = isClosed || month == state.Next;
        var held = isClosed ? month : state.Closed;
        await AddAsync(InvoiceLineType.Usage, p => Usage(p, project, $"u.month = {month.Number}{(isClosed ? $" AND {HeldBatches.Usage(month)}" : "")}"));
        if (takesPending && held is not null)
        {
            await AddAsync(InvoiceLineType.LateUsage, p => Usage(
                p, project,
                isClosed
                    ? $"u.month < {month.Number} AND u.month IN (SELECT month FROM held_batch WHERE held_by = {month.Number}) AND {HeldBatches.Usage(month)} AND NOT {HeldBatches.Usage(month.Before)}"
                    : $"u.month <= {held.Value.Number} AND NOT {HeldBatches.Usage(held.Value)}"));
        }
        var notHeld = state.Closed is { } last ? $" AND NOT {HeldBatches.Adjustments(last)}" : "";
        await AddAsync(InvoiceLineType.Rerating, p => Adjustments(
            p, project,
            isClosed
                ? $"{HeldBatches.Adjustments(month)} AND NOT {HeldBatches.Adjustments(month.Before)}"
                : $"a.month {(takesPending ? "<=" : "=")} {month.Number}{notHeld}"));
        return groups;
    }

    private static string Usage(SqlParameters parameters, string? project, string condition) =>
        $"SELECT u.project, u.month, u.model, u.rate_version, NULL, {Amounts}, sum(u.cost) FROM usage AS u FINAL "
        + $"WHERE {condition}{Of("u", parameters, project)} GROUP BY u.project, u.month, u.model, u.rate_version";

    /// <summary>The amounts are those of the records, once for each adjustment.</summary>
    private static string Adjustments(SqlParameters parameters, string? project, string condition)
    {
        var adjustments = $"SELECT a.* FROM adjustment AS a WHERE {condition}{Of("a", parameters, project)}";
        return $"SELECT u.project, u.month, u.model, j.new_version, j.old_version, {Amounts}, sum(j.cost) FROM ({adjustments}) AS j "
            + $"JOIN (SELECT * FROM usage FINAL WHERE (ended_us, id) IN (SELECT i.ended_us, i.usage_id FROM ({adjustments}) AS i)) AS u ON u.id = j.usage_id "
            + "GROUP BY u.project, u.month, u.model, j.new_version, j.old_version";
    }

    private static string Of(string table, SqlParameters parameters, string? project) => project is null ? "" : $" AND {table}.project = {parameters.Add(project)}";

    private static BilledGroup ReadGroup(ClickHouseDataReader row, InvoiceLineType type) => new(
        type, row.GetString(0), new UtcMonth(row.GetInt32(1)), row.GetString(2), row.GetInt32(3), row.IsDBNull(4) ? null : row.GetInt32(4),
        new BilledAmounts(row.GetInt64(5), row.GetInt64(6), row.GetInt64(7), row.GetInt64(8), row.GetInt64(9)),
        row.GetInt64(10), row.GetInt64(11), CostValue.ToCost(row.GetValue(12)));
}
