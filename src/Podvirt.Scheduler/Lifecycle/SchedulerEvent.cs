using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Scheduler.Runtimes;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>Everything that the loop hears.</summary>
internal abstract record SchedulerEvent;

internal sealed record CatalogChanged(Catalog Catalog) : SchedulerEvent;

internal sealed record GatewayReported(GatewayReport Report) : SchedulerEvent;

/// <param name="Gateways">The ids of those that have a membership lease.</param>
internal sealed record GatewaysListed(IReadOnlySet<string> Gateways) : SchedulerEvent;

internal sealed record TroubleReported(ReplicaTrouble Trouble) : SchedulerEvent;

/// <summary>Gpus have come, or come back, or gone away.</summary>
/// <param name="HostBytes">Host memory that sleepers may hold on each node; a node that is not named has no limit.</param>
internal sealed record FleetChanged(Fleet Fleet, IReadOnlyDictionary<string, long> HostBytes) : SchedulerEvent;

/// <param name="Answer">Completed by the loop, which decides at once.</param>
internal sealed record OperatorAsked(FleetAction Action, string Target, TaskCompletionSource<FleetAnswer> Answer) : SchedulerEvent;

/// <summary>Time passed. Everything that depends on time is looked at.</summary>
internal sealed record Tick : SchedulerEvent
{
    public static Tick Instance { get; } = new();
}

/// <summary>The process of an earlier run's replica is there, and the catalog wants it. Heard before anything is decided.</summary>
/// <param name="UnderWay">What that run had begun with it and not brought to its end.</param>
internal sealed record EngineFound(EngineTarget Target, IntentEffect? UnderWay) : SchedulerEvent;

/// <summary>An effect's result; ignored unless the replica is still in the state that asked for it.</summary>
internal abstract record ReplicaEvent(string Replica, int Attempt) : SchedulerEvent;

/// <param name="Gpus">Device ids, where it runs on others than it was placed on; null: it does not.</param>
internal sealed record Launched(string Replica, int Attempt, string Address, string ApiKey, IReadOnlyList<string>? Gpus = null)
    : ReplicaEvent(Replica, Attempt);

internal sealed record PhaseSeen(string Replica, int Attempt, string Phase) : ReplicaEvent(Replica, Attempt);

internal sealed record EngineReady(string Replica, int Attempt) : ReplicaEvent(Replica, Attempt);

internal sealed record CanaryPassed(string Replica, int Attempt) : ReplicaEvent(Replica, Attempt);

/// <summary>An engine of an earlier run serves, or sleeps.</summary>
/// <param name="ResidueBytes">What a sleeper holds on each gpu.</param>
/// <param name="HostBytes">What sleep has added to its host memory; null: not measured.</param>
internal sealed record LookedAt(string Replica, int Attempt, bool IsAsleep, long ResidueBytes, long? HostBytes) : ReplicaEvent(Replica, Attempt);

/// <param name="ResidueBytes">What was measured to stay on each gpu.</param>
/// <param name="Host">Null where it cannot be measured.</param>
internal sealed record FellAsleep(string Replica, int Attempt, long ResidueBytes, HostMeasure? Host = null) : ReplicaEvent(Replica, Attempt);

/// <summary>Host memory of a replica's processes, in bytes.</summary>
/// <param name="Base">What they held before their first sleep.</param>
/// <param name="Added">What they hold beyond that.</param>
internal sealed record HostMeasure(long Base, long Added);

/// <summary>It was to sleep, and has work that no gateway knows of; nothing was sent.</summary>
/// <param name="Jobs">Unfinished ones.</param>
internal sealed record StillBusy(string Replica, int Attempt, int Jobs) : ReplicaEvent(Replica, Attempt);

internal sealed record Woke(string Replica, int Attempt) : ReplicaEvent(Replica, Attempt);

internal sealed record StepFailed(string Replica, int Attempt, string Reason) : ReplicaEvent(Replica, Attempt);

internal sealed record Stopped(string Replica, int Attempt) : ReplicaEvent(Replica, Attempt);

/// <summary>What became of a question for an engine's health.</summary>
internal enum ProbeResult
{
    Healthy,

    /// <summary>No answer, or no connection, in time. A busy engine on a busy machine does that too.</summary>
    Silent,

    /// <summary>A connection that was refused or broke, or an answer that says that it is not well.</summary>
    Unhealthy,
}

/// <param name="WasTrouble">Asked for by a gateway's trouble: one failure is enough, unless it is silence.</param>
/// <param name="Jobs">Unfinished video jobs, activity that no gateway reports; null: they could not be counted.</param>
/// <param name="HostBytes">What sleep added to its host memory and is there still; null: not asked for, or not measured.</param>
/// <param name="IsAsleep">Its own word, or its memory's; null: not asked for, or not known.</param>
internal sealed record Probed(
    string Replica, int Attempt, ProbeResult Result, bool WasTrouble, string Detail, int? Jobs = 0, long? HostBytes = null,
    bool? IsAsleep = null)
    : ReplicaEvent(Replica, Attempt);

/// <summary>The process ended. Holds for the replica whatever its attempt: a replica has one process.</summary>
internal sealed record ProcessExited(string Replica, string Detail) : SchedulerEvent;

internal sealed record ExternalProbed(string Model, int Revision, bool Healthy, string Detail) : SchedulerEvent;
