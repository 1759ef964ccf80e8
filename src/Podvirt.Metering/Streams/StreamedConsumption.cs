using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Messaging;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Outbox;
using Podvirt.Metering.Rating;

namespace Podvirt.Metering.Streams;

/// <summary>
/// A month's consumption while records travel from this gateway's outbox over the stream of all gateways to the ledger. Read in the order in which they
/// travel, so that none is missed: 1. the outbox, without what the ledger has of it; 2. what is under way on the stream; 3. the ledger's sums; 4. whether
/// something of 1 or 2 is on the ledger by now: then it is read anew. What was met in the outbox and on the stream is one record by its id.
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
            var rows = await ReadOutboxAsync(month, cancellationToken);
            var underway = await stream.ReadAsync(cancellationToken);
            var all = new List<Consumed>(await ledger.ConsumedAsync(month, cancellationToken));
            if (i < TriesMax && (await HasFirstAsync(rows, cancellationToken) || !await stream.StandsAsync(underway, cancellationToken)))
            {
                continue;
            }
            var published = underway.Where(static m => m.Record is not null).Select(m => new Travelling(m.Record!.Id, Use(m.Record, month)));
            all.AddRange(rows.Concat(published).DistinctBy(static t => t.Id).Select(static t => t.Use).OfType<Consumed>());
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
            records.AddRange(rows.Select(r => new Travelling(r.Record.Id, Use(r.Record, month))));
            place = rows.Count > 0 ? rows[^1].Seq : place;
        }
        while (rows.Count > 0);

        // A beginning that was published, and not removed before a crash.
        var known = 0;
        while (known < records.Count && await ledger.FindAsync(records[known].Id, cancellationToken) is not null)
        {
            known++;
        }
        return records[known..];
    }

    private async ValueTask<bool> HasFirstAsync(List<Travelling> records, CancellationToken cancellationToken) =>
        records.Count > 0 && await ledger.FindAsync(records[0].Id, cancellationToken) is not null;

    private Consumed? Use(UsageRecord record, UtcMonth month) =>
        UtcMonth.Of(record.EndedAt) == month && UsageCheck.IsValid(record) && record.Source == UsageSource.Engine
            ? new Consumed(record.Project, record.Key, record.Model, record.Tokens.Prompt + record.Tokens.Completion, record.VideoUs, rates.Rated(record).Cost)
            : null;

    /// <param name="Use">Null: none that counts in the month. Of the record no more is held: an outbox may have held back a day's.</param>
    private readonly record struct Travelling(Guid Id, Consumed? Use);
}
