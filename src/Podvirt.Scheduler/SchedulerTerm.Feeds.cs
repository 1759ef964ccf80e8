using System.Text.Json;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Messaging;
using Podvirt.Scheduler.Lifecycle;

namespace Podvirt.Scheduler;

/// <summary>What the loop hears from outside.</summary>
internal sealed partial class SchedulerTerm
{
    private async Task WatchCatalogAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _store.WatchAsync(Catalog.StateKey, cancellationToken))
        {
            if (change.IsCaughtUp)
            {
                // No catalog yet is an empty one: the routes say so, rather than nothing.
                await _events.Writer.WriteAsync(new CatalogChanged(_lastGood), cancellationToken);
                continue;
            }

            if (change.Key != Catalog.StateKey)
            {
                continue;
            }

            try
            {
                _lastGood = change.Entry?.Read<Catalog>() ?? Catalog.Empty;
            }
            catch (JsonException exception)
            {
                SchedulerLog.CatalogUnreadable(_log, exception);
                continue;
            }

            await _events.Writer.WriteAsync(new CatalogChanged(_lastGood), cancellationToken);
        }
    }

    private Task HearReportsAsync(CancellationToken cancellationToken) =>
        HearAsync(Subjects.GatewayReports, report => new GatewayReported(report), cancellationToken);

    private Task HearTroublesAsync(CancellationToken cancellationToken) =>
        HearAsync(Subjects.ReplicaTroubles, trouble => new TroubleReported(trouble), cancellationToken);

    private async Task HearAsync<T>(Subject<T> subject, Func<T, SchedulerEvent> wrap, CancellationToken cancellationToken)
        where T : class
    {
        await using var subscription = _bus.Subscribe(subject);
        await foreach (var message in subscription.ReadAllAsync(cancellationToken))
        {
            await _events.Writer.WriteAsync(wrap(message), cancellationToken);
        }
    }

    private async Task WatchExitsAsync(CancellationToken cancellationToken)
    {
        await foreach (var exit in _runtime.WatchExitsAsync(cancellationToken))
        {
            await _events.Writer.WriteAsync(new ProcessExited(exit.Replica, exit.Detail), cancellationToken);
        }
    }

    private async Task TickAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_options.TickInterval, _time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            await _events.Writer.WriteAsync(Tick.Instance, cancellationToken);
        }
    }
}
