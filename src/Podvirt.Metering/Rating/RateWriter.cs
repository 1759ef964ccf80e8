using Podvirt.Core.Models;
using Podvirt.Core.Usage;
using Podvirt.Messaging;

namespace Podvirt.Metering.Rating;

/// <summary>Turns an operator's price into a new rate version.</summary>
public static class RateWriter
{
    /// <summary>
    /// Takes over a file's price: adds a version when it differs from what a file said last. So a file that says nothing new
    /// leaves a rate alone that was set by <see cref="SetAsync"/> since. Taking a price away makes a version that costs nothing.
    /// </summary>
    /// <param name="store">Where rates are kept.</param>
    /// <param name="model">The catalog's id.</param>
    /// <param name="price">USD per million tokens; null: free.</param>
    /// <param name="now">From when the version holds, UTC. Cut to microseconds.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The newest rate; null when the model has no price and never had one.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A price is negative, or has more than six decimals.</exception>
    public static async ValueTask<Rate?> ApplyPriceAsync(
        IStateStore store, string model, PriceSpec? price, DateTimeOffset now, CancellationToken cancellationToken = default)
    {
        var priced = RateOf(model, price ?? new PriceSpec(), now);
        return await SettleAsync(store, model, versions =>
        {
            var last = versions.LastOrDefault(r => r.SetBy is null);
            return (last is null ? price is null : HasSamePrices(last, priced)) ? versions.Count > 0 ? versions[^1] : null : priced;
        }, cancellationToken);
    }

    /// <summary>Adds a version, from now or from a later moment on. Does nothing where the same prices begin at that moment already.</summary>
    /// <param name="store">Where rates are kept.</param>
    /// <param name="model">The catalog's id.</param>
    /// <param name="price">USD per million tokens.</param>
    /// <param name="from">When it begins, not before <paramref name="now"/>; null: now. Cut to microseconds.</param>
    /// <param name="setBy">Who does it.</param>
    /// <param name="now">UTC.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The version, or the one that was there.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A price is negative or has more than six decimals, or the moment has passed.</exception>
    public static async ValueTask<Rate> SetAsync(
        IStateStore store, string model, PriceSpec price, DateTimeOffset? from, string setBy, DateTimeOffset now, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(price);
        ArgumentException.ThrowIfNullOrEmpty(setBy);
        if (from < now)
        {
            // What has been rated keeps its version: a price for the past would change nothing there.
            throw new ArgumentOutOfRangeException(nameof(from), from, "a rate begins now or later; rating the past again is a re-rating");
        }
        var priced = RateOf(model, price, from ?? now) with { SetBy = setBy, DecidedAt = from is null ? null : Micros.ToTime(Micros.Of(now)) };
        var settled = await SettleAsync(store, model, versions =>
        {
            var present = new RateTimeline(model, versions).At(priced.EffectiveFrom);
            return present.Version > 0 && HasSamePrices(present, priced) && (from is null || present.EffectiveFrom == priced.EffectiveFrom) ? present : priced;
        }, cancellationToken);
        return settled!;
    }

    /// <summary>Stores what <paramref name="choose"/> gives as a new version, unless that is one of those that are there, or none.</summary>
    private static async ValueTask<Rate?> SettleAsync(
        IStateStore store, string model, Func<IReadOnlyList<Rate>, Rate?> choose, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(store);
        var key = Rate.StatePrefix + model;
        while (true)
        {
            var entry = await store.GetAsync(key, cancellationToken);
            IReadOnlyList<Rate> versions = entry is null ? [] : [.. entry.Read<IReadOnlyList<Rate>>().OrderBy(r => r.Version)];
            var chosen = choose(versions);
            if (chosen is not { Version: 0 } added)
            {
                return chosen;
            }
            var rate = added with { Version = versions.Count == 0 ? 1 : versions[^1].Version + 1 };
            var value = StateJson.ToBytes<IReadOnlyList<Rate>>([.. versions, rate]);
            var revision = entry is null
                ? await store.CreateAsync(key, value, cancellationToken)
                : await store.UpdateAsync(key, value, entry.Revision, cancellationToken);
            if (revision is not null)
            {
                return rate;
            }
        }
    }

    private static bool HasSamePrices(Rate a, Rate b) => BilledAmounts.Kinds.All(kind => a.PicoOf(kind) == b.PicoOf(kind));

    private static Rate RateOf(string model, PriceSpec price, DateTimeOffset from)
    {
        ArgumentException.ThrowIfNullOrEmpty(model);
        long? embedding = price.Embedding is { } amount ? Rate.ToPico(amount) : null;
        return new Rate(
            model, 0, Micros.ToTime(Micros.Of(from)),
            Rate.ToPico(price.Prompt), Rate.ToPico(price.Cached), Rate.ToPico(price.Completion), embedding, Rate.ToPico(price.VideoSecond));
    }
}
