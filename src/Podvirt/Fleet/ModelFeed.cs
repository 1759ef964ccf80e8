using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Api;

namespace Podvirt.Fleet;

/// <summary>
/// Makes the list of models once for all who listen: on change (coalesced) and every second, and hands it out where it
/// differs from the one before. A listener that is slow misses lists in between, never the last.
/// </summary>
internal sealed partial class ModelFeed(FleetView fleet, FleetReader reader, TimeProvider time, ILogger<ModelFeed> logger) : BackgroundService
{
    /// <summary>Open pages of a console are few; a leak is many.</summary>
    public const int ListenersMax = 64;

    /// <summary>Changes within this time travel together.</summary>
    private static readonly TimeSpan _coalesce = TimeSpan.FromMilliseconds(100);

    /// <summary>Totals and warm-up times move without a message.</summary>
    private static readonly TimeSpan _tick = TimeSpan.FromSeconds(1);

    private readonly HashSet<Channel<byte[]>> _listeners = [];
    private readonly Lock _gate = new();

    /// <summary>Null when as many listen as may.</summary>
    public ChannelReader<byte[]>? Join(out IDisposable leave)
    {
        var channel = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });
        lock (_gate)
        {
            if (_listeners.Count >= ListenersMax)
            {
                leave = new Leaving(this, null);
                return null;
            }
            _listeners.Add(channel);
        }
        leave = new Leaving(this, channel);
        return channel.Reader;
    }

    public async Task<byte[]> CurrentAsync(CancellationToken cancellationToken) =>
        JsonSerializer.SerializeToUtf8Bytes(await reader.ListAsync(cancellationToken), ApiJson.Options);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        byte[] last = [];
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await WaitAsync(stoppingToken);
                if (!HasListeners())
                {
                    continue;
                }
                var next = await CurrentAsync(stoppingToken);
                if (!next.AsSpan().SequenceEqual(last))
                {
                    last = next;
                    Publish(next);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                // The ledger may be out of reach for a while; the next tick tries again.
                LogFailed(error);
            }
        }
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        var change = fleet.NextChange;
        var tick = Task.Delay(_tick, time, cancellationToken);
        if (await Task.WhenAny(change, tick) == change)
        {
            await Task.Delay(_coalesce, time, cancellationToken);
        }
        cancellationToken.ThrowIfCancellationRequested();
    }

    private bool HasListeners()
    {
        lock (_gate)
        {
            return _listeners.Count > 0;
        }
    }

    private void Publish(byte[] list)
    {
        lock (_gate)
        {
            foreach (var listener in _listeners)
            {
                listener.Writer.TryWrite(list);
            }
        }
    }

    [LoggerMessage(5003, LogLevel.Warning, "The list of models could not be made; it is tried again")]
    private partial void LogFailed(Exception error);

    private sealed class Leaving(ModelFeed feed, Channel<byte[]>? channel) : IDisposable
    {
        public void Dispose()
        {
            if (channel is null)
            {
                return;
            }
            lock (feed._gate)
            {
                feed._listeners.Remove(channel);
            }
        }
    }
}
