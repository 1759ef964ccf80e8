using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Messaging;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Outbox;
using Podvirt.Metering.Rating;

namespace Podvirt.Metering.Streams;

/// <summary>
/// A month's consumption while records travel from this gateway's outbox over the stream of all gateways to the ledger. Read in the order in which they
/// travel, so that none is missed: 1. the outbox, 2. what is under way on the stream, 3. which of these the ledger has already, 4. the ledger's sums, 5. whether
/// it has more of them by now: then all is read anew. What was met in the outbox and on the stream is one record by its id.
/// </summary>
internal sealed class StreamedConsumption(IOutboxQueue outbox, StreamUnderway stream, ILedger ledger, RateBook rates, MeteringOptions options) : IConsumption
{
    /// <summary>Batches go to the ledger several times a second. After so many readings that one fell into, the last one holds: it has that batch twice.</summary>
    private const int TriesMax = 5;

    public async ValueTask<IReadOnlyList<Consumed>> ReadAsync(UtcMonth month, CancellationToken cancellationToken = default)
    {
        await rates.CaughtUpAsync(cancellationToken);
        for (var i = 1; ; i++)
        {
            var met = await ReadOutboxAsync(month, cancellationToken);
            met.AddRange((await stream.ReadAsync(cancellationToken)).Select(m => m.Record).OfType<UsageRecord>().Select(r => Travelling.Of(r, Use(r, month))).OfType<Travelling>());
            var travelling = await WithoutTheLedgersAsync([.. met.DistinctBy(static t => t.Place.Id)], cancellationToken);
            var all = new List<Consumed>(await ledger.ConsumedAsync(month, cancellationToken));
            if (i < TriesMax && (await WithoutTheLedgersAsync(travelling, cancellationToken)).Count < travelling.Count)
            {
                continue;
            }
            all.AddRange(travelling.Select(static t => t.Use));
            return all;
        }
    }

    private async ValueTask<List<Travelling>> ReadOutboxAsync(UtcMonth month, CancellationToken cancellationToken)
    {
        var records = new List<Travelling>();
        var place = 0L;
        IReadOnlyList<OutboxRow> rows;
        do
        {
            rows = await outbox.ReadBehindAsync(place, options.LedgerBatchMax, cancellationToken);
            records.AddRange(rows.Select(r => Travelling.Of(r.Record, Use(r.Record, month))).OfType<Travelling>());
            place = rows.Count > 0 ? rows[^1].Seq : place;
        }
        while (rows.Count > 0);
        return records;
    }

    private async ValueTask<List<Travelling>> WithoutTheLedgersAsync(List<Travelling> records, CancellationToken cancellationToken)
    {
        var known = await ledger.KnownAsync(records.ConvertAll(static t => t.Place), cancellationToken);
        return known.Count == 0 ? records : records.FindAll(t => !known.Contains(t.Place.Id));
    }

    private Consumed? Use(UsageRecord record, UtcMonth month) =>
        UtcMonth.Of(record.EndedAt) == month && UsageCheck.IsValid(record) && record.Source == UsageSource.Engine
            ? new Consumed(record.Project, record.Key, record.Model, record.Tokens.Prompt + record.Tokens.Completion, record.VideoUs, rates.Rated(record).Cost)
            : null;

    /// <summary>A record that counts. No more of it is held: an outbox may have held back a day's.</summary>
    private readonly record struct Travelling(RecordPlace Place, Consumed Use)
    {
        public static Travelling? Of(UsageRecord record, Consumed? use) => use is null ? null : new Travelling(RecordPlace.Of(record), use);
    }
}
