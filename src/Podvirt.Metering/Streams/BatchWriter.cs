using System.Globalization;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Rating;

namespace Podvirt.Metering.Streams;

/// <summary>
/// Rates the records of one batch and appends them, for as long as it takes. What can never be appended is parked and holds
/// nothing up: bytes that are no record, and records that the ledger refuses each for itself. Impossible counts are billed at zero, and the original is parked.
/// </summary>
internal sealed partial class BatchWriter(
    IBatchLedger ledger, RateBook rates, IParking parking, MeteringMetrics metrics, TimeProvider time, ILogger<BatchWriter> log)
{
    public const string ImpossibleCounts = "impossible counts: billed at zero";

    private static readonly TimeSpan s_backoffFirst = TimeSpan.FromMilliseconds(100);

    /// <summary>As the embedded pump: an outage of the ledger delays dashboards only.</summary>
    private static readonly TimeSpan s_backoffMax = TimeSpan.FromSeconds(30);

    /// <summary>
    /// What one batch may park where it may be not the records that are wrong. A newer Podvirt's records before a worker that does not know them, or a ledger that takes
    /// nothing, must not empty the stream into a place of bounded size.
    /// </summary>
    private const int PoisonMax = 100;

    /// <summary>What one batch may park of records that the ledger refuses, however many it takes: a tenth of that place.</summary>
    private const int RefusedMax = 1_000;

    /// <summary>The rates of a batch, to be kept with it before it is written.</summary>
    /// <param name="messages">The set.</param>
    /// <param name="pinned">What was kept of this very set before, as <see cref="BatchRates.Versions"/>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public ValueTask<BatchRates> RatesAsync(IReadOnlyList<StreamMessage> messages, string? pinned, CancellationToken cancellationToken) =>
        BatchRates.ReadAsync(rates, messages, pinned, cancellationToken);

    /// <param name="token">Of this very set.</param>
    /// <param name="incarnation">Of the stream.</param>
    /// <param name="messages">The set.</param>
    /// <param name="by">Its rates.</param>
    /// <param name="refused">Parts that the ledger has refused before, as <see cref="ClaimSeal.Refused"/>.</param>
    /// <param name="note">Keeps them, with the latest, before that goes there in halves; false: the set is in other hands.</param>
    /// <param name="cancellationToken">Ends it; the batch may be on the ledger.</param>
    /// <returns>False: the set is in other hands.</returns>
    /// <exception cref="IOException">Too much of it cannot be kept: not the records are wrong then. Nothing of that is parked.</exception>
    public async ValueTask<bool> WriteAsync(
        string token, string incarnation, IReadOnlyList<StreamMessage> messages, BatchRates by, string refused,
        Func<string, CancellationToken, ValueTask<bool>> note, CancellationToken cancellationToken)
    {
        var batch = new Batch(token, incarnation, messages, refused, note);
        var records = await CheckedAsync(batch, cancellationToken);
        var rated = records.ConvertAll(by.Rated);
        if (!await AppendAsync(batch, rated, cancellationToken))
        {
            return false;
        }
        foreach (var (at, why) in batch.Poison.OrderBy(p => p.At))
        {
            await ParkAsync(batch, messages.First(m => m.Record?.Id == rated[at].Record.Id), why, cancellationToken);
        }
        return true;
    }

    /// <summary>
    /// The whole, and what of it is refused in halves, and halves of halves: large parts first, so that what the ledger takes is known before single records are
    /// blamed. What was refused once is never tried again as it was, so that everybody brings the same parts under the same tokens.
    /// </summary>
    private async ValueTask<bool> AppendAsync(Batch batch, List<RatedRecord> rated, CancellationToken cancellationToken)
    {
        var parts = new Queue<(int From, int Count)>();
        parts.Enqueue((0, rated.Count));
        while (parts.TryDequeue(out var place))
        {
            var (from, count) = place;
            if (count == 0)
            {
                continue;
            }
            var name = string.Create(CultureInfo.InvariantCulture, $"{from}+{count}");
            if (!batch.IsRefused(name))
            {
                var isWhole = count == rated.Count;
                var part = isWhole ? rated : rated.GetRange(from, count);
                if (await TryAppendAsync(isWhole ? batch.Token : $"{batch.Token}/{name}", part, cancellationToken) is not { } refusal)
                {
                    Count(part);
                    batch.Taken += count;
                    continue;
                }
                batch.Refusals++;
                ThrowIfLedgerIsWrong(batch, refusal.Message);
                if (count == 1)
                {
                    batch.Poison.Add((from, refusal.Message));
                    continue;
                }
                LogRefused(batch.Token, name, refusal);
                if (!await batch.RefuseAsync(name, cancellationToken))
                {
                    return false;
                }
            }
            parts.Enqueue((from, count / 2));
            parts.Enqueue((from + (count / 2), count - (count / 2)));
        }
        return true;
    }

    /// <summary>A ledger that takes next to nothing, or refuses very much, is wrong itself.</summary>
    private static void ThrowIfLedgerIsWrong(Batch batch, string why)
    {
        var isAll = batch.Taken == 0 && batch.Refusals > 2 * PoisonMax;
        if (isAll || (batch.Poison.Count >= PoisonMax && batch.Taken < batch.Poison.Count) || batch.Poison.Count >= RefusedMax)
        {
            throw new IOException(
                $"the ledger refuses more than {batch.Poison.Count} records of one batch and took {batch.Taken}, so it is not they that are wrong; they stay on the stream: {why}");
        }
    }

    /// <summary>Null when it is on the ledger; else why the ledger will never take it as it is.</summary>
    private async ValueTask<Exception?> TryAppendAsync(string token, List<RatedRecord> rated, CancellationToken cancellationToken)
    {
        var backoff = s_backoffFirst;
        while (true)
        {
            try
            {
                await ledger.AppendBatchAsync(token, rated, cancellationToken);
                return null;
            }
            catch (Exception e) when (e is OverflowException or ArgumentException or InvalidDataException)
            {
                return e;
            }
            catch (Exception e) when (e is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                metrics.MoveFailed();
                LogFailed(token, rated.Count, backoff, e);
            }
            await Task.Delay(backoff, time, cancellationToken);
            backoff = TimeSpan.FromTicks(Math.Min(backoff.Ticks * 2, s_backoffMax.Ticks));
        }
    }

    /// <summary>Each request once: what came twice within a batch comes out of it here, and out of two by the ledger.</summary>
    private async ValueTask<List<UsageRecord>> CheckedAsync(Batch batch, CancellationToken cancellationToken)
    {
        var records = new List<UsageRecord>(batch.Messages.Count);
        var ids = new HashSet<Guid>(batch.Messages.Count);
        if (batch.Messages.Count(m => m.IsNewer) is > PoisonMax and var newer)
        {
            throw new IOException($"{newer} records are a newer Podvirt's; they stay on the stream until a worker knows them: {batch.Messages.First(m => m.IsNewer).Error}");
        }
        var impossible = 0;
        foreach (var message in batch.Messages)
        {
            if (message.Record is not { } record)
            {
                await ParkAsync(batch, message, message.Error, cancellationToken);
            }
            else if (ids.Add(record.Id))
            {
                if (!UsageCheck.IsValid(record))
                {
                    metrics.Invalid();
                    if (++impossible <= PoisonMax)
                    {
                        // They are billed at zero all the same; a sample of them says what is wrong.
                        await ParkAsync(batch, message, ImpossibleCounts, cancellationToken);
                    }
                    record = UsageCheck.WithoutCounts(record);
                }
                records.Add(record);
            }
        }
        return records;
    }

    private async ValueTask ParkAsync(Batch batch, StreamMessage message, string why, CancellationToken cancellationToken)
    {
        LogParked(message.Sequence, message.Record?.Id, why);
        await parking.ParkAsync(
            new ParkedUsage(time.GetUtcNow(), batch.Incarnation, message.Sequence, why, message.Record, message.Record is null ? message.Bytes.ToArray() : null),
            cancellationToken);
        metrics.Parked();
    }

    private void Count(List<RatedRecord> rated)
    {
        foreach (var record in rated)
        {
            metrics.Recorded(record.Record);
        }
    }

    [LoggerMessage(EventId = 4511, Level = LogLevel.Error, Message = "The ledger did not take batch {Token} of {Count} records, which stay on the stream; next attempt in {Backoff}")]
    private partial void LogFailed(string token, int count, TimeSpan backoff, Exception error);

    [LoggerMessage(EventId = 4512, Level = LogLevel.Error, Message = "The ledger refuses the records {Part} of batch {Token}: they go there in halves, and what cannot go is parked")]
    private partial void LogRefused(string token, string part, Exception error);

    [LoggerMessage(EventId = 4513, Level = LogLevel.Error, Message = "Message {Sequence} of the stream (request {Id}) is parked: {Why}")]
    private partial void LogParked(long sequence, Guid? id, string why);

    private sealed class Batch(
        string token, string incarnation, IReadOnlyList<StreamMessage> messages, string refused, Func<string, CancellationToken, ValueTask<bool>> note)
    {
        private readonly List<string> _refused = [.. refused.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        private readonly HashSet<string> _known = [.. refused.Split(' ', StringSplitOptions.RemoveEmptyEntries)];

        public string Token => token;

        public string Incarnation => incarnation;

        public IReadOnlyList<StreamMessage> Messages => messages;

        /// <summary>Places of records that are refused each for itself, and why.</summary>
        public List<(int At, string Why)> Poison { get; } = [];

        /// <summary>Records that the ledger has.</summary>
        public int Taken { get; set; }

        /// <summary>Parts that were refused just now.</summary>
        public int Refusals { get; set; }

        public bool IsRefused(string part) => _known.Contains(part);

        /// <summary>Keeps it; false: the set is in other hands.</summary>
        public ValueTask<bool> RefuseAsync(string part, CancellationToken cancellationToken)
        {
            _known.Add(part);
            _refused.Add(part);
            return note(string.Join(' ', _refused), cancellationToken);
        }
    }
}
