using System.Text.Json.Nodes;

namespace Podvirt.Testing.Nomad.State;

/// <summary>Records as Nomad's JSON. Called under the state's gate.</summary>
internal static class Render
{
    public static JsonObject Job(JobRecord job)
    {
        var json = (JsonObject)job.Spec.DeepClone();
        json["Stop"] = job.Stop;
        json["Status"] = job.Status;
        json["StatusDescription"] = "";
        json["Stable"] = false;
        json["Version"] = job.Version;
        json["SubmitTime"] = job.SubmitTime;
        json["CreateIndex"] = job.CreateIndex;
        json["ModifyIndex"] = job.ModifyIndex;
        json["JobModifyIndex"] = job.JobModifyIndex;
        return json;
    }

    /// <param name="meta">Left out unless asked for.</param>
    public static JsonObject JobStub(JobRecord job, bool meta)
    {
        var json = JobStub(job);
        if (meta)
        {
            json["Meta"] = job.Spec["Meta"]?.DeepClone();
        }
        return json;
    }

    private static JsonObject JobStub(JobRecord job) => new()
    {
        ["ID"] = job.Id,
        ["Name"] = job.Spec["Name"]?.DeepClone(),
        ["Namespace"] = job.Namespace,
        ["Datacenters"] = job.Spec["Datacenters"]?.DeepClone(),
        ["NodePool"] = job.Spec["NodePool"]?.DeepClone(),
        ["Type"] = job.Type,
        ["Priority"] = job.Spec["Priority"]?.DeepClone(),
        ["Stop"] = job.Stop,
        ["Status"] = job.Status,
        ["Version"] = job.Version,
        ["SubmitTime"] = job.SubmitTime,
        ["CreateIndex"] = job.CreateIndex,
        ["ModifyIndex"] = job.ModifyIndex,
        ["JobModifyIndex"] = job.JobModifyIndex,
    };

    public static JsonObject Evaluation(EvaluationRecord evaluation) => new()
    {
        ["ID"] = evaluation.Id,
        ["Priority"] = 50,
        ["Type"] = evaluation.Type,
        ["TriggeredBy"] = evaluation.Trigger,
        ["Namespace"] = evaluation.Job.Namespace,
        ["JobID"] = evaluation.Job.Id,
        ["NodeID"] = evaluation.NodeId,
        ["Status"] = evaluation.Status,
        ["StatusDescription"] = evaluation.StatusDescription,
        ["WaitUntil"] = Json.Time(evaluation.WaitUntil),
        ["NextEval"] = evaluation.NextEval,
        ["PreviousEval"] = evaluation.PreviousEval,
        ["BlockedEval"] = evaluation.BlockedEval,
        ["FailedTGAllocs"] = Json.Map(evaluation.Failed, Metric),
        ["QueuedAllocations"] = Json.Numbers(evaluation.Queued),
        ["CreateIndex"] = evaluation.CreateIndex,
        ["ModifyIndex"] = evaluation.ModifyIndex,
        ["CreateTime"] = evaluation.CreateTime,
        ["ModifyTime"] = evaluation.ModifyTime,
    };

    public static JsonObject Metric(PlacementMetric metric) => new()
    {
        ["NodesEvaluated"] = metric.Evaluated,
        ["NodesFiltered"] = metric.Filtered,
        ["NodesInPool"] = metric.InPool,
        ["NodePool"] = metric.Pool,
        ["NodesAvailable"] = Json.Numbers(metric.Available),
        ["ClassFiltered"] = null,
        ["ConstraintFiltered"] = Json.Numbers(metric.ConstraintFiltered),
        ["NodesExhausted"] = metric.Exhausted,
        ["ClassExhausted"] = null,
        ["DimensionExhausted"] = Json.Numbers(metric.DimensionExhausted),
        ["QuotaExhausted"] = null,
        ["ResourcesExhausted"] = null,
        ["Scores"] = null,
        ["AllocationTime"] = 20_000,
        ["CoalescedFailures"] = metric.Coalesced,
        ["ScoreMetaData"] = null,
    };

    /// <summary>A line of a list: what it was given is left out unless asked for, and its job always.</summary>
    public static JsonObject AllocationStub(AllocationRecord allocation, bool resources = false, bool taskStates = true)
    {
        var json = Allocation(allocation, withJob: false);
        json["JobType"] = Json.Text(allocation.Spec["Type"]);
        json["JobVersion"] = allocation.JobVersion;
        foreach (var whole in (string[])["DeploymentID", "PreviousAllocation", "AllocModifyIndex"])
        {
            json.Remove(whole);
        }
        if (!resources)
        {
            json.Remove("AllocatedResources");
        }
        if (!taskStates)
        {
            json["TaskStates"] = null;
        }
        return json;
    }

    /// <param name="withJob">Read by itself it has the job that it runs; in events it has not.</param>
    public static JsonObject Allocation(AllocationRecord allocation, bool withJob)
    {
        var json = new JsonObject
        {
            ["ID"] = allocation.Id,
            ["EvalID"] = allocation.EvalId,
            ["Name"] = allocation.Name,
            ["Namespace"] = allocation.Job.Namespace,
            ["NodeID"] = allocation.Node.Id,
            ["NodeName"] = allocation.Node.Node.Name,
            ["JobID"] = allocation.Job.Id,
            ["TaskGroup"] = allocation.Group,
            ["AllocatedResources"] = Resources(allocation),
            ["DesiredStatus"] = allocation.DesiredStatus,
            ["DesiredDescription"] = allocation.DesiredDescription,
            ["DesiredTransition"] = new JsonObject { ["Migrate"] = allocation.Migrate ? true : null, ["Reschedule"] = null, ["ForceReschedule"] = null },
            ["ClientStatus"] = allocation.ClientStatus,
            ["ClientDescription"] = allocation.ClientDescription,
            ["TaskStates"] = Json.Map(allocation.Tasks, TaskState),
            ["DeploymentID"] = allocation.DeploymentId,
            ["DeploymentStatus"] = allocation.Healthy is null && !allocation.Canary ? null : new JsonObject
            {
                ["Healthy"] = allocation.Healthy,
                ["Canary"] = allocation.Canary,
                ["Timestamp"] = Json.Time(null),
                ["ModifyIndex"] = allocation.ModifyIndex,
            },
            ["FollowupEvalID"] = allocation.FollowupEval,
            ["PreviousAllocation"] = allocation.Previous,
            ["NextAllocation"] = allocation.Next,
            ["RescheduleTracker"] = null,
            ["PreemptedAllocations"] = null,
            ["PreemptedByAllocation"] = "",
            ["CreateIndex"] = allocation.CreateIndex,
            ["ModifyIndex"] = allocation.ModifyIndex,
            ["AllocModifyIndex"] = allocation.AllocModifyIndex,
            ["CreateTime"] = allocation.CreateTime,
            ["ModifyTime"] = allocation.ModifyTime,
        };
        if (withJob)
        {
            var job = (JsonObject)allocation.Spec.DeepClone();
            job["Version"] = allocation.JobVersion;
            job["CreateIndex"] = allocation.JobThen.CreateIndex;
            job["JobModifyIndex"] = allocation.JobThen.JobModifyIndex;
            json["Job"] = job;
        }
        return json;
    }

    public static JsonObject Deployment(DeploymentRecord deployment) => new()
    {
        ["ID"] = deployment.Id,
        ["Namespace"] = deployment.Job.Namespace,
        ["JobID"] = deployment.Job.Id,
        ["JobVersion"] = deployment.JobVersion,
        ["JobSpecModifyIndex"] = deployment.JobSpecModifyIndex,
        ["JobCreateIndex"] = deployment.JobCreateIndex,
        ["TaskGroups"] = Json.Map(deployment.Groups, static g => new JsonObject
        {
            ["PlacedCanaries"] = Json.List(g.Canaries.Select(static c => (JsonNode?)JsonValue.Create(c))),
            ["AutoRevert"] = false,
            ["AutoPromote"] = g.AutoPromote,
            ["ProgressDeadline"] = Json.Nanoseconds(g.ProgressDeadline),
            ["RequireProgressBy"] = Json.Time(g.ProgressBy),
            ["Promoted"] = g.Promoted,
            ["DesiredCanaries"] = g.DesiredCanaries,
            ["DesiredTotal"] = g.DesiredTotal,
            ["PlacedAllocs"] = g.Placed,
            ["HealthyAllocs"] = g.Healthy,
            ["UnhealthyAllocs"] = g.Unhealthy,
        }),
        ["Status"] = deployment.Status,
        ["StatusDescription"] = deployment.StatusDescription,
        ["CreateIndex"] = deployment.CreateIndex,
        ["ModifyIndex"] = deployment.ModifyIndex,
    };

    public static JsonObject Node(NodeRecord node) => NodeJson.Whole(node);

    private static JsonObject Resources(AllocationRecord allocation)
    {
        var tasks = Json.Items(allocation.GroupSpec?["Tasks"]).ToDictionary(static t => Json.Text(t["Name"]));
        return new JsonObject
        {
            ["Tasks"] = Json.Map(tasks, t => new JsonObject
            {
                ["Cpu"] = new JsonObject { ["CpuShares"] = Json.Number(t["Resources"]?["CPU"]), ["ReservedCores"] = null },
                ["Memory"] = new JsonObject
                {
                    ["MemoryMB"] = Json.Number(t["Resources"]?["MemoryMB"]),
                    ["MemoryMaxMB"] = Json.Number(t["Resources"]?["MemoryMaxMB"]),
                },
                ["Networks"] = null,
                ["Devices"] = Json.List(allocation.Offer.Devices.GetValueOrDefault(Json.Text(t["Name"]), []).Select(static d => new JsonObject
                {
                    ["Vendor"] = d.Vendor,
                    ["Type"] = d.Type,
                    ["Name"] = d.Name,
                    ["DeviceIDs"] = new JsonArray([.. d.Ids.Select(static i => (JsonNode?)JsonValue.Create(i))]),
                })),
            }),
            ["Shared"] = new JsonObject
            {
                ["DiskMB"] = 300,
                ["Networks"] = null,
                ["Ports"] = Json.List(allocation.Offer.Ports.Select(p => new JsonObject
                {
                    ["Label"] = p.Key,
                    ["Value"] = p.Value.Value,
                    ["To"] = p.Value.To,
                    ["HostIP"] = allocation.Node.Node.HostIp,
                })),
            },
        };
    }

    private static JsonObject TaskState(TaskStateRecord task) => new()
    {
        ["State"] = task.State,
        ["Failed"] = task.Failed,
        ["Restarts"] = task.Restarts,
        ["LastRestart"] = task.LastRestart is null ? null : Json.Time(task.LastRestart),
        ["StartedAt"] = task.StartedAt is null ? null : Json.Time(task.StartedAt),
        ["FinishedAt"] = task.FinishedAt is null ? null : Json.Time(task.FinishedAt),
        ["Events"] = Json.List(task.Events.Select(static e => new JsonObject
        {
            ["Type"] = e.Type,
            ["Time"] = e.Time,
            ["Message"] = "",
            ["DisplayMessage"] = e.Message,
            ["Details"] = new JsonObject { ["exit_code"] = $"{e.ExitCode}", ["signal"] = $"{e.Signal}" },
            ["FailsTask"] = e.FailsTask,
            ["ExitCode"] = e.ExitCode,
            ["Signal"] = e.Signal,
        })),
    };
}
