using System.Numerics;
using ClickHouse.Driver;
using ClickHouse.Driver.Numerics;
using Podvirt.Core.Projects;
using Podvirt.Core.Usage;

namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>A rated record as a row of <c>usage</c>: what the driver writes of it. The names and types are those of <see cref="UsageTable"/>.</summary>
internal sealed class UsageRow(RatedRecord rated, ulong batch)
{
    /// <summary>Digits behind the point of every amount of money.</summary>
    public const int CostScale = 12;

    /// <summary>What one record may cost: 9 × 10¹⁸ USD, as in every ledger.</summary>
    private static readonly Int128 s_picoMax = (Int128)long.MaxValue * 1_000_000_000_000;

    private readonly UsageRecord _record = rated.Record;
    private readonly long _endedUs = Micros.Of(rated.Record.EndedAt);

    [ClickHouseColumn(Name = "id", Type = "UUID")]
    public Guid Id => _record.Id;

    [ClickHouseColumn(Name = "ended_us", Type = "Int64")]
    public long EndedUs => _endedUs;

    [ClickHouseColumn(Name = "month", Type = "Int32")]
    public int Month => UtcMonth.Of(Micros.ToTime(_endedUs)).Number;

    [ClickHouseColumn(Name = "batch", Type = "UInt64")]
    public ulong Batch => batch;

    [ClickHouseColumn(Name = "project", Type = "String")]
    public string Project => _record.Project;

    [ClickHouseColumn(Name = "key", Type = "String")]
    public string Key => _record.Key;

    [ClickHouseColumn(Name = "model", Type = "String")]
    public string Model => _record.Model;

    [ClickHouseColumn(Name = "revision", Type = "Int32")]
    public int Revision => _record.Revision;

    [ClickHouseColumn(Name = "replica", Type = "String")]
    public string Replica => _record.Replica;

    [ClickHouseColumn(Name = "surface", Type = "String")]
    public string Surface => _record.Surface;

    [ClickHouseColumn(Name = "outcome", Type = "String")]
    public string Outcome => UsageNames.Of(_record.Outcome);

    [ClickHouseColumn(Name = "status", Type = "Int32")]
    public int Status => _record.Status;

    [ClickHouseColumn(Name = "reason", Type = "String")]
    public string Reason => _record.Reason;

    [ClickHouseColumn(Name = "streamed", Type = "UInt8")]
    public byte Streamed => _record.Streamed ? (byte)1 : (byte)0;

    [ClickHouseColumn(Name = "prompt", Type = "Int64")]
    public long Prompt => _record.Tokens.Prompt;

    [ClickHouseColumn(Name = "cached", Type = "Int64")]
    public long Cached => _record.Tokens.Cached;

    [ClickHouseColumn(Name = "completion", Type = "Int64")]
    public long Completion => _record.Tokens.Completion;

    [ClickHouseColumn(Name = "reasoning", Type = "Int64")]
    public long Reasoning => _record.Tokens.Reasoning;

    [ClickHouseColumn(Name = "source", Type = "String")]
    public string Source => UsageNames.Of(_record.Source);

    [ClickHouseColumn(Name = "queued_us", Type = "Int64")]
    public long QueuedUs => _record.QueuedUs;

    [ClickHouseColumn(Name = "parked_us", Type = "Int64")]
    public long ParkedUs => _record.ParkedUs;

    [ClickHouseColumn(Name = "first_token_us", Type = "Nullable(Int64)")]
    public long? FirstTokenUs => _record.FirstTokenUs;

    [ClickHouseColumn(Name = "duration_us", Type = "Int64")]
    public long DurationUs => _record.DurationUs;

    [ClickHouseColumn(Name = "video_us", Type = "Int64")]
    public long VideoUs => _record.VideoUs;

    [ClickHouseColumn(Name = "quoted_rate", Type = "Nullable(Int32)")]
    public int? QuotedRate => _record.QuotedRate;

    [ClickHouseColumn(Name = "cold_start", Type = "UInt8")]
    public byte ColdStart => _record.ColdStart ? (byte)1 : (byte)0;

    [ClickHouseColumn(Name = "rate_version", Type = "Int32")]
    public int RateVersion => rated.RateVersion;

    [ClickHouseColumn(Name = "cost", Type = "Decimal(38, 12)")]
    public ClickHouseDecimal Cost => ToDecimal(rated.Cost);

    [ClickHouseColumn(Name = "duration_bucket", Type = "UInt16")]
    public ushort DurationBucket => (ushort)DurationHistogram.BucketOf(_record.DurationUs);

    [ClickHouseColumn(Name = "first_token_bucket", Type = "UInt16")]
    public ushort FirstTokenBucket => (ushort)(_record.FirstTokenUs is { } us ? DurationHistogram.BucketOf(us) : 0);

    public static ClickHouseDecimal ToDecimal(Cost cost) => new((BigInteger)cost.Pico, CostScale);

    public static Cost ToCost(object value)
    {
        var amount = (ClickHouseDecimal)value;
        return new Cost((Int128)(amount.Mantissa * BigInteger.Pow(10, CostScale - amount.Scale)));
    }

    /// <exception cref="OverflowException">It costs more than a ledger keeps.</exception>
    public static void Check(RatedRecord rated)
    {
        if (Int128.Abs(rated.Cost.Pico) > s_picoMax)
        {
            throw new OverflowException($"record {rated.Record.Id} costs {rated.Cost} USD, more than a ledger keeps");
        }
    }
}
