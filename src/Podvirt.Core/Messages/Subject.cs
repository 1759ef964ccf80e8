namespace Podvirt.Core.Messages;

/// <summary>A named channel of the bus and the one type that travels on it.</summary>
public sealed record Subject<T>(string Name)
    where T : class;

/// <summary>Every subject. What decisions are made of are levels (the whole truth of the moment, repeated), so a lost one heals itself.</summary>
public static class Subjects
{
    /// <summary>Scheduler → gateways: where each model is served. On every change, and every two seconds.</summary>
    public static Subject<RouteTable> Routes { get; } = new("podvirt.routes");

    /// <summary>Scheduler → people: gpus and replicas. On change, and every two seconds.</summary>
    public static Subject<FleetReport> Fleet { get; } = new("podvirt.fleet");

    /// <summary>Scheduler → people: each change of a replica's state. The one subject of events: numbered, so that a gap shows.</summary>
    public static Subject<ReplicaTransition> Transitions { get; } = new("podvirt.transitions");

    /// <summary>Gateway → scheduler: demand and load. On change (coalesced), and every second.</summary>
    public static Subject<GatewayReport> GatewayReports { get; } = new("podvirt.gateway.report");

    /// <summary>Gateway → scheduler: a replica did not answer as it should. A hint: the scheduler probes for itself.</summary>
    public static Subject<ReplicaTrouble> ReplicaTroubles { get; } = new("podvirt.gateway.trouble");

    /// <summary>Any process → the scheduler that leads. A call: who hears nothing within its time was heard by nobody.</summary>
    public static Subject<LogQuery> LogQueries { get; } = new("podvirt.logs.query");

    /// <summary>The scheduler that leads → whoever asked.</summary>
    public static Subject<LogQueryAnswer> LogQueryAnswers { get; } = new("podvirt.logs.answer");

    /// <summary>Node agent → scheduler, people: gpus and memory of one machine. Every second, and at once when asked.</summary>
    public static Subject<NodeReport> NodeReports { get; } = new("podvirt.node.report");

    /// <summary>Scheduler → node agents: measure now. Asked again by who gets no answer.</summary>
    public static Subject<NodeQuestion> NodeQuestions { get; } = new("podvirt.node.question");
}
