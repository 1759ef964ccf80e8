namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>The ledger's schema, by versions. Each statement may run any number of times and by several processes at once; a version is never changed once it was released.</summary>
internal static class LedgerTables
{
    private const string Mark =
        """
        CREATE TABLE IF NOT EXISTS ledger_mark (name String, value SimpleAggregateFunction(max, Int64)) ENGINE = AggregatingMergeTree ORDER BY name
        """;

    /// <summary>Hours whose rollups may be wrong, each with every reason for it until that is cleared: they are read from the raw rows. A reason is never given twice.</summary>
    private const string StaleHour =
        """
        CREATE TABLE IF NOT EXISTS stale_hour (hour_us Int64, reason String, is_cleared SimpleAggregateFunction(max, UInt8))
        ENGINE = AggregatingMergeTree ORDER BY (hour_us, reason)
        """;

    private const string GpuTime =
        """
        CREATE TABLE IF NOT EXISTS gpu_time (
          replica String, from_us Int64, to_us SimpleAggregateFunction(max, Int64),
          model SimpleAggregateFunction(any, LowCardinality(String)), revision SimpleAggregateFunction(any, Int32),
          use SimpleAggregateFunction(any, LowCardinality(String)), gpus SimpleAggregateFunction(any, Int32)
        ) ENGINE = AggregatingMergeTree ORDER BY (replica, from_us)
        """;

    public static IReadOnlyList<IReadOnlyList<string>> Versions { get; } =
    [
        [UsageTable.Create, Invoices.ClickHouse.BillingTables.Adjustment, .. RollupTables.Create, Mark, StaleHour, GpuTime, .. Invoices.ClickHouse.BillingTables.Create],
    ];
}
