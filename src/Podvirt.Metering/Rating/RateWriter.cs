using Podvirt.Core.Models;
using Podvirt.Core.Usage;
using Podvirt.Messaging;

namespace Podvirt.Metering.Rating;

/// <summary>Turns an operator's price into a new rate version.</summary>
public static class RateWriter
{
    /// <summary>
    /// Adds a version when the price differs from the newest one's. Returns the newest rate; null when the model has no
    /// price and never had one. Taking a price away makes a version that costs nothing.
    /// </summary>
    /// <param name="store">Where rates are kept.</param>
    /// <param name="model">The catalog's id.</param>
    /// <param name="price">USD per million tokens; null: free.</param>
    /// <param name="now">From when the version holds, UTC. Cut to microseconds.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ArgumentOutOfRangeException">A price is negative, or has more than six decimals.</exception>
    public static async ValueTask<Rate?> ApplyPriceAsync(
        IStateStore store, string model, PriceSpec? price, DateTimeOffset now, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentException.ThrowIfNullOrEmpty(model);
        var wanted = price ?? new PriceSpec();
        long? embedding = wanted.Embedding is { } amount ? Rate.ToPico(amount) : null;
        var priced = new Rate(
            model, 0, Micros.ToTime(Micros.Of(now)),
            Rate.ToPico(wanted.Prompt), Rate.ToPico(wanted.Cached), Rate.ToPico(wanted.Completion), embedding, Rate.ToPico(wanted.VideoSecond));
        var key = Rate.StatePrefix + model;
        while (true)
        {
            var entry = await store.GetAsync(key, cancellationToken);
            var versions = entry is null ? [] : entry.Read<IReadOnlyList<Rate>>();
            var newest = versions.MaxBy(r => r.Version);
            if (newest is null ? price is null : BilledAmounts.Kinds.All(kind => newest.PicoOf(kind) == priced.PicoOf(kind)))
            {
                return newest;
            }
            var rate = priced with { Version = (newest?.Version ?? 0) + 1 };
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
}
