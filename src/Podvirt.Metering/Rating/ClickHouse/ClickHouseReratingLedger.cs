using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger.ClickHouse;

namespace Podvirt.Metering.Rating.ClickHouse;

/// <summary>
/// Re-ratings in the ledger of a cluster, by one process at a time. A step's adjustments are one insert. Its hours are read from raw rows
/// until that is known to be in every rollup, so that one which was cut halfway is wrong nowhere.
/// </summary>
internal sealed class ClickHouseReratingLedger(ClickHouseDatabase database) : IReratingLedger
{
    /// <summary>Records of one step.</summary>
    private const int StepMax = 10_000;

    public async ValueTask<ReratingStep> RerateAsync(
        ReratingOrder order, Rate rate, ReratingStep? step, DateTimeOffset? madeAt, CancellationToken cancellationToken = default)
    {
        var store = await database.OpenAsync(cancellationToken);
        var looked = await ReadAsync(store, order, rate, step, cancellationToken);
        var id = step?.Id;
        if (madeAt is { } moment && looked.Exists(l => l.IsChanged))
        {
            id ??= await BeginAsync(store, order, moment, cancellationToken);
            await InsertAsync(store, id.Value, rate, [.. looked.Where(l => l.IsChanged)], cancellationToken);
        }
        var changed = looked.Where(l => l.IsChanged).Select(l => new ReratedGroup(l.Record.Project, l.BilledBy, 1, l.Difference));
        return looked.Count == 0
            ? new ReratingStep(id, 0, 0, true, [])
            : new ReratingStep(id, Micros.Of(looked[^1].Record.EndedAt), 0, looked.Count < StepMax, Rerater.Sum(changed)) { AtRecord = looked[^1].Record.Id };
    }

    public async ValueTask<IReadOnlyList<MadeRerating>> ListReratingsAsync(CancellationToken cancellationToken = default)
    {
        var store = await database.OpenAsync(cancellationToken);
        return await store.ReadAsync(
            """
            SELECT r.id, r.made_us, r.model, r.from_us, r.to_us, r.rate_version, r.made_by, r.reason, a.records, a.difference
            FROM (SELECT * FROM rerating FINAL) AS r
            JOIN (SELECT rerating, toInt64(count()) AS records, sum(cost) AS difference FROM adjustment GROUP BY rerating) AS a ON a.rerating = r.id
            ORDER BY r.id DESC
            """,
            SqlParameters.None,
            row => new MadeRerating(
                row.GetInt64(0), Micros.ToTime(row.GetInt64(1)),
                new ReratingOrder(
                    row.GetString(2), Micros.ToTime(row.GetInt64(3)), Micros.ToTime(row.GetInt64(4)), row.GetInt32(5), row.GetString(6), row.GetString(7)),
                row.GetInt64(8), CostValue.ToCost(row.GetValue(9))),
            cancellationToken);
    }

    /// <summary>In the order of the keys, so that a step goes on where the last one stopped.</summary>
    private static Task<List<Looked>> ReadAsync(ClickHouseStore store, ReratingOrder order, Rate rate, ReratingStep? step, CancellationToken cancellationToken)
    {
        var parameters = new SqlParameters();
        var model = parameters.Add(order.Model);
        var times = TimeRanges.Of(Math.Max(Micros.FirstAt(order.From), step?.AtUs ?? long.MinValue), Micros.FirstAt(order.To));
        var behind = step is null ? "" : $" AND (u.ended_us > {SqlParameters.Of(step.AtUs)} OR toUInt128(u.id) > {UsageConditions.Number(step.AtRecord)})";
        return store.ReadAsync(
            $"""
            SELECT {UsageTable.Columns}, a.adjusted, a.billed_by, a.last_rerating FROM usage AS u FINAL
            LEFT JOIN (
              SELECT usage_id, sum(cost) AS adjusted, argMax(new_version, rerating) AS billed_by, max(rerating) AS last_rerating
              FROM adjustment WHERE model = {model} AND {times.Of("ended_us")} GROUP BY usage_id) AS a ON a.usage_id = u.id
            WHERE u.model = {model} AND {times.Of("u.ended_us")}{behind} ORDER BY u.ended_us, toUInt128(u.id) LIMIT {StepMax}
            """,
            parameters,
            row =>
            {
                var rated = UsageTable.Read(row) with { Adjustment = CostValue.ToCost(row.GetValue(UsageTable.Count)) };
                var billedBy = row.GetInt64(UsageTable.Count + 2) > 0 ? row.GetInt32(UsageTable.Count + 1) : rated.RateVersion;
                // What is billed at zero for want of counts stays so.
                var isChanged = rated.Record.Source == UsageSource.Engine && billedBy != rate.Version;
                return new Looked(rated.Record, billedBy, isChanged, isChanged ? rate.CostOf(rated.Record) - rated.Billed : Cost.Zero);
            },
            cancellationToken);
    }

    private static async Task<long> BeginAsync(ClickHouseStore store, ReratingOrder order, DateTimeOffset madeAt, CancellationToken cancellationToken)
    {
        var id = 1 + (await store.ReadAsync("SELECT max(id) FROM rerating", SqlParameters.None, row => row.GetInt64(0), cancellationToken))[0];
        var parameters = new SqlParameters();
        await store.ExecuteAsync(
            "INSERT INTO rerating (id, made_us, made_by, reason, model, from_us, to_us, rate_version) "
            + $"SELECT {id}, {Micros.Of(madeAt)}, {parameters.Add(order.By)}, {parameters.Add(order.Reason)}, {parameters.Add(order.Model)}, "
            + $"{Micros.FirstAt(order.From)}, {Micros.FirstAt(order.To)}, {order.RateVersion}",
            parameters, cancellationToken);
        return id;
    }

    private static async Task InsertAsync(ClickHouseStore store, long id, Rate rate, List<Looked> changed, CancellationToken cancellationToken)
    {
        var token = $"rerating-{id}-{changed[0].Record.Id}";
        var batch = BatchAppend.NumberOf(token);
        var hours = changed.Select(c => (Micros.FloorTo(Micros.Of(c.Record.EndedAt), Micros.Hour), token)).Distinct().ToList();
        await store.ExecuteAsync(LedgerState.Mark(hours, isCleared: false), cancellationToken);
        await store.InsertOnceAsync(
            "adjustment", token, changed.ConvertAll(c => new AdjustmentRow(id, batch, c.Record, c.BilledBy, rate.Version, c.Difference)), cancellationToken);
        await store.ExecuteAsync(LedgerState.Mark(hours, isCleared: true), cancellationToken);
    }

    /// <param name="BilledBy">The version by which it is billed so far.</param>
    private sealed record Looked(UsageRecord Record, int BilledBy, bool IsChanged, Cost Difference);
}
