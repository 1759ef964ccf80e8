using ClickHouse.Driver;

namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>An interval as a row of <c>gpu_time</c>. Rows of the same replica and start become the one that ends last.</summary>
internal sealed class GpuTimeRow(GpuInterval interval)
{
    [ClickHouseColumn(Name = "replica", Type = "String")]
    public string Replica => interval.Replica;

    [ClickHouseColumn(Name = "from_us", Type = "Int64")]
    public long FromUs => Micros.Of(interval.From);

    [ClickHouseColumn(Name = "to_us", Type = "Int64")]
    public long ToUs => Micros.Of(interval.To);

    [ClickHouseColumn(Name = "model", Type = "String")]
    public string Model => interval.Model;

    [ClickHouseColumn(Name = "revision", Type = "Int32")]
    public int Revision => interval.Revision;

    [ClickHouseColumn(Name = "use", Type = "String")]
    public string Use => UsageNames.Of(interval.Use);

    [ClickHouseColumn(Name = "gpus", Type = "Int32")]
    public int Gpus => interval.Gpus;
}

internal sealed partial class ClickHouseLedger
{
    public async ValueTask AppendGpuTimeAsync(IReadOnlyList<GpuInterval> intervals, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(intervals);
        if (intervals.Count > 0)
        {
            var store = await database.OpenAsync(cancellationToken);
            await store.InsertAsync("gpu_time", Array.ConvertAll([.. intervals], i => new GpuTimeRow(i)), cancellationToken);
        }
    }

    public async ValueTask<IReadOnlyList<GpuSeconds>> GpuSecondsAsync(GpuTimeQuery query, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        var store = await database.OpenAsync(cancellationToken);
        var parameters = new SqlParameters();
        var (from, to) = (SqlParameters.Of(Micros.Of(query.From)), SqlParameters.Of(Micros.Of(query.To)));
        var filter = (query.Model is { } model ? $" AND model = {parameters.Add(model)}" : "") + (query.Replica is { } replica ? $" AND replica = {parameters.Add(replica)}" : "");
        return await store.ReadAsync(
            $"""
            SELECT {RollupTables.Floor("from_us", Micros.Hour)} AS hour_us, toString(model) AS of_model, revision, replica, toString(use) AS of_use,
              sum((least(to_us, {to}) - greatest(from_us, {from})) * gpus)
            FROM gpu_time FINAL WHERE to_us > {from} AND from_us < {to}{filter}
            GROUP BY hour_us, of_model, revision, replica, of_use ORDER BY hour_us, of_model, revision, replica, of_use
            """,
            parameters,
            row => new GpuSeconds(Micros.ToTime(row.GetInt64(0)), row.GetString(1), row.GetInt32(2), row.GetString(3), UsageNames.Use(row.GetString(4)), row.GetInt64(5)),
            cancellationToken);
    }
}
