namespace Podvirt.Core.Messages;

/// <summary>One gateway's demand and load at one moment.</summary>
/// <param name="Gateway">The gateway's id, new at every start.</param>
/// <param name="RoutesEpoch">Epoch of the route table it works by.</param>
/// <param name="RoutesRevision">Revision of it. A replica fenced in this revision gets no new request from this gateway any more.</param>
/// <param name="Models">Models with demand; the others have none.</param>
/// <param name="Replicas">Replicas with requests in flight; the others have none.</param>
public sealed record GatewayReport(
    string Gateway, long RoutesEpoch, long RoutesRevision,
    IReadOnlyList<ModelDemand> Models, IReadOnlyList<ReplicaLoad> Replicas);

/// <param name="Waiting">Parked requests.</param>
/// <param name="OldestMs">How long the oldest of them has waited, in milliseconds.</param>
/// <param name="InFlight">Requests at an engine.</param>
public sealed record ModelDemand(string Model, int Waiting, long OldestMs, int InFlight);

public sealed record ReplicaLoad(string Replica, int InFlight);

/// <summary>What a gateway saw go wrong.</summary>
public enum TroubleKind
{
    /// <summary>No connection.</summary>
    Unreachable,

    /// <summary>The connection broke in the middle of an answer.</summary>
    Died,

    /// <summary>Silent for longer than the model's token time-out.</summary>
    Stalled,

    /// <summary>An answer that is not HTTP, or a 5xx.</summary>
    BadResponse,
}

/// <param name="InARow">
/// Requests of this gateway that the replica failed since the last one that it completed, this one included. Requests that the
/// engine refused for what they asked, and those that their clients gave up, do not count.
/// </param>
public sealed record ReplicaTrouble(string Gateway, string Model, string Replica, TroubleKind Kind, string Detail, int InARow = 1);
