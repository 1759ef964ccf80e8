using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Messaging;

namespace Podvirt.Metering.Ledger;

/// <summary>
/// All usage records, rated, and what is summed from them. This is the contract of every implementation.
/// <para><b>Time.</b> Everything is UTC and in whole microseconds. A record belongs to the moment at which it ended
/// (<see cref="UsageRecord.EndedAt"/>): that moment decides its minute, hour, day and month, whenever it arrives, before
/// 1970 too. Ranges hold their start and not their end; a start within a microsecond begins with the next one.</para>
/// <para><b>Exactness.</b> Counts and money are exact, wherever they are read from: a sum is the sum of the records, and money
/// is what is billed (<see cref="RatedRecord.Billed"/>). Only quantiles are approximate, by at most 2 % of the exact ones.</para>
/// <para><b>Visibility.</b> What <see cref="AppendAsync"/> returned for is durable and in every later answer. One answer is
/// of one moment, unless its method says otherwise.</para>
/// <para><b>Errors.</b> An <see cref="IOException"/> where the store cannot be read or written: the same call may succeed
/// later. An <see cref="ArgumentException"/> where a caller asks for what cannot be.</para>
/// <para><b>Cancellation</b> ends the wait, and a long read soon after. A cancelled append may still be done; repeating it is
/// always right.</para>
/// All methods may be called at the same time.
/// </summary>
public partial interface ILedger
{
    /// <summary>
    /// Adds a batch, its rollups and its totals in one durable step: all of it or nothing. A record whose id is there already
    /// is left as it is, also where it differs, and counts nowhere again: the same batch may come any number of times, whole,
    /// in parts, or with others in it. Order does not matter. A late record changes its own minute, hour and day; a minute
    /// that was removed stays removed. A request ends once, so two records with one id end at the same moment: a ledger may know a record by both. Counts and durations are not negative; the feeder has seen to that.
    /// </summary>
    /// <exception cref="OverflowException">A cost of more than 9 × 10¹⁸ USD: nothing of the batch is kept.</exception>
    ValueTask AppendAsync(IReadOnlyList<RatedRecord> records, CancellationToken cancellationToken = default);

    /// <summary>The record with this id; null where there is none.</summary>
    ValueTask<RatedRecord?> FindAsync(Guid id, CancellationToken cancellationToken = default);

    /// <summary>Which of these records are here.</summary>
    /// <param name="places">Of each record its own: a ledger may look there alone.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<IReadOnlySet<Guid>> KnownAsync(IReadOnlyList<RecordPlace> places, CancellationToken cancellationToken = default);

    /// <summary>
    /// Records that the query takes, newest first: by the moment at which they ended, then by id, both descending. The next page
    /// is asked for with <see cref="UsageQuery.After"/> set to the last record of this one: records that arrive meanwhile shift
    /// nothing, so none comes twice and none that was there is left out.
    /// </summary>
    /// <param name="query">Which records.</param>
    /// <param name="limit">At most this many; 1 to 10,000.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<IReadOnlyList<RatedRecord>> ListAsync(UsageQuery query, int limit, CancellationToken cancellationToken = default);

    /// <summary>
    /// All records that the query takes, oldest first, in parts of at most some thousand, each read when it is asked for: a
    /// reader that pauses holds nothing up, and memory does not grow with the range. Each record that was there at the first
    /// part comes once; later ones may be missing.
    /// </summary>
    IAsyncEnumerable<IReadOnlyList<RatedRecord>> ReadAsync(UsageQuery query, CancellationToken cancellationToken = default);

    /// <summary>
    /// Exact sums of records and of the adjustments to them, by group, in the order of the groups: names by their code points, revisions of a model by number, hours and
    /// days by time. Groups without a record are left out.
    /// </summary>
    ValueTask<IReadOnlyList<UsageSum>> SumAsync(UsageQuery query, UsageGroup group, CancellationToken cancellationToken = default);

    /// <summary>
    /// What a dashboard shows of a time that begins and ends with a minute: figures of all requests and by group. Within 50 ms
    /// whatever the ledger holds, for a day. Groups without a record are left out.
    /// </summary>
    /// <exception cref="ArgumentException">A bound is within a minute; or it is within an hour whose minutes were removed.</exception>
    ValueTask<FiguresReport> FiguresAsync(FiguresQuery query, FiguresGroup group, CancellationToken cancellationToken = default);

    /// <summary>
    /// The same by minute or hour, in order of time, then group. Steps without a record are left out.
    /// </summary>
    /// <exception cref="ArgumentException">A bound is within a step; or the minutes were removed.</exception>
    ValueTask<IReadOnlyList<FiguresPoint>> SeriesAsync(
        FiguresQuery query, FiguresStep step, FiguresGroup group, CancellationToken cancellationToken = default);

    /// <summary>What ended in the month, by project, key and model; at once, however many records there are.</summary>
    ValueTask<IReadOnlyList<Consumed>> ConsumedAsync(UtcMonth month, CancellationToken cancellationToken = default);

    /// <summary>All-time number of requests by model.</summary>
    ValueTask<IReadOnlyDictionary<string, long>> RequestTotalsAsync(CancellationToken cancellationToken = default);

    /// <summary>
    /// Recomputes every rollup, total and month's consumption from the raw records and their adjustments and compares: one step for each part of the time, in order, with
    /// each difference in words. Memory is bounded by what one hour holds, nothing waits for it, and a part is of one moment.
    /// Where there is a difference, something has changed the ledger that is not Podvirt, or Podvirt is wrong.
    /// </summary>
    IAsyncEnumerable<ReconcileStep> ReconcileAsync(CancellationToken cancellationToken = default);
}

/// <summary>A usage record with its price.</summary>
/// <param name="RateVersion">The version by which it was rated first.</param>
/// <param name="Cost">What it cost by that.</param>
public sealed record RatedRecord(UsageRecord Record, int RateVersion, Cost Cost)
{
    /// <summary>What re-ratings added since. Read from a ledger; appending does not store it.</summary>
    public Cost Adjustment { get; init; }

    /// <summary>What is billed for it: every sum of money adds this up.</summary>
    public Cost Billed => Cost + Adjustment;
}

/// <summary>What was compared by now.</summary>
/// <param name="At">What the part was: an hour, a minute, the totals, or the consumption.</param>
/// <param name="Records">Raw records that this part was compared with; none where an earlier part had them.</param>
/// <param name="Differences">One line for each thing that is missing, too much or different; empty when all agree.</param>
public sealed record ReconcileStep(string At, long Records, IReadOnlyList<string> Differences);

/// <summary>Something else that is computed from raw records and must agree with them.</summary>
public interface IReconciliation
{
    /// <summary>What is compared, in one word.</summary>
    string Name { get; }

    /// <summary>As <see cref="ILedger.ReconcileAsync"/>.</summary>
    IAsyncEnumerable<ReconcileStep> ReconcileAsync(CancellationToken cancellationToken = default);
}
