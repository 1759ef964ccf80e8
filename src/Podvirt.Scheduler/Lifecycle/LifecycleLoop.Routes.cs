using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>What gateways are told.</summary>
internal sealed partial class LifecycleLoop
{
    private void PublishRoutes()
    {
        if (KeepsEarlierRoutes())
        {
            return;
        }

        var models = _catalog!.Models
            .Select(spec => _models[spec.Id])
            .Select(entry => RouteBuilder.Build(entry, ReplicasOf(entry), _settings.Environment, _time.GetUtcNow()))
            .ToList();
        var changed = _routes.Epoch != _settings.Epoch || !RouteBuilder.AreSame(_routes.Models, models);
        if (!changed && !HasUnpublishedFence() && _now - _publishedAt < _options.PublishInterval)
        {
            return;
        }

        if (changed || HasUnpublishedFence())
        {
            _routes = new RouteTable(_settings.Epoch, _routes.Revision + 1, models);
        }

        foreach (var replica in _replicas.Values)
        {
            if (replica.State == ReplicaState.Draining && replica.FenceRevision == 0)
            {
                replica.FenceRevision = _routes.Revision;
            }
        }

        _publishedAt = _now;
        _metrics.Count(_replicas.Values);
        _effects.Publish(_routes);
    }

    /// <summary>
    /// Gateways go on by the routes of the leader before this one until it is known which of its replicas serve; only so long as a
    /// lost message may last too.
    /// </summary>
    private bool KeepsEarlierRoutes() =>
        _options.ElectsLeader && _now < _options.PublishInterval && _replicas.Values.Any(replica => replica.IsFound);

    /// <summary>A fence that was taken back and set again within one event looks unchanged, yet must be confirmed anew.</summary>
    private bool HasUnpublishedFence() =>
        _replicas.Values.Any(replica => replica is { State: ReplicaState.Draining, FenceRevision: 0 });
}
