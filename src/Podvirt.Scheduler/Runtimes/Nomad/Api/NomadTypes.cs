using System.Text.Json.Nodes;

namespace Podvirt.Scheduler.Runtimes.Nomad.Api;

// What Podvirt reads of Nomad's answers, as Nomad spells it. Lists and maps are null where they are empty; times are nanoseconds.

internal sealed record JobStub(string ID, string Status, Dictionary<string, string>? Meta = null);

internal sealed record JobRegisterRequest(JsonObject Job, bool EnforceIndex, ulong JobModifyIndex);

internal sealed record JobRegisterAnswer(string EvalID = "", ulong JobModifyIndex = 0, string? Warnings = null);

internal sealed record JobParseRequest(string JobHCL, bool Canonicalize, string Variables);

internal sealed record Variable(string Path, string? Namespace = null, Dictionary<string, string>? Items = null);

internal sealed record Evaluation(
    string ID, string Status, string? StatusDescription = null, string? BlockedEval = null, string? NextEval = null,
    Dictionary<string, PlacementMetric>? FailedTGAllocs = null);

/// <summary>Why a group was not placed.</summary>
internal sealed record PlacementMetric(
    int NodesEvaluated = 0, int NodesFiltered = 0, int NodesExhausted = 0, Dictionary<string, int>? ConstraintFiltered = null,
    Dictionary<string, int>? DimensionExhausted = null, Dictionary<string, int>? ClassFiltered = null);

internal sealed record Allocation(
    string ID, string JobID, string NodeID, string? NodeName = null, string DesiredStatus = "", string? DesiredDescription = null,
    string ClientStatus = "", string? ClientDescription = null, ulong CreateIndex = 0, ulong ModifyIndex = 0,
    AllocatedResources? AllocatedResources = null, Dictionary<string, TaskState>? TaskStates = null,
    DesiredTransition? DesiredTransition = null)
{
    /// <summary>It will never run again.</summary>
    public bool IsOver => ClientStatus is "complete" or "failed" or "lost";

    public bool IsStopping => DesiredStatus is "stop" or "evict";
}

internal sealed record DesiredTransition(bool? Migrate = null, bool? Reschedule = null);

internal sealed record AllocatedResources(Dictionary<string, AllocatedTask>? Tasks = null, AllocatedShared? Shared = null);

internal sealed record AllocatedTask(List<AllocatedDevice>? Devices = null);

internal sealed record AllocatedDevice(string Vendor, string Type, string Name, List<string>? DeviceIDs = null);

internal sealed record AllocatedShared(List<AllocatedPort>? Ports = null, List<AllocatedNetwork>? Networks = null);

internal sealed record AllocatedPort(string Label, int Value, int To = 0, string HostIP = "");

internal sealed record AllocatedNetwork(string? IP = null, List<AllocatedPort>? DynamicPorts = null);

internal sealed record TaskState(string State = "", bool Failed = false, int Restarts = 0, List<TaskEvent>? Events = null);

internal sealed record TaskEvent(string Type = "", long Time = 0, string? DisplayMessage = null);

internal sealed record NodeStub(
    string ID, string Name, string Status = "", string SchedulingEligibility = "", bool Drain = false, string? NodePool = null,
    string? Datacenter = null);

internal sealed record Node(
    string ID, string Name, string Status = "", string SchedulingEligibility = "", bool Drain = false, string? NodePool = null,
    NodeResources? NodeResources = null);

internal sealed record NodeResources(List<NodeDevice>? Devices = null, NodeMemory? Memory = null);

internal sealed record NodeMemory(long MemoryMB = 0);

internal sealed record NodeDevice(
    string Vendor, string Type, string Name, Dictionary<string, DeviceAttribute>? Attributes = null, List<DeviceInstance>? Instances = null);

internal sealed record DeviceInstance(string ID, bool Healthy = false);

internal sealed record DeviceAttribute(long? Int = null, double? Float = null, string? String = null, string? Unit = null);

/// <summary>One line of the event stream; a heartbeat has nothing in it.</summary>
internal sealed record EventLine(ulong Index = 0, List<StreamEvent>? Events = null);

internal sealed record StreamEvent(string Topic = "", string Type = "", string Key = "", string? Namespace = null, ulong Index = 0, EventPayload? Payload = null);

internal sealed record EventPayload(Allocation? Allocation = null, NodeStub? Node = null);
