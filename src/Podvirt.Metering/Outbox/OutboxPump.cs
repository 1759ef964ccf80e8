using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Rating;

namespace Podvirt.Metering.Outbox;

/// <summary>
/// Moves records from the outbox to the ledger, in order, in batches:
/// 1. read the oldest rows, 2. take out impossible counts, 3. rate, 4. append to the ledger (durable), 5. remove the rows.
/// A crash after 4 repeats the batch, and the ledger leaves known ids as they are: nothing is lost, nothing counts twice.
/// </summary>
internal sealed partial class OutboxPump : BackgroundService
{
    private static readonly TimeSpan _backoffFirst = TimeSpan.FromMilliseconds(100);

    /// <summary>Half a minute: an outage of the ledger delays dashboards only, and the log should not drown in it.</summary>
    private static readonly TimeSpan _backoffMax = TimeSpan.FromSeconds(30);

    /// <summary>How long minute rollups are kept.</summary>
    private static readonly TimeSpan _minutesKept = TimeSpan.FromHours(48);

    private static readonly TimeSpan _cleanupInterval = TimeSpan.FromHours(1);

    private readonly IOutboxQueue _outbox;
    private readonly ILedger _ledger;
    private readonly IMinuteRollups? _minutes;
    private readonly RateBook _rates;
    private readonly MeteringOptions _options;
    private readonly MeteringMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger<OutboxPump> _log;
    private long _oldestEndedUs;
    private DateTimeOffset _nextCleanup;

    public OutboxPump(
        IOutboxQueue outbox, ILedger ledger, RateBook rates, MeteringOptions options, MeteringMetrics metrics, TimeProvider time,
        ILogger<OutboxPump> log)
    {
        _outbox = outbox;
        _ledger = ledger;
        _minutes = ledger as IMinuteRollups;
        _rates = rates;
        _options = options;
        _metrics = metrics;
        _time = time;
        _log = log;
        metrics.ObserveLag(LagSeconds);
    }

    /// <summary>Within the host's shutdown time, moves what is left. What does not fit stays in the outbox for the next start.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await DrainAsync(cancellationToken);
        }
        catch (Exception e)
        {
            LogLeft(_outbox.Rows, e);
        }
    }

    /// <summary>Moves one batch. False when the outbox is empty.</summary>
    internal async ValueTask<bool> MoveBatchAsync(CancellationToken cancellationToken)
    {
        var rows = await _outbox.ReadAsync(_options.LedgerBatchMax, cancellationToken);
        if (rows.Count == 0)
        {
            return false;
        }
        var records = new UsageRecord[rows.Count];
        var invalid = new List<long>();
        for (var i = 0; i < rows.Count; i++)
        {
            records[i] = Checked(rows[i], invalid);
        }
        Interlocked.Exchange(ref _oldestEndedUs, Micros.Of(records[0].EndedAt));

        await _rates.RefreshAsync(records.Select(r => r.Model).Distinct(StringComparer.Ordinal), cancellationToken);
        var rated = Array.ConvertAll(records, _rates.Rated);
        await _ledger.AppendAsync(rated, cancellationToken);
        await _outbox.RemoveAsync(rows[^1].Seq, invalid, cancellationToken);

        foreach (var record in records)
        {
            _metrics.Recorded(record);
        }
        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await _rates.CaughtUpAsync(stoppingToken);
        var backoff = _backoffFirst;
        var failed = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (!failed)
                {
                    await WaitForWorkAsync(stoppingToken);
                }
                await DrainAsync(stoppingToken);
                await CleanUpAsync(stoppingToken);
                (failed, backoff) = (false, _backoffFirst);
                continue;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                failed = true;
                _metrics.MoveFailed();
                LogFailed(_outbox.Rows, backoff, e);
            }
            await Task.Delay(backoff, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            backoff = TimeSpan.FromTicks(Math.Min(backoff.Ticks * 2, _backoffMax.Ticks));
        }
    }

    private async Task DrainAsync(CancellationToken cancellationToken)
    {
        await _rates.CaughtUpAsync(cancellationToken);
        while (await MoveBatchAsync(cancellationToken))
        {
            // Until it is empty.
        }
    }

    private async ValueTask WaitForWorkAsync(CancellationToken cancellationToken)
    {
        await _outbox.WaitAsync(cancellationToken);
        if (_options.LedgerLinger > TimeSpan.Zero)
        {
            await Task.Delay(_options.LedgerLinger, _time, cancellationToken);
        }
    }

    private async ValueTask CleanUpAsync(CancellationToken cancellationToken)
    {
        var now = _time.GetUtcNow();
        if (_minutes is null || now < _nextCleanup)
        {
            return;
        }
        await _minutes.RemoveMinutesBeforeAsync(now - _minutesKept, cancellationToken);
        _nextCleanup = now + _cleanupInterval;
    }

    private UsageRecord Checked(OutboxRow row, List<long> invalid)
    {
        if (UsageCheck.IsValid(row.Record))
        {
            return row.Record;
        }
        invalid.Add(row.Seq);
        _metrics.Invalid();
        LogInvalid(row.Record.Id, row.Record.Model, row.Record.Replica, row.Record.Tokens, row.Record.DurationUs);
        return UsageCheck.WithoutCounts(row.Record);
    }

    private double LagSeconds()
    {
        if (_outbox.Rows == 0)
        {
            return 0;
        }
        var oldest = Interlocked.Read(ref _oldestEndedUs);
        return oldest == 0 ? 0 : Math.Max(0, (_time.GetUtcNow() - Micros.ToTime(oldest)).TotalSeconds);
    }

    [LoggerMessage(EventId = 4201, Level = LogLevel.Error, Message = "The ledger did not take a batch; {Rows} records wait in the outbox, next attempt in {Backoff}")]
    private partial void LogFailed(long rows, TimeSpan backoff, Exception error);

    [LoggerMessage(EventId = 4202, Level = LogLevel.Warning, Message = "{Rows} records stay in the outbox for the next start")]
    private partial void LogLeft(long rows, Exception error);

    [LoggerMessage(EventId = 4203, Level = LogLevel.Error, Message = "Request {Id} of {Model} on replica {Replica} has impossible counts ({Tokens}, {DurationUs} µs): billed at zero, kept in the outbox's invalid_usage")]
    private partial void LogInvalid(Guid id, string model, string replica, TokenCounts tokens, long durationUs);
}
