using Podvirt.Core.Usage;

namespace Podvirt.Metering.Rating;

/// <summary>An order to rate a model's records again. They keep their first rating; each gets an adjustment.</summary>
/// <param name="From">UTC; records that ended from then on.</param>
/// <param name="To">UTC; and before then.</param>
/// <param name="RateVersion">The version by which they are billed afterwards, whenever it began.</param>
/// <param name="By">Who wants it.</param>
/// <param name="Reason">Why.</param>
public sealed record ReratingOrder(string Model, DateTimeOffset From, DateTimeOffset To, int RateVersion, string By, string Reason);

/// <summary>What a re-rating changes, or changed.</summary>
/// <param name="Id">Null: nothing was to be changed, or it was only asked what would be.</param>
public sealed record ReratingResult(long? Id, IReadOnlyList<ReratedGroup> Groups)
{
    public long Records => Groups.Sum(g => g.Records);

    /// <summary>What is billed more than before.</summary>
    public Cost Difference => Groups.Aggregate(Cost.Zero, (sum, group) => sum + group.Difference);
}

/// <param name="OldRateVersion">The version by which the records were billed before.</param>
public sealed record ReratedGroup(string Project, int OldRateVersion, long Records, Cost Difference);

/// <summary>A re-rating that was made.</summary>
public sealed record MadeRerating(long Id, DateTimeOffset MadeAt, ReratingOrder Order, long Records, Cost Difference);

/// <summary>What re-rating needs of a ledger.</summary>
internal interface IReratingLedger
{
    /// <summary>
    /// One step of a re-rating, durable by itself: looks at some records that are billed by another version and gives each its adjustment.
    /// </summary>
    /// <param name="order">Which records.</param>
    /// <param name="rate">The version of the order.</param>
    /// <param name="step">What the step before returned; null: the first one.</param>
    /// <param name="madeAt">When; null: only say what would be changed.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    ValueTask<ReratingStep> RerateAsync(
        ReratingOrder order, Rate rate, ReratingStep? step, DateTimeOffset? madeAt, CancellationToken cancellationToken = default);

    /// <summary>Newest first.</summary>
    ValueTask<IReadOnlyList<MadeRerating>> ListReratingsAsync(CancellationToken cancellationToken = default);
}

/// <param name="Id">Of the re-rating, once a record was changed.</param>
/// <param name="AtUs">Where the next step goes on: the end of the last record that was looked at.</param>
/// <param name="AtRow">Its row's number, where rows have one.</param>
/// <param name="IsLast">There are no more.</param>
/// <param name="Changed">Of this step: by project and old version.</param>
internal sealed record ReratingStep(long? Id, long AtUs, long AtRow, bool IsLast, IReadOnlyList<ReratedGroup> Changed)
{
    /// <summary>The last record itself, where rows have no numbers.</summary>
    public Guid AtRecord { get; init; }
}

/// <summary>
/// Rates records again, when an operator says so. Records are never rated again by themselves: a version that begins later leaves alone
/// what was rated before. Doing it twice changes nothing the second time, and what a crash left undone is done by the next attempt.
/// </summary>
public sealed class Rerater
{
    private readonly IReratingLedger _ledger;
    private readonly RateBook _rates;
    private readonly TimeProvider _time;

    internal Rerater(IReratingLedger ledger, RateBook rates, TimeProvider time)
    {
        _ledger = ledger;
        _rates = rates;
        _time = time;
    }

    /// <summary>Null: the model has no such version.</summary>
    /// <param name="order">What to do.</param>
    /// <param name="isDryRun">Only say what would be changed.</param>
    /// <param name="cancellationToken">Ends it; what was adjusted by then stays.</param>
    public async ValueTask<ReratingResult?> RerateAsync(ReratingOrder order, bool isDryRun, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(order);
        await _rates.RefreshAsync([order.Model], cancellationToken);
        if (_rates.Find(order.Model, order.RateVersion) is not { } rate)
        {
            return null;
        }
        DateTimeOffset? madeAt = isDryRun ? null : _time.GetUtcNow();
        var changed = new List<ReratedGroup>();
        ReratingStep? step = null;
        while (step is not { IsLast: true })
        {
            step = await _ledger.RerateAsync(order, rate, step, madeAt, cancellationToken);
            changed.AddRange(step.Changed);
        }
        return new ReratingResult(step.Id, Sum(changed));
    }

    public ValueTask<IReadOnlyList<MadeRerating>> ListAsync(CancellationToken cancellationToken = default) => _ledger.ListReratingsAsync(cancellationToken);

    internal static IReadOnlyList<ReratedGroup> Sum(IEnumerable<ReratedGroup> groups) =>
    [
        .. groups.GroupBy(g => (g.Project, g.OldRateVersion))
            .OrderBy(g => g.Key.Project, StringComparer.Ordinal).ThenBy(g => g.Key.OldRateVersion)
            .Select(g => new ReratedGroup(
                g.Key.Project, g.Key.OldRateVersion, g.Sum(r => r.Records), g.Aggregate(Cost.Zero, (sum, r) => sum + r.Difference))),
    ];
}
