using Podvirt.Metering.Ledger;
using Podvirt.Metering.Ledger.ClickHouse;

namespace Podvirt.Metering.Invoices.ClickHouse;

/// <summary>Cold starts in the ledger of a cluster.</summary>
internal sealed class ClickHouseColdStartTimes(ClickHouseLedger ledger, ClickHouseDatabase database) : IColdStartTimes
{
    public async ValueTask<IReadOnlyList<ColdStartTime>> GpuSecondsAsync(
        DateTimeOffset from, DateTimeOffset to, string? project, CancellationToken cancellationToken = default)
    {
        var gpuTime = await ledger.GpuSecondsAsync(new GpuTimeQuery(from, to), cancellationToken);
        return ColdStartShares.Of(gpuTime, await WaitedAsync(from, to, cancellationToken), project);
    }

    /// <summary>By the hour: months begin with one.</summary>
    private async Task<List<ColdStarts>> WaitedAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var store = await database.OpenAsync(cancellationToken);
        var state = await LedgerState.ReadAsync(store, cancellationToken);
        var whole = TimeRanges.Of(Micros.Of(from), Micros.Of(to));
        var parts = new List<string>
        {
            $"SELECT r.project AS project, r.model AS model, {RollupTables.CountOf("r", "cold_starts")} AS requests FROM hour_by_project AS r WHERE {whole.Of("r.bucket_us")}{state.NotStale("r.bucket_us")}",
        };
        var raw = whole.Within(state.StaleHours);
        if (!raw.IsEmpty)
        {
            parts.Add($"SELECT u.project AS project, u.model AS model, toInt64(u.cold_start) AS requests FROM usage AS u FINAL WHERE {raw.Of("u.ended_us")}");
        }
        return await store.ReadAsync(
            $"""
            SELECT p.project, p.model, sum(p.requests) FROM ({string.Join(" UNION ALL ", parts)}) AS p
            GROUP BY p.project, p.model HAVING sum(p.requests) > 0 ORDER BY p.project, p.model
            """,
            SqlParameters.None, row => new ColdStarts(row.GetString(0), row.GetString(1), row.GetInt64(2)), cancellationToken);
    }
}
