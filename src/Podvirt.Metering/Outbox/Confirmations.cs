using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Streams;

namespace Podvirt.Metering.Outbox;

/// <summary>
/// Keeps published rows in the outbox until the ledger has their records:
/// 1. hears from metering workers which it has; 2. removes the rows up to the first that it has not; 3. of what the stream has gone past, or has no more, and nobody
/// confirmed, asks the ledger, as the news may be lost; 4. publishes again what is not there: servers of the stream may lose what they had acknowledged.
/// </summary>
internal sealed partial class Confirmations(
    IOutboxQueue outbox, UsageStream stream, StreamChain chain, RecordedNews news, ILedger ledger, SentRows sent, UsageStreamOptions options,
    MeteringMetrics metrics, TimeProvider time, ILogger<Confirmations> log) : BackgroundService
{
    private static readonly TimeSpan s_lookInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_backoff = TimeSpan.FromSeconds(1);

    /// <summary>
    /// Ten minutes in all, longer than the stream remembers ids. What was brought to the ledger so often and is not there is nothing that workers can read: they have
    /// parked it.
    /// </summary>
    private const int PublicationsMax = 6;

    private readonly SemaphoreSlim _removing = new(1);
    private long _removedThrough;

    public override void Dispose()
    {
        _removing.Dispose();
        base.Dispose();
    }

    /// <summary>Removes rows that are needed no more.</summary>
    public async ValueTask RemoveDoneAsync(CancellationToken cancellationToken)
    {
        if (sent.DoneThrough <= Interlocked.Read(ref _removedThrough))
        {
            return;
        }
        await _removing.WaitAsync(cancellationToken);
        try
        {
            var last = sent.DoneThrough;
            if (last > _removedThrough)
            {
                await outbox.RemoveAsync(last, [], cancellationToken);
                Interlocked.Exchange(ref _removedThrough, last);
            }
        }
        finally
        {
            _removing.Release();
        }
    }

    /// <summary>Publishes again what is overdue and not under way to the ledger.</summary>
    /// <exception cref="IOException">NATS does not answer, or did not take all of them.</exception>
    internal async ValueTask LookAsync(CancellationToken cancellationToken)
    {
        var overdue = sent.Overdue(time.GetUtcNow());
        if (overdue.Count > 0)
        {
            var state = await chain.ReadAsync(cancellationToken);
            var facts = await stream.FindFactsAsync(cancellationToken);
            await ResendAsync(await WithoutTheLedgersAsync([.. overdue.Where(r => IsMissing(r, facts, state))], cancellationToken), cancellationToken);
        }
        await RemoveDoneAsync(cancellationToken);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.WhenAll(KeepAsync(HearAsync, s_backoff, stoppingToken), KeepAsync(LookAsync, s_lookInterval, stoppingToken));

    /// <summary>True: the stream has lost it, or its place has been brought to the ledger. Where workers have not come so far, or are about to begin anew, it is under way.</summary>
    private static bool IsMissing(SentRow row, StreamFacts? facts, ChainState? state) =>
        facts is null || row.Place > facts.Last || (state is not null && state.Incarnation == facts.Incarnation && !state.IsUnderway(row.Place));

    private async ValueTask HearAsync(CancellationToken cancellationToken)
    {
        await foreach (var ids in news.HearAsync(outbox.Id, cancellationToken))
        {
            sent.Confirm(ids);
            await RemoveDoneAsync(cancellationToken);
        }
    }

    private async ValueTask<IReadOnlyList<SentRow>> WithoutTheLedgersAsync(List<SentRow> rows, CancellationToken cancellationToken)
    {
        var known = await ledger.KnownAsync(rows.ConvertAll(static r => r.Record), cancellationToken);
        sent.Confirm([.. known]);
        return rows.FindAll(r => !known.Contains(r.Id));
    }

    private async ValueTask ResendAsync(IReadOnlyList<SentRow> missing, CancellationToken cancellationToken)
    {
        var again = missing.Where(static r => r.Publications < PublicationsMax).Select(static r => r.Id).ToHashSet();
        if (again.Count < missing.Count)
        {
            sent.Confirm([.. missing.Select(static r => r.Id).Where(id => !again.Contains(id))]);
            LogGivenUp(missing.Count - again.Count, PublicationsMax);
        }
        var behind = missing.Count > 0 ? missing[0].Seq - 1 : 0;
        while (again.Count > 0)
        {
            var read = await outbox.ReadBehindAsync(behind, options.PublishesMax, cancellationToken);
            if (read.Count == 0)
            {
                // Confirmed meanwhile.
                return;
            }
            behind = read[^1].Seq;
            var rows = read.Where(r => again.Remove(r.Record.Id)).ToList();
            if (rows.Count == 0)
            {
                continue;
            }
            LogResent(rows.Count);
            var outcome = await stream.PublishAsync([.. rows.Select(static r => r.Record)], outbox.Id, cancellationToken);
            sent.Acknowledge(rows, outcome.Places, time.GetUtcNow());
            metrics.Resent(outcome.Places.Count(static p => p > 0));
            if (outcome.Error.Length > 0)
            {
                throw new IOException($"the stream did not take records again: {outcome.Error}");
            }
        }
    }

    /// <summary>Until the host stops. What fails is said and begun again: the rows stay meanwhile.</summary>
    private async Task KeepAsync(Func<CancellationToken, ValueTask> run, TimeSpan pause, CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await run(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                LogFailed(e);
            }
            await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(EventId = 4551, Level = LogLevel.Warning, Message = "{Count} usage records that the stream had acknowledged did not reach the ledger: they are published again")]
    private partial void LogResent(int count);

    [LoggerMessage(EventId = 4552, Level = LogLevel.Error, Message = "{Count} usage records were published {Times} times and are not on the ledger: they leave the outbox. See what is parked, and whether metering workers are older than this gateway")]
    private partial void LogGivenUp(int count, int times);

    [LoggerMessage(EventId = 4553, Level = LogLevel.Warning, Message = "Whether the ledger has the published usage is not known at this moment; the records stay in the outbox")]
    private partial void LogFailed(Exception error);
}
