using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Usage;
using Podvirt.Metering.Streams;

namespace Podvirt.Metering.Outbox;

/// <summary>
/// Moves records from a gateway's outbox to the stream: 1. read the oldest rows that it has not taken yet, 2. publish them at the same time, each under its
/// request's id. They stay in the outbox until the ledger has them (<see cref="Confirmations"/>). After a start all that is there is published again:
/// the stream drops it by its id, and what comes after the stream has forgotten the id, the ledger does.
/// </summary>
internal sealed partial class StreamPump : BackgroundService
{
    private static readonly TimeSpan s_backoffFirst = TimeSpan.FromMilliseconds(100);

    /// <summary>Short: the rows are on one gateway's disk only until the stream has them.</summary>
    private static readonly TimeSpan s_backoffMax = TimeSpan.FromSeconds(5);

    private readonly IOutboxQueue _outbox;
    private readonly UsageStream _stream;
    private readonly SentRows _sent;
    private readonly Confirmations _confirmations;
    private readonly StreamWaits _waits;
    private readonly UsageStreamOptions _options;
    private readonly TimeSpan _linger;
    private readonly MeteringMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger<StreamPump> _log;
    private long _takenThrough;

    public StreamPump(
        IOutboxQueue outbox, UsageStream stream, SentRows sent, Confirmations confirmations, StreamWaits waits, UsageStreamOptions options,
        MeteringMetrics metrics, TimeProvider time, ILogger<StreamPump> log)
    {
        _outbox = outbox;
        _stream = stream;
        _sent = sent;
        _confirmations = confirmations;
        _waits = waits;
        _options = options;
        // Whoever waits for the stream should not also wait for company.
        _linger = options.WaitsForStream ? TimeSpan.Zero : options.Linger;
        _metrics = metrics;
        _time = time;
        _log = log;
        metrics.ObserveSent(() => sent.Count);
    }

    /// <summary>Within the host's shutdown time, moves what is left. What does not fit, and what is not confirmed yet, stays in the outbox for the next start.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            while (await MoveAsync(cancellationToken))
            {
                // Until it is empty.
            }
        }
        catch (Exception e)
        {
            LogLeft(_waits.Now.Waiting, e);
        }
    }

    /// <summary>Moves the oldest rows that the stream has not. False when there are none.</summary>
    /// <exception cref="IOException">The stream did not take all of them; those that it took first are moved.</exception>
    internal async ValueTask<bool> MoveAsync(CancellationToken cancellationToken)
    {
        var rows = await _outbox.ReadBehindAsync(_takenThrough, _options.PublishesMax, cancellationToken);
        if (rows.Count == 0)
        {
            return false;
        }
        _sent.Begin(rows);
        var records = new UsageRecord[rows.Count];
        for (var i = 0; i < rows.Count; i++)
        {
            records[i] = rows[i].Record;
        }
        var outcome = await _stream.PublishAsync(records, _outbox.Id, cancellationToken);
        _sent.Acknowledge(rows, outcome.Places, _time.GetUtcNow());
        _waits.Confirm(records, outcome);
        var taken = 0;
        while (taken < rows.Count && outcome.IsTaken(taken))
        {
            taken++;
        }
        if (taken > 0)
        {
            _takenThrough = rows[taken - 1].Seq;
            _metrics.Published(taken);
        }
        // Those that were confirmed before they were acknowledged, and the oldest where there are too many.
        await _confirmations.RemoveDoneAsync(cancellationToken);
        if (taken < rows.Count)
        {
            throw new IOException($"the stream did not take {rows.Count - taken} of {rows.Count} records: {outcome.Error}");
        }
        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var backoff = s_backoffFirst;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (!_waits.IsStuck)
                {
                    await WaitForWorkAsync(stoppingToken);
                }
                while (await MoveAsync(stoppingToken))
                {
                    _waits.Flows();
                }
                _waits.Flows();
                backoff = s_backoffFirst;
                continue;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                _waits.IsStuckBecause(e.Message);
                _metrics.PublishFailed();
                LogFailed(_waits.Now.Waiting, backoff, e);
            }
            await Task.Delay(backoff, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            backoff = TimeSpan.FromTicks(Math.Min(backoff.Ticks * 2, s_backoffMax.Ticks));
        }
    }

    private async ValueTask WaitForWorkAsync(CancellationToken cancellationToken)
    {
        await _outbox.WaitAsync(cancellationToken);
        if (_linger > TimeSpan.Zero)
        {
            await Task.Delay(_linger, _time, cancellationToken);
        }
    }

    [LoggerMessage(EventId = 4531, Level = LogLevel.Error, Message = "The stream did not take usage; {Rows} records wait in the outbox, next attempt in {Backoff}")]
    private partial void LogFailed(long rows, TimeSpan backoff, Exception error);

    [LoggerMessage(EventId = 4532, Level = LogLevel.Warning, Message = "{Rows} records stay in the outbox for the next start")]
    private partial void LogLeft(long rows, Exception error);
}
