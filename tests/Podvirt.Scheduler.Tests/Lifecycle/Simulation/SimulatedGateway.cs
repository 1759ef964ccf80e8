using Podvirt.Core.Messages;

namespace Podvirt.Scheduler.Tests.Lifecycle.Simulation;

/// <summary>A gateway that works by whatever table it has, and may fall silent.</summary>
internal sealed class SimulatedGateway(string id)
{
    public string Id => id;

    public RouteTable Routes { get; set; } = RouteTable.Empty;

    public Dictionary<string, Queue<TimeSpan>> Parked { get; } = [];

    /// <summary>Requests at an engine: replica, model.</summary>
    public List<(string Replica, string Model)> InFlight { get; } = [];

    public TimeSpan LastHeard { get; set; }

    /// <summary>Cut off from the bus until then: it hears no routes, says nothing, and asks an engine itself before it sends.</summary>
    public TimeSpan SilentUntil { get; set; }

    public bool HasParked => Parked.Values.Any(parked => parked.Count > 0);

    public GatewayReport Report(TimeSpan now) => new(
        id, Routes.Epoch, Routes.Revision,
        [
            .. Parked.Where(parked => parked.Value.Count > 0).Select(parked => parked.Key).Union(InFlight.Select(request => request.Model))
                .Select(model => new ModelDemand(
                    model, Parked.TryGetValue(model, out var parked) ? parked.Count : 0,
                    parked is { Count: > 0 } ? (long)(now - parked.Peek()).TotalMilliseconds : 0,
                    InFlight.Count(request => request.Model == model))),
        ],
        [.. InFlight.GroupBy(request => request.Replica).Select(group => new ReplicaLoad(group.Key, group.Count()))]);
}
