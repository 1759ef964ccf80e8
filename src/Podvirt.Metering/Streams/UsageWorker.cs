using System.Globalization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Messaging;
using Podvirt.Messaging.Leases;
using Podvirt.Metering.Rating;

namespace Podvirt.Metering.Streams;

/// <summary>
/// One metering worker: while it holds a lease under its own name, its lanes bring the stream to the ledger. Other workers see by that
/// lease that it lives, and take over what it had begun when it does not.
/// </summary>
internal sealed partial class UsageWorker : BackgroundService
{
    public const string LeasePrefix = "metering/workers/";

    private static readonly TimeSpan s_backoffFirst = TimeSpan.FromMilliseconds(100);

    /// <summary>NATS is away seldom and briefly; whoever comes back should not find workers that sleep.</summary>
    private static readonly TimeSpan s_backoffMax = TimeSpan.FromSeconds(5);

    /// <summary>How old the figures of the stream may be. Lanes that wait for the ledger see nothing.</summary>
    private static readonly TimeSpan s_lookInterval = TimeSpan.FromSeconds(1);

    private readonly string _id;
    private readonly UsageStream _stream;
    private readonly StreamChain _chain;
    private readonly StreamLane[] _lanes;
    private readonly LeaseHolder _holder;
    private readonly RateBook _rates;
    private readonly UsageStreamOptions _options;
    private readonly MeteringMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger<UsageWorker> _log;
    private long _depth;
    private long _bytes;
    private volatile string _trouble = "";

    /// <param name="lane">Makes a lane of that name.</param>
    public UsageWorker(
        UsageStream stream, StreamChain chain, Func<string, StreamLane> lane, LeaseHolder holder, RateBook rates, UsageStreamOptions options,
        MeteringMetrics metrics, TimeProvider time, ILogger<UsageWorker> log)
    {
        _id = Guid.CreateVersion7(time.GetUtcNow()).ToString("N");
        _stream = stream;
        _chain = chain;
        _lanes = [.. Enumerable.Range(1, options.Lanes).Select(n => lane(string.Create(CultureInfo.InvariantCulture, $"{_id}/{n}")))];
        _holder = holder;
        _rates = rates;
        _options = options;
        _metrics = metrics;
        _time = time;
        _log = log;
        metrics.ObserveStream(() => Interlocked.Read(ref _depth), () => Interlocked.Read(ref _bytes), () => options.BytesMax, LagSeconds);
    }

    /// <summary>Why nothing moves at this moment; empty: it does, or there is nothing to move.</summary>
    public string Trouble => _trouble;

    /// <summary>The lease that says whether the worker of a claim lives.</summary>
    public static string LeaseOf(string worker) => LeasePrefix + worker.Split('/')[0];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await _rates.CaughtUpAsync(stoppingToken);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            return;
        }
        await _holder.RunAsync(
            LeasePrefix + _id, default, (_, held) => Task.WhenAll([LookAsync(held), .. _lanes.Select(lane => RunAsync(lane, held))]), stoppingToken);
    }

    private async Task RunAsync(StreamLane lane, CancellationToken held)
    {
        var backoff = s_backoffFirst;
        var isOpen = false;
        while (!held.IsCancellationRequested)
        {
            var wait = _options.Linger;
            try
            {
                if (!isOpen)
                {
                    await _stream.OpenAsync(held);
                    isOpen = true;
                }
                if (await lane.StepAsync(held))
                {
                    wait = TimeSpan.Zero;
                }
                (backoff, _trouble) = (s_backoffFirst, "");
            }
            catch (OperationCanceledException) when (held.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // Also what nobody foresaw: a lane that ends would leave its claim to nobody while this worker lives.
                isOpen = false;
                (_trouble, wait) = (e.Message, backoff);
                _metrics.StepFailed();
                LogFailed(backoff, e);
                backoff = TimeSpan.FromTicks(Math.Min(backoff.Ticks * 2, s_backoffMax.Ticks));
            }
            if (wait > TimeSpan.Zero)
            {
                await Task.Delay(wait, _time, held).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task LookAsync(CancellationToken held)
    {
        while (!held.IsCancellationRequested)
        {
            try
            {
                var facts = await _stream.FactsAsync(held);
                var state = await _chain.ReadAsync(held);
                Interlocked.Exchange(ref _depth, state?.Backlog(facts.Last) ?? facts.Last + 1 - Math.Max(1, facts.First));
                Interlocked.Exchange(ref _bytes, facts.Bytes);
            }
            catch (Exception e)
            {
                // The lanes ask the same servers, say so and count it; the figures stay what they were.
                LogNotSeen(e);
            }
            await Task.Delay(s_lookInterval, _time, held).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private double LagSeconds()
    {
        var oldest = _lanes.Select(l => l.UnderWayNs).Where(ns => ns > 0).DefaultIfEmpty(0).Min();
        return oldest == 0 ? 0 : Math.Max(0, (UsageStream.NanosecondsOf(_time.GetUtcNow()) - oldest) / 1e9);
    }

    [LoggerMessage(EventId = 4521, Level = LogLevel.Error, Message = "Usage does not move from the stream to the ledger; next attempt in {Backoff}")]
    private partial void LogFailed(TimeSpan backoff, Exception error);

    [LoggerMessage(EventId = 4522, Level = LogLevel.Debug, Message = "The stream's figures are not known at this moment")]
    private partial void LogNotSeen(Exception error);
}
