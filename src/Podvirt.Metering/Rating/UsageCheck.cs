using Podvirt.Core.Usage;

namespace Podvirt.Metering.Rating;

/// <summary>
/// Counts that cannot be must not become a bill, and guessing better ones would be an estimate. Such a record is billed
/// at zero and marked as quarantined; the outbox keeps the original for inspection.
/// </summary>
internal static class UsageCheck
{
    public const string InvalidReason = "invalid_usage";

    /// <summary>Microseconds of one request: a year.</summary>
    public const long DurationUsMax = 366L * 24 * 60 * 60 * 1_000_000;

    /// <summary>False also where the gateway saw that the engine's counts cannot be: what is in the record then are the last that could.</summary>
    public static bool IsValid(UsageRecord record) =>
        record.Source != UsageSource.Quarantined && BilledAmounts.CanBill(record.Tokens) && IsWithin(record.VideoUs, DurationUsMax) && HasValidTimes(record);

    /// <summary>The record as it enters the ledger: the same request, without its numbers.</summary>
    public static UsageRecord WithoutCounts(UsageRecord record)
    {
        var emptied = record with
        {
            Tokens = default,
            VideoUs = 0,
            Source = UsageSource.Quarantined,
            // How it ended otherwise says more.
            Reason = record.Reason.Length == 0 ? InvalidReason : record.Reason,
        };
        return HasValidTimes(record) ? emptied : emptied with { DurationUs = 0, ParkedUs = 0, QueuedUs = 0, FirstTokenUs = null };
    }

    private static bool HasValidTimes(UsageRecord record) =>
        IsWithin(record.DurationUs, DurationUsMax)
        && IsWithin(record.ParkedUs, DurationUsMax)
        && IsWithin(record.QueuedUs, DurationUsMax)
        && IsWithin(record.FirstTokenUs ?? 0, DurationUsMax)
        && record.StartedAt.UtcTicks <= DateTimeOffset.MaxValue.UtcTicks - (DurationUsMax * TimeSpan.TicksPerMicrosecond);

    private static bool IsWithin(long count, long max) => count >= 0 && count <= max;
}
