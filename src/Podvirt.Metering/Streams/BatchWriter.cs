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
    private static readonly TimeSpan s_backoffFirst = TimeSpan.FromMilliseconds(100);

    /// <summary>As the embedded pump: an outage of the ledger delays dashboards only.</summary>
    private static readonly TimeSpan s_backoffMax = TimeSpan.FromSeconds(30);

    /// <summary>Reads of the rates' keys at the same time.</summary>
    private const int RateReadsMax = 32;

    /// <param name="token">Of this very set.</param>
    /// <param name="incarnation">Of the stream.</param>
    /// <param name="messages">The set.</param>
    /// <param name="isSplit">The ledger has refused it as a whole before.</param>
    /// <param name="split">Called before it goes there in parts; false: it is in other hands.</param>
    /// <param name="cancellationToken">Ends it; the batch may be on the ledger.</param>
    public async ValueTask WriteAsync(
        string token, string incarnation, IReadOnlyList<StreamMessage> messages, bool isSplit, Func<CancellationToken, ValueTask<bool>> split,
        CancellationToken cancellationToken)
    {
        var batch = new Batch(token, incarnation, messages);
        var records = await CheckedAsync(batch, cancellationToken);
        await Parallel.ForEachAsync(
            records.Select(r => r.Model).Distinct(StringComparer.Ordinal),
            new ParallelOptions { MaxDegreeOfParallelism = RateReadsMax, CancellationToken = cancellationToken },
            (model, ended) => rates.RefreshAsync([model], ended));
        var rated = records.ConvertAll(rates.Rated);
        if (!isSplit)
        {
            if (rated.Count == 0 || await TryAppendAsync(token, rated, cancellationToken) is not { } refusal)
            {
                Count(rated);
                return;
            }
            LogSplit(token, rated.Count, refusal);
            if (!await split(cancellationToken))
            {
                return;
            }
        }
        await AppendHalvesAsync(batch, rated, 0, rated.Count, cancellationToken);
    }

    /// <summary>
    /// Halves again and again: the same parts under the same tokens whoever does it, because what the ledger refuses for good it refuses always.
    /// </summary>
    private async ValueTask AppendHalvesAsync(Batch batch, List<RatedRecord> rated, int from, int count, CancellationToken cancellationToken)
    {
        await AppendPartAsync(batch, rated, from, count / 2, cancellationToken);
        await AppendPartAsync(batch, rated, from + (count / 2), count - (count / 2), cancellationToken);
    }

    private async ValueTask AppendPartAsync(Batch batch, List<RatedRecord> rated, int from, int count, CancellationToken cancellationToken)
    {
        if (count == 0)
        {
            return;
        }
        var part = rated.GetRange(from, count);
        if (await TryAppendAsync($"{batch.Token}/{from}+{count}", part, cancellationToken) is not { } refusal)
        {
            Count(part);
        }
        else if (count > 1)
        {
            await AppendHalvesAsync(batch, rated, from, count, cancellationToken);
        }
        else
        {
            var message = batch.Messages.First(m => m.Record?.Id == part[0].Record.Id);
            await ParkAsync(batch, message, refusal.Message, cancellationToken);
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
                    await ParkAsync(batch, message, "impossible counts: billed at zero", cancellationToken);
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

    [LoggerMessage(EventId = 4512, Level = LogLevel.Error, Message = "The ledger refuses batch {Token} of {Count} records: it goes there in parts, and what cannot go is parked")]
    private partial void LogSplit(string token, int count, Exception error);

    [LoggerMessage(EventId = 4513, Level = LogLevel.Error, Message = "Message {Sequence} of the stream (request {Id}) is parked: {Why}")]
    private partial void LogParked(long sequence, Guid? id, string why);

    private sealed record Batch(string Token, string Incarnation, IReadOnlyList<StreamMessage> Messages);
}
