namespace Podvirt.Metering.Invoices.ClickHouse;

/// <summary>What the ledger keeps for invoices beside the usage.</summary>
internal static class BillingTables
{
    /// <summary>An adjustment repeats what usage is filtered and grouped by, so that sums of money take it along without a join.</summary>
    public const string Adjustment =
        """
        CREATE TABLE IF NOT EXISTS adjustment (
          rerating Int64, usage_id UUID, ended_us Int64, month Int32, batch UInt64,
          project LowCardinality(String), key LowCardinality(String), model LowCardinality(String), revision Int32, outcome LowCardinality(String),
          old_version Int32, new_version Int32, cost Decimal(38, 12)
        ) ENGINE = MergeTree ORDER BY (ended_us, usage_id, rerating) SETTINGS non_replicated_deduplication_window = 10000
        """;

    /// <summary>
    /// A closed month holds batches: of each, its records of one month, or its adjustments to them. What it does not hold when it is closed
    /// waits for the next one, so which month holds a record follows from rows that never change.
    /// </summary>
    public static IReadOnlyList<string> Create { get; } =
    [
        """
        CREATE TABLE IF NOT EXISTS rerating (
          id Int64, made_us Int64, made_by String, reason String, model String, from_us Int64, to_us Int64, rate_version Int32
        ) ENGINE = ReplacingMergeTree ORDER BY id
        """,
        """
        CREATE TABLE IF NOT EXISTS held_batch (kind Enum8('usage' = 1, 'adjustment' = 2), month Int32, batch UInt64, held_by SimpleAggregateFunction(min, Int32))
        ENGINE = AggregatingMergeTree ORDER BY (kind, month, batch)
        """,
        """
        CREATE TABLE IF NOT EXISTS closed_month (month Int32, closed_us SimpleAggregateFunction(min, Int64), issued_us SimpleAggregateFunction(max, Int64))
        ENGINE = AggregatingMergeTree ORDER BY month
        """,
        """
        CREATE TABLE IF NOT EXISTS invoice (number Int64, project String, month Int32, document String) ENGINE = ReplacingMergeTree ORDER BY (project, month)
        """,
    ];
}
