using System.Globalization;
using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Rating;

namespace Podvirt.Metering.Streams;

/// <summary>
/// By what a batch is rated, whoever brings it and however often: the newest version that each of its models had when it was first
/// brought. A version that came since may begin before the batch's records ended, because clocks differ and writing takes time: a repetition that
/// knew it would send other rows under the same token.
/// </summary>
internal sealed class BatchRates
{
    /// <summary>Reads of the rates' keys at the same time.</summary>
    private const int ReadsMax = 32;

    private readonly Dictionary<string, RateTimeline> _timelines;

    private BatchRates(Dictionary<string, RateTimeline> timelines, string versions)
    {
        _timelines = timelines;
        Versions = versions;
    }

    /// <summary>The newest version of each model, in the order of their names by code points, separated by spaces.</summary>
    public string Versions { get; }

    /// <param name="book">All rates; read anew from the store.</param>
    /// <param name="messages">The batch.</param>
    /// <param name="pinned">What <see cref="Versions"/> said when this very batch was brought first; null: it never was.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">The store does not answer.</exception>
    public static async ValueTask<BatchRates> ReadAsync(
        RateBook book, IReadOnlyList<StreamMessage> messages, string? pinned, CancellationToken cancellationToken)
    {
        string[] models = [.. messages.Where(m => m.Record is not null).Select(m => m.Record!.Model).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        await Parallel.ForEachAsync(
            models, new ParallelOptions { MaxDegreeOfParallelism = ReadsMax, CancellationToken = cancellationToken },
            (model, ended) => book.RefreshAsync([model], ended));
        var timelines = Array.ConvertAll(models, book.Timeline);
        if (pinned is not null)
        {
            var newest = pinned.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            timelines = [.. timelines.Zip(newest, (t, version) => t.UpTo(int.Parse(version, CultureInfo.InvariantCulture)))];
        }
        var versions = timelines.Select(t => (t.Versions.Count == 0 ? 0 : t.Versions[^1].Version).ToString(CultureInfo.InvariantCulture));
        return new BatchRates(models.Zip(timelines).ToDictionary(StringComparer.Ordinal), pinned ?? string.Join(' ', versions));
    }

    public RatedRecord Rated(UsageRecord record) => RateBook.Rated(record, _timelines[record.Model]);
}
