using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Gateway.Surfaces;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Relay;

/// <summary>
/// The streams that run, and how far each has come, on disk: once an interval those whose counts have changed are written
/// together. A kill then costs what was counted since, and nothing of what had ended. On the threads that relay, a stream
/// costs one entry when it begins and ends, and nothing for a token.
/// </summary>
internal sealed partial class StreamCheckpoints(IUsageOutbox outbox, GatewayOptions options, TimeProvider time, ILogger<StreamCheckpoints> logger)
    : BackgroundService
{
    // About a millisecond of the outbox's writer: ends of answers wait for no more than that.
    private const int GroupMax = 256;

    private readonly Lock _gate = new();
    private readonly HashSet<Exchange> _running = [];

    /// <summary>Streams between their beginning and their record.</summary>
    public int Running
    {
        get
        {
            lock (_gate)
            {
                return _running.Count;
            }
        }
    }

    /// <summary>Watches a stream until disposed. A plain reply has no counts before its end, so there is nothing to write of it.</summary>
    public Watched Enter(Exchange exchange)
    {
        if (!exchange.Request.Stream)
        {
            return default;
        }
        lock (_gate)
        {
            _running.Add(exchange);
        }
        return new Watched(this, exchange);
    }

    /// <summary>Writes what has changed since the last time.</summary>
    internal async ValueTask WriteAsync(CancellationToken cancellationToken)
    {
        foreach (var group in Changed().Chunk(GroupMax))
        {
            await outbox.CheckpointAsync(group, cancellationToken);
            foreach (var exchange in group)
            {
                exchange.CheckpointIsKept();
            }
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.CheckpointInterval, time);
        var failing = false;
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await WriteAsync(stoppingToken);
                    failing = false;
                }
                catch (UsageOutboxException e) when (failing)
                {
                    // Said once; the next interval writes what this one could not.
                    LogStillFailing(e);
                }
                catch (UsageOutboxException e)
                {
                    failing = true;
                    LogFailed(e);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The gateway has drained: what ran has its records.
        }
    }

    private List<Exchange> Changed()
    {
        var changed = new List<Exchange>();
        lock (_gate)
        {
            foreach (var exchange in _running)
            {
                if (exchange.HasNewCounts)
                {
                    changed.Add(exchange);
                }
            }
        }
        return changed;
    }

    private void Leave(Exchange exchange)
    {
        lock (_gate)
        {
            _running.Remove(exchange);
        }
    }

    [LoggerMessage(1102, LogLevel.Error, "The counts of running streams cannot be kept: a kill would lose what they have used.")]
    private partial void LogFailed(Exception exception);

    [LoggerMessage(1103, LogLevel.Debug, "The counts of running streams still cannot be kept.")]
    private partial void LogStillFailing(Exception exception);

    /// <summary>One running stream.</summary>
    [StructLayout(LayoutKind.Auto)]
    internal readonly struct Watched(StreamCheckpoints? checkpoints, Exchange exchange) : IDisposable
    {
        public void Dispose() => checkpoints?.Leave(exchange);
    }
}
