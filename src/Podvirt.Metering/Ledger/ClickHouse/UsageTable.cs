using ClickHouse.Driver.ADO.Readers;
using Podvirt.Core.Usage;

namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>
/// The raw records. A row's key is the moment at which it ended and its id, which never change: rows with the same key are merged
/// into the first one, and <c>copies</c> says how many there were, so that a record that got in twice is seen however late anybody
/// looks. <c>batches</c> are those that brought it.
/// </summary>
internal static class UsageTable
{
    public const string Create =
        """
        CREATE TABLE IF NOT EXISTS usage (
          id UUID,
          ended_us Int64 CODEC(Delta, ZSTD),
          month Int32,
          batch SimpleAggregateFunction(any, UInt64),
          project SimpleAggregateFunction(any, LowCardinality(String)),
          key SimpleAggregateFunction(any, LowCardinality(String)),
          model SimpleAggregateFunction(any, LowCardinality(String)),
          revision SimpleAggregateFunction(any, Int32),
          replica SimpleAggregateFunction(any, LowCardinality(String)),
          surface SimpleAggregateFunction(any, LowCardinality(String)),
          outcome SimpleAggregateFunction(any, LowCardinality(String)),
          status SimpleAggregateFunction(any, Int32),
          reason SimpleAggregateFunction(any, LowCardinality(String)),
          streamed SimpleAggregateFunction(any, UInt8),
          prompt SimpleAggregateFunction(any, Int64),
          cached SimpleAggregateFunction(any, Int64),
          completion SimpleAggregateFunction(any, Int64),
          reasoning SimpleAggregateFunction(any, Int64),
          source SimpleAggregateFunction(any, LowCardinality(String)),
          queued_us SimpleAggregateFunction(any, Int64),
          parked_us SimpleAggregateFunction(any, Int64),
          first_token_us SimpleAggregateFunction(any, Nullable(Int64)),
          duration_us SimpleAggregateFunction(any, Int64),
          video_us SimpleAggregateFunction(any, Int64),
          quoted_rate SimpleAggregateFunction(any, Nullable(Int32)),
          cold_start SimpleAggregateFunction(any, UInt8),
          rate_version SimpleAggregateFunction(any, Int32),
          cost SimpleAggregateFunction(any, Decimal(38, 12)),
          duration_slot SimpleAggregateFunction(any, UInt16),
          first_token_slot SimpleAggregateFunction(any, UInt16),
          copies SimpleAggregateFunction(sum, UInt64) DEFAULT 1,
          batches SimpleAggregateFunction(groupUniqArrayArray, Array(UInt64)) DEFAULT [batch],
          appended_at SimpleAggregateFunction(max, DateTime('UTC')) DEFAULT now('UTC'),
          ended_at DateTime64(6, 'UTC') ALIAS fromUnixTimestamp64Micro(ended_us, 'UTC'),
          INDEX usage_by_id id TYPE bloom_filter(0.001) GRANULARITY 1
        ) ENGINE = AggregatingMergeTree PARTITION BY month ORDER BY (ended_us, id)
        SETTINGS non_replicated_deduplication_window = 10000
        """;

    /// <summary>The columns that <see cref="Read"/> takes, in its order.</summary>
    public const string Columns =
        "id, project, key, model, revision, replica, surface, outcome, status, reason, streamed, prompt, cached, completion, reasoning, source, ended_us, "
        + "queued_us, parked_us, first_token_us, duration_us, video_us, quoted_rate, cold_start, rate_version, cost";

    /// <summary>How many columns those are.</summary>
    public const int Count = 26;

    /// <summary>A record as it was rated when it came; what adjustments add stands elsewhere.</summary>
    public static RatedRecord Read(ClickHouseDataReader row)
    {
        var durationUs = row.GetInt64(20);
        var record = new UsageRecord
        {
            Id = row.GetGuid(0),
            Project = row.GetString(1),
            Key = row.GetString(2),
            Model = row.GetString(3),
            Revision = row.GetInt32(4),
            Replica = row.GetString(5),
            Surface = row.GetString(6),
            Outcome = UsageNames.Outcome(row.GetString(7)),
            Status = row.GetInt32(8),
            Reason = row.GetString(9),
            Streamed = row.GetByte(10) != 0,
            Tokens = new TokenCounts(row.GetInt64(11), row.GetInt64(12), row.GetInt64(13), row.GetInt64(14)),
            Source = UsageNames.Source(row.GetString(15)),
            StartedAt = Micros.ToTime(row.GetInt64(16) - durationUs),
            QueuedUs = row.GetInt64(17),
            ParkedUs = row.GetInt64(18),
            FirstTokenUs = row.IsDBNull(19) ? null : row.GetInt64(19),
            DurationUs = durationUs,
            VideoUs = row.GetInt64(21),
            QuotedRate = row.IsDBNull(22) ? null : row.GetInt32(22),
            ColdStart = row.GetByte(23) != 0,
        };
        return new RatedRecord(record, row.GetInt32(24), CostValue.ToCost(row.GetValue(25)));
    }
}
