using System.Text.Json.Nodes;

namespace Podvirt.Testing.Nomad.State;

/// <summary>One change, at one index: notes what it touched in the tables and in the event journal.</summary>
internal sealed class NomadWrite(NomadState state, ulong index)
{
    public ulong Index { get; } = index;

    public NomadState State => state;

    public List<AllocationRecord> Allocations { get; } = [];

    public List<EvaluationRecord> Evaluations { get; } = [];

    public List<DeploymentRecord> Deployments { get; } = [];

    /// <summary>Something may fit now that did not before.</summary>
    public bool RoomMade { get; set; }

    public void Job(JobRecord job, string type)
    {
        state.Jobs[new JobKey(job.Namespace, job.Id)] = job;
        Touch(job, "jobs");
        Emit("Job", type, job.Id, job.Namespace, [], Render.Job(job));
    }

    public void RemoveJob(JobRecord job)
    {
        state.Jobs.Remove(new JobKey(job.Namespace, job.Id));
        Touch(job, "jobs");
        Emit("Job", "JobDeregistered", job.Id, job.Namespace, [], Render.Job(job));
    }

    public EvaluationRecord Evaluation(EvaluationRecord evaluation)
    {
        state.Evaluations[evaluation.Id] = evaluation;
        evaluation.ModifyTime = Clock.Nanoseconds;
        Touch(evaluation, "evals");
        Evaluations.Add(evaluation);
        Emit("Evaluation", "EvaluationUpdated", evaluation.Id, evaluation.Job.Namespace, [evaluation.Job.Id], Render.Evaluation(evaluation));
        return evaluation;
    }

    /// <param name="type">PlanResult, AllocationUpdated (by its client) or AllocationUpdateDesiredStatus.</param>
    public void Allocation(AllocationRecord allocation, string type)
    {
        state.Allocations[allocation.Id] = allocation;
        allocation.ModifyTime = Clock.Nanoseconds;
        Touch(allocation, "allocs");
        if (type != "AllocationUpdated")
        {
            allocation.AllocModifyIndex = Index;
        }
        Allocations.Add(allocation);
        Emit("Allocation", type, allocation.Id, allocation.Job.Namespace, [allocation.Job.Id, allocation.DeploymentId], Render.Allocation(allocation, withJob: false));
    }

    public void Node(NodeRecord node, string type)
    {
        RoomMade |= node is { Status: "ready", Eligible: true };
        Touch(node, "nodes");
        node.StatusUpdatedAt = Clock.Nanoseconds;
        Emit("Node", type, node.Id, "", [], Render.Node(node));
    }

    public void Deployment(DeploymentRecord deployment)
    {
        state.Deployments[deployment.Id] = deployment;
        Touch(deployment, "deployment");
        Deployments.Add(deployment);
        Emit("Deployment", "DeploymentStatusUpdate", deployment.Id, deployment.Job.Namespace, [deployment.Job.Id], Render.Deployment(deployment));
    }

    public void Variable(string space, string path, VariableRecord variable)
    {
        state.Variables[(space, path)] = variable;
        Touch(variable, "variables");
    }

    public void RemoveVariable(string space, string path)
    {
        state.Variables.Remove((space, path));
        state.Tables["variables"] = Index;
    }

    private void Touch(Record record, string table)
    {
        record.CreateIndex = record.CreateIndex == 0 ? Index : record.CreateIndex;
        record.ModifyIndex = Index;
        state.Tables[table] = Index;
    }

    private void Emit(string topic, string type, string key, string space, string[] filterKeys, JsonNode payload) =>
        state.Events.Add(new NomadEvent(Index, topic, type, key, space, filterKeys, new JsonObject
        {
            ["Topic"] = topic,
            ["Type"] = type,
            ["Key"] = key,
            ["Namespace"] = space,
            ["FilterKeys"] = Json.List(filterKeys.Where(static k => k.Length > 0).Select(static k => (JsonNode?)JsonValue.Create(k))),
            [nameof(Index)] = Index,
            ["Payload"] = new JsonObject { [topic] = payload },
        }.ToJsonString()));
}
