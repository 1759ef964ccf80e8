using Podvirt.Core.Projects;
using Podvirt.Core.Usage;

namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>Rated records as rows of <c>usage</c>. Names and types are those of <see cref="UsageTable"/>.</summary>
internal static class UsageBlock
{
    /// <summary>What is said of each record; the rest of the table follows from it.</summary>
    public static IReadOnlyList<string> Columns { get; } =
    [
        "id", "ended_us", "month", "batch", "project", "key", "model", "revision", "replica", "surface", "outcome", "status", "reason", "streamed",
        "prompt", "cached", "completion", "reasoning", "source", "queued_us", "parked_us", "first_token_us", "duration_us", "video_us", "quoted_rate",
        "cold_start", "rate_version", "cost", "duration_slot", "first_token_slot",
    ];

    /// <summary>Of numbers and ids; names take one or two bytes more.</summary>
    private const int RowBytes = 192;

    /// <param name="records">One at least.</param>
    /// <param name="batch">What brings them.</param>
    public static Stream Of(IReadOnlyList<RatedRecord> records, ulong batch)
    {
        var block = new NativeColumns(Columns.Count, records.Count, RowBytes);
        var month = new MonthOf();
        block.AddIds("id", records, r => r.Record.Id);
        block.Add("ended_us", "Int64", records, r => Micros.Of(r.Record.EndedAt));
        block.Add("month", "Int32", records, r => month.Of(Micros.Of(r.Record.EndedAt)));
        block.Add("batch", "UInt64", records, _ => batch);
        block.AddNames("project", records, r => r.Record.Project);
        block.AddNames("key", records, r => r.Record.Key);
        block.AddNames("model", records, r => r.Record.Model);
        block.Add("revision", "Int32", records, r => r.Record.Revision);
        block.AddNames("replica", records, r => r.Record.Replica);
        block.AddNames("surface", records, r => r.Record.Surface);
        block.AddNames("outcome", records, r => UsageNames.Of(r.Record.Outcome));
        block.Add("status", "Int32", records, r => r.Record.Status);
        block.AddNames("reason", records, r => r.Record.Reason);
        block.Add("streamed", "UInt8", records, r => r.Record.Streamed ? (byte)1 : (byte)0);
        block.Add("prompt", "Int64", records, r => r.Record.Tokens.Prompt);
        block.Add("cached", "Int64", records, r => r.Record.Tokens.Cached);
        block.Add("completion", "Int64", records, r => r.Record.Tokens.Completion);
        block.Add("reasoning", "Int64", records, r => r.Record.Tokens.Reasoning);
        block.AddNames("source", records, r => UsageNames.Of(r.Record.Source));
        block.Add("queued_us", "Int64", records, r => r.Record.QueuedUs);
        block.Add("parked_us", "Int64", records, r => r.Record.ParkedUs);
        block.AddNullable("first_token_us", "Int64", records, r => r.Record.FirstTokenUs);
        block.Add("duration_us", "Int64", records, r => r.Record.DurationUs);
        block.Add("video_us", "Int64", records, r => r.Record.VideoUs);
        block.AddNullable("quoted_rate", "Int32", records, r => r.Record.QuotedRate);
        block.Add("cold_start", "UInt8", records, r => r.Record.ColdStart ? (byte)1 : (byte)0);
        block.Add("rate_version", "Int32", records, r => r.RateVersion);
        block.Add("cost", $"Decimal(38, {CostValue.Scale})", records, r => r.Cost.Pico);
        block.Add("duration_slot", "UInt16", records, r => HistogramSlot.Of(DurationHistogram.BucketOf(r.Record.DurationUs)));
        block.Add("first_token_slot", "UInt16", records, r => r.Record.FirstTokenUs is { } us ? HistogramSlot.Of(DurationHistogram.BucketOf(us)) : (ushort)0);
        return block.ToStream();
    }

    /// <summary>The month of a moment. Most are of the same day as the moment before.</summary>
    private sealed class MonthOf
    {
        private long _dayUs = long.MaxValue;
        private int _number;

        public int Of(long us)
        {
            if (Micros.FloorTo(us, Micros.Day) is var dayUs && dayUs != _dayUs)
            {
                (_dayUs, _number) = (dayUs, UtcMonth.Of(Micros.ToTime(us)).Number);
            }
            return _number;
        }
    }
}
