using System.Text.Json.Nodes;

namespace Podvirt.Testing.Nomad.State;

internal abstract class Record
{
    public ulong CreateIndex { get; set; }

    public ulong ModifyIndex { get; set; }
}

internal sealed class JobRecord(string space, string id) : Record
{
    public string Namespace { get; } = space;

    public string Id { get; } = id;

    /// <summary>As registered, with defaults; replaced, never changed.</summary>
    public JsonObject Spec { get; set; } = [];

    public ulong JobModifyIndex { get; set; }

    public long Version { get; set; }

    public bool Stop { get; set; }

    public string Status { get; set; } = "pending";

    public string Type => Spec[nameof(Type)]!.GetValue<string>();

    public bool IsSystem => Type is "system" or "sysbatch";

    public long SubmitTime { get; set; }
}

internal sealed class EvaluationRecord(JobKey job, string trigger, string type) : Record
{
    public string Id { get; } = Guid.NewGuid().ToString();

    public JobKey Job { get; } = job;

    public string Trigger { get; } = trigger;

    public string Type { get; } = type;

    public string Status { get; set; } = "pending";

    public string StatusDescription { get; set; } = "";

    public string BlockedEval { get; set; } = "";

    public string PreviousEval { get; init; } = "";

    public string NextEval { get; set; } = "";

    public string NodeId { get; init; } = "";

    public DateTimeOffset? WaitUntil { get; init; }

    public IReadOnlyDictionary<string, PlacementMetric> Failed { get; set; } = new Dictionary<string, PlacementMetric>();

    public IReadOnlyDictionary<string, int> Queued { get; set; } = new Dictionary<string, int>();

    public long CreateTime { get; } = Clock.Nanoseconds;

    public long ModifyTime { get; set; } = Clock.Nanoseconds;
}

internal readonly record struct JobKey(string Namespace, string Id);

internal sealed class AllocationRecord(JobKey job, string group, int number) : Record
{
    public string Id { get; } = Guid.NewGuid().ToString();

    public JobKey Job { get; } = job;

    public string Group { get; } = group;

    /// <summary>The place that it holds among the group's allocations.</summary>
    public int Number { get; } = number;

    public string Name => $"{Job.Id}.{Group}[{Number}]";

    public required JobRecord JobThen { get; set; }

    /// <summary>The specification that it runs.</summary>
    public required JsonObject Spec { get; set; }

    public required long JobVersion { get; set; }

    public required string EvalId { get; set; }

    public required NodeRecord Node { get; init; }

    public required Offer Offer { get; init; }

    public string DesiredStatus { get; set; } = "run";

    public string DesiredDescription { get; set; } = "";

    public string ClientStatus { get; set; } = "pending";

    public string ClientDescription { get; set; } = "";

    public Dictionary<string, TaskStateRecord> Tasks { get; } = [];

    public string Previous { get; init; } = "";

    public string Next { get; set; } = "";

    public string FollowupEval { get; set; } = "";

    /// <summary>Asked to move: by a drain or by a stop of this one allocation.</summary>
    public bool Migrate { get; set; }

    public int Reschedules { get; init; }

    public string DeploymentId { get; set; } = "";

    public bool Canary { get; set; }

    /// <summary>Null: not known yet.</summary>
    public bool? Healthy { get; set; }

    public ulong AllocModifyIndex { get; set; }

    public long CreateTime { get; } = Clock.Nanoseconds;

    public long ModifyTime { get; set; } = Clock.Nanoseconds;

    /// <summary>Its tasks have ended for good, or nobody will ever say.</summary>
    public bool ClientTerminal => ClientStatus is "complete" or "failed" or "lost";

    public JsonObject? GroupSpec => Json.Items(Spec["TaskGroups"]).FirstOrDefault(g => Json.Text(g[nameof(Name)]) == Group);
}

internal sealed class TaskStateRecord
{
    public string State { get; set; } = "pending";

    public bool Failed { get; set; }

    public int Restarts { get; set; }

    public DateTimeOffset? LastRestart { get; set; }

    public DateTimeOffset? StartedAt { get; set; }

    public DateTimeOffset? FinishedAt { get; set; }

    public List<TaskEventRecord> Events { get; } = [];
}

internal sealed record TaskEventRecord(string Type, string Message, int ExitCode = 0, int Signal = 0, bool FailsTask = false)
{
    public long Time { get; } = Clock.Nanoseconds;
}

internal sealed class NodeRecord(NomadDoubleNode node) : Record
{
    public NomadDoubleNode Node { get; } = node;

    public string Id => Node.Id;

    /// <summary>ready, down or disconnected.</summary>
    public string Status { get; set; } = "ready";

    public bool Eligible { get; set; } = true;

    public bool Draining { get; set; }

    public long StatusUpdatedAt { get; set; } = Clock.Nanoseconds;
}

internal sealed class DeploymentRecord(JobKey job, long version) : Record
{
    public string Id { get; } = Guid.NewGuid().ToString();

    public JobKey Job { get; } = job;

    public long JobVersion { get; } = version;

    public required ulong JobSpecModifyIndex { get; init; }

    public required ulong JobCreateIndex { get; init; }

    public string Status { get; set; } = "running";

    public string StatusDescription { get; set; } = "Deployment is running";

    public Dictionary<string, DeploymentGroup> Groups { get; } = [];

    public bool Active => Status is "running" or "paused" or "pending";
}

internal sealed class DeploymentGroup
{
    public required int DesiredTotal { get; init; }

    public required int DesiredCanaries { get; init; }

    public required bool AutoPromote { get; init; }

    public required TimeSpan ProgressDeadline { get; init; }

    public required DateTimeOffset ProgressBy { get; set; }

    public bool Promoted { get; set; }

    public int Placed { get; set; }

    public int Healthy { get; set; }

    public int Unhealthy { get; set; }

    public List<string> Canaries { get; } = [];
}

/// <summary>What a node gives to an allocation.</summary>
/// <param name="Ports">By label.</param>
/// <param name="Devices">By task.</param>
internal sealed record Offer(
    IReadOnlyDictionary<string, (int Value, int To)> Ports, IReadOnlyDictionary<string, IReadOnlyList<DeviceOffer>> Devices, long Cpu, long MemoryMiB);

internal sealed record DeviceOffer(string Vendor, string Type, string Name, IReadOnlyList<string> Ids);

internal sealed class PlacementMetric
{
    public int Evaluated { get; set; }

    public int Filtered { get; set; }

    public int Exhausted { get; set; }

    public int InPool { get; set; }

    public string Pool { get; set; } = "default";

    public Dictionary<string, int> Available { get; } = [];

    public Dictionary<string, int> ConstraintFiltered { get; } = [];

    public Dictionary<string, int> DimensionExhausted { get; } = [];

    public int Coalesced { get; set; }
}

internal static class Clock
{
    /// <summary>Unix time.</summary>
    public static long Nanoseconds => (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).Ticks * 100;
}
