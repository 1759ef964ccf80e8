using ClickHouse.Driver;
using ClickHouse.Driver.Numerics;
using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger.ClickHouse;

namespace Podvirt.Metering.Rating.ClickHouse;

/// <summary>An adjustment as a row of <c>adjustment</c>.</summary>
internal sealed class AdjustmentRow(long rerating, ulong batch, UsageRecord record, int oldVersion, int newVersion, Cost difference)
{
    [ClickHouseColumn(Name = "rerating", Type = "Int64")]
    public long Rerating => rerating;

    [ClickHouseColumn(Name = "usage_id", Type = "UUID")]
    public Guid UsageId => record.Id;

    [ClickHouseColumn(Name = "ended_us", Type = "Int64")]
    public long EndedUs => Micros.Of(record.EndedAt);

    [ClickHouseColumn(Name = "month", Type = "Int32")]
    public int Month => UtcMonth.Of(record.EndedAt).Number;

    [ClickHouseColumn(Name = "batch", Type = "UInt64")]
    public ulong Batch => batch;

    [ClickHouseColumn(Name = "project", Type = "String")]
    public string Project => record.Project;

    [ClickHouseColumn(Name = "key", Type = "String")]
    public string Key => record.Key;

    [ClickHouseColumn(Name = "model", Type = "String")]
    public string Model => record.Model;

    [ClickHouseColumn(Name = "revision", Type = "Int32")]
    public int Revision => record.Revision;

    [ClickHouseColumn(Name = "outcome", Type = "String")]
    public string Outcome => UsageNames.Of(record.Outcome);

    [ClickHouseColumn(Name = "old_version", Type = "Int32")]
    public int OldVersion => oldVersion;

    [ClickHouseColumn(Name = "new_version", Type = "Int32")]
    public int NewVersion => newVersion;

    [ClickHouseColumn(Name = "cost", Type = "Decimal(38, 12)")]
    public ClickHouseDecimal Cost => CostValue.ToDecimal(difference);
}
