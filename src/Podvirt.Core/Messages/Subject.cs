namespace Podvirt.Core.Messages;

/// <summary>A named channel of the bus and the one type that travels on it.</summary>
public sealed record Subject<T>(string Name)
    where T : class;

/// <summary>Every subject. Messages are levels (the whole truth of the moment, repeated), so a lost one heals itself.</summary>
public static class Subjects
{
    /// <summary>Scheduler → gateways: where each model is served. On every change, and every two seconds.</summary>
    public static Subject<RouteTable> Routes { get; } = new("podvirt.routes");

    /// <summary>Gateway → scheduler: demand and load. On change (coalesced), and every second.</summary>
    public static Subject<GatewayReport> GatewayReports { get; } = new("podvirt.gateway.report");

    /// <summary>Gateway → scheduler: a replica did not answer as it should. A hint: the scheduler probes for itself.</summary>
    public static Subject<ReplicaTrouble> ReplicaTroubles { get; } = new("podvirt.gateway.trouble");
}
