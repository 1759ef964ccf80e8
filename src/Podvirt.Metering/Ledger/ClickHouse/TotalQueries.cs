using Podvirt.Core.Projects;
using Podvirt.Messaging;

namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>What each key used in a month, and how many requests there ever were: from rollups by the hour, of stale hours from raw rows.</summary>
internal static class TotalQueries
{
    public static async Task<List<Consumed>> ConsumedAsync(ClickHouseStore store, UtcMonth month, CancellationToken cancellationToken)
    {
        var state = await LedgerState.ReadAsync(store, cancellationToken);
        var whole = TimeRanges.Of(Micros.Of(month.Start), Micros.Of(month.End));
        var parts = new List<string> { $"SELECT r.* FROM hour_by_key AS r WHERE {whole.Of("r.bucket_us")}{state.NotStale("r.bucket_us")}" };
        var raw = whole.Within(state.StaleHours);
        if (!raw.IsEmpty)
        {
            parts.Add(RollupTables.KeysOf($"usage AS u FINAL WHERE {raw.Of("u.ended_us")}"));
        }
        return await store.ReadAsync(
            $"SELECT p.project, p.key, p.model, sum(p.tokens), sum(p.video_us), sum(p.cost) FROM ({string.Join(" UNION ALL ", parts)}) AS p GROUP BY p.project, p.key, p.model",
            SqlParameters.None,
            row => new Consumed(row.GetString(0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetInt64(4), CostValue.ToCost(row.GetValue(5))),
            cancellationToken);
    }

    public static async Task<Dictionary<string, long>> RequestsAsync(ClickHouseStore store, CancellationToken cancellationToken)
    {
        var state = await LedgerState.ReadAsync(store, cancellationToken);
        var parts = new List<string>
        {
            $"SELECT toString(r.model) AS model, sum(r.requests) AS requests FROM hour_by_model AS r WHERE 1{state.NotStale("r.bucket_us")} GROUP BY model",
        };
        var raw = TimeRanges.Of(long.MinValue, long.MaxValue).Within(state.StaleHours);
        if (!raw.IsEmpty)
        {
            parts.Add($"SELECT toString(u.model) AS model, toInt64(count()) AS requests FROM usage AS u FINAL WHERE {raw.Of("u.ended_us")} GROUP BY model");
        }
        var rows = await store.ReadAsync(
            $"SELECT p.model, sum(p.requests) FROM ({string.Join(" UNION ALL ", parts)}) AS p GROUP BY p.model HAVING sum(p.requests) > 0",
            SqlParameters.None, row => (row.GetString(0), row.GetInt64(1)), cancellationToken);
        return rows.ToDictionary(StringComparer.Ordinal);
    }
}
