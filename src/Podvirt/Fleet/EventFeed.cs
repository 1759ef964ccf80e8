using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Api;

namespace Podvirt.Fleet;

/// <summary>
/// Makes the lists of models, replicas and gpus once for all who listen: on change (coalesced) and every second, and hands
/// out those that differ from the ones before. Transitions are passed on as they come. A listener that is slow misses lists in
/// between, never the last, and is told how many transitions it missed.
/// </summary>
internal sealed partial class EventFeed(FleetView fleet, FleetReader reader, TransitionLog transitions, TimeProvider time, ILogger<EventFeed> logger)
    : BackgroundService
{
    /// <summary>Open pages of a console are few; a leak is many.</summary>
    public const int ListenersMax = 64;

    public const string Models = "models";
    public const string Fleet = "fleet";
    public const string Transition = "transition";

    /// <summary>Changes within this time travel together.</summary>
    private static readonly TimeSpan _coalesce = TimeSpan.FromMilliseconds(100);

    /// <summary>Totals and warm-up times move without a message.</summary>
    private static readonly TimeSpan _tick = TimeSpan.FromSeconds(1);

    private readonly HashSet<EventMailbox> _listeners = [];
    private readonly Lock _gate = new();

    /// <summary>Null when as many listen as may.</summary>
    public EventMailbox? Join(bool isAdmin, out IDisposable leave)
    {
        var mailbox = new EventMailbox(isAdmin);
        lock (_gate)
        {
            if (_listeners.Count >= ListenersMax)
            {
                leave = new Leaving(this, null);
                return null;
            }
            _listeners.Add(mailbox);
        }
        leave = new Leaving(this, mailbox);
        return mailbox;
    }

    /// <summary>The lists as they are now.</summary>
    public async Task<IReadOnlyList<FeedEvent>> CurrentAsync(bool isAdmin, CancellationToken cancellationToken)
    {
        var (models, lists) = (await reader.ListAsync(cancellationToken), fleet.Lists());
        return
        [
            new(Models, JsonSerializer.SerializeToUtf8Bytes(isAdmin ? models : MemberViews.Of(models), ApiJson.Options)),
            new(Fleet, JsonSerializer.SerializeToUtf8Bytes(isAdmin ? lists : MemberViews.Of(lists), ApiJson.Options)),
        ];
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        transitions.TellTo(Pass);
        var last = new Dictionary<(bool IsAdmin, string Name), byte[]>();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await WaitAsync(stoppingToken);
                foreach (var listeners in Listeners().GroupBy(listener => listener.IsAdmin))
                {
                    foreach (var (name, data) in await CurrentAsync(listeners.Key, stoppingToken))
                    {
                        if (!last.TryGetValue((listeners.Key, name), out var before) || !data.AsSpan().SequenceEqual(before))
                        {
                            last[(listeners.Key, name)] = data;
                            Array.ForEach([.. listeners], listener => listener.Set(name, data));
                        }
                    }
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

    private void Pass(LoggedTransition logged)
    {
        foreach (var listeners in Listeners().GroupBy(listener => listener.IsAdmin))
        {
            var view = FleetViews.Of(logged);
            var data = JsonSerializer.SerializeToUtf8Bytes(listeners.Key ? view : MemberViews.Of(view), ApiJson.Options);
            Array.ForEach([.. listeners], listener => listener.Add(new FeedEvent(Transition, data)));
        }
    }

    private List<EventMailbox> Listeners()
    {
        lock (_gate)
        {
            return [.. _listeners];
        }
    }

    [LoggerMessage(5003, LogLevel.Warning, "The lists for those who listen could not be made; it is tried again")]
    private partial void LogFailed(Exception error);

    private sealed class Leaving(EventFeed feed, EventMailbox? mailbox) : IDisposable
    {
        public void Dispose()
        {
            if (mailbox is null)
            {
                return;
            }
            lock (feed._gate)
            {
                feed._listeners.Remove(mailbox);
            }
        }
    }
}
