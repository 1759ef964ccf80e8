using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Messaging;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Outbox;
using Podvirt.Metering.Rating;

namespace Podvirt.Metering;

/// <summary>
/// A month's consumption while records travel. The pump appends the oldest rows to the ledger and then removes them, so what is in
/// both files is always a beginning of the outbox. Reads
/// 1. where that beginning ends, 2. the ledger's sums, 3. the rows behind it, and 4. where it ends now: the same place means that
/// nothing was counted twice or not at all.
/// </summary>
internal sealed class ConsumptionReader(IOutboxQueue outbox, ILedger ledger, RateBook rates, MeteringOptions options) : IConsumption
{
    public async ValueTask<IReadOnlyList<Consumed>> ReadAsync(UtcMonth month, CancellationToken cancellationToken = default)
    {
        await rates.CaughtUpAsync(cancellationToken);
        while (true)
        {
            var moved = await LastMovedAsync(cancellationToken);
            var all = new List<Consumed>(await ledger.ConsumedAsync(month, cancellationToken));
            await AddOutboxAsync(all, month, moved, cancellationToken);
            if (await LastMovedAsync(cancellationToken) == moved)
            {
                return all;
            }
        }
    }

    /// <summary>The last row that stands on the ledger already, or the one before the oldest.</summary>
    private async ValueTask<long> LastMovedAsync(CancellationToken cancellationToken)
    {
        // At most one batch is under way.
        var moved = 0L;
        foreach (var row in await outbox.ReadAsync(options.LedgerBatchMax, cancellationToken))
        {
            if (await ledger.FindAsync(row.Record.Id, cancellationToken) is null)
            {
                return row.Seq - 1;
            }
            moved = row.Seq;
        }
        return moved;
    }

    private async ValueTask AddOutboxAsync(List<Consumed> all, UtcMonth month, long moved, CancellationToken cancellationToken)
    {
        IReadOnlyList<OutboxRow> rows;
        do
        {
            rows = await outbox.ReadBehindAsync(moved, options.LedgerBatchMax, cancellationToken);
            foreach (var row in rows)
            {
                moved = row.Seq;
                if (UtcMonth.Of(row.Record.EndedAt) == month && UsageCheck.IsValid(row.Record)
                    && row.Record.Source == UsageSource.Engine)
                {
                    var record = row.Record;
                    all.Add(new Consumed(
                        record.Project, record.Key, record.Model, record.Tokens.Prompt + record.Tokens.Completion, record.VideoUs, rates.Rated(record).Cost));
                }
            }
        }
        while (rows.Count > 0);
    }
}
