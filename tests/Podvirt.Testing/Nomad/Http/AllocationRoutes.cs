using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad.Scheduling;
using Podvirt.Testing.Nomad.State;
using Podvirt.Testing.Nomad.Tasks;

namespace Podvirt.Testing.Nomad.Http;

/// <summary>Allocations, evaluations and deployments by id.</summary>
internal sealed class AllocationRoutes(NomadState state, TaskClient client, BlockingQuery query)
{
    public Task<NomadAnswer> ListAsync(NomadRequest request) => query.ListAsync(request, "allocs", s => s.Allocations.Values
        .Where(a => request.Sees(a.Job.Namespace) && a.Id.StartsWith(request.Query("prefix"), StringComparison.Ordinal))
        .OrderByDescending(static a => a.CreateIndex)
        .Select(a => Render.AllocationStub(a, request.Truth("resources"), request.Query("task_states").Length == 0 || request.Truth("task_states"))));

    public Task<NomadAnswer> GetAsync(NomadRequest request, string id) => query.RunAsync(request, s =>
        s.Allocations.TryGetValue(id, out var allocation)
            ? (Render.Allocation(allocation, withJob: true), allocation.ModifyIndex)
            : (null, s.Tables.GetValueOrDefault("allocs")), "alloc not found");

    /// <summary>Stops it; the job then gets another in its place.</summary>
    public NomadAnswer Stop(NomadRequest request, string id)
    {
        request.Writes();
        var answer = new JsonObject();
        state.Write(write =>
        {
            var allocation = state.Allocations.GetValueOrDefault(id) ?? throw new NomadErrorException(404, "allocation not found");
            allocation.Migrate = true;
            write.Allocation(allocation, "AllocationUpdateDesiredStatus");
            answer["EvalID"] = Evaluator.Add(write, allocation.Job, "alloc-stop").Id;
            answer["Index"] = write.Index;
        });
        return new NomadAnswer(answer, (ulong)Json.Number(answer["Index"]));
    }

    public async Task<NomadAnswer> RestartAsync(NomadRequest request, string id)
    {
        request.Writes();
        var run = client.Find(id) ?? throw new NomadErrorException(404, $"Unknown allocation \"{id}\"");
        var body = request.Context.Request.ContentLength is null or 0 ? [] : await request.BodyAsync();
        var name = Json.Text(body["TaskName"]);
        var tasks = run.Tasks.Where(t => name.Length == 0 || t.Name == name).ToArray();
        if (tasks.Length == 0)
        {
            throw new NomadErrorException(500, $"Could not find task \"{name}\"");
        }
        if (tasks.All(static t => t.State.State != "running"))
        {
            throw new NomadErrorException(500, "Task not running");
        }
        foreach (var task in tasks)
        {
            task.Restart();
        }
        return new NomadAnswer(new JsonObject { ["Index"] = state.Index }, state.Index);
    }

    public Task<NomadAnswer> EvaluationsAsync(NomadRequest request) => query.ListAsync(request, "evals", s => s.Evaluations.Values
        .Where(e => request.Sees(e.Job.Namespace)).OrderByDescending(static e => e.CreateIndex).Select(Render.Evaluation));

    public Task<NomadAnswer> EvaluationAsync(NomadRequest request, string id) => query.RunAsync(request, s =>
        s.Evaluations.TryGetValue(id, out var evaluation)
            ? (Render.Evaluation(evaluation), evaluation.ModifyIndex)
            : (null, s.Tables.GetValueOrDefault("evals")), "eval not found");

    public Task<NomadAnswer> OfEvaluationAsync(NomadRequest request, string id) => query.ListAsync(request, "allocs", s => s.Allocations.Values
        .Where(a => a.EvalId == id).Select(static a => Render.AllocationStub(a)));

    public Task<NomadAnswer> DeploymentsAsync(NomadRequest request) => query.ListAsync(request, "deployment", s => s.Deployments.Values
        .Where(d => request.Sees(d.Job.Namespace)).OrderByDescending(static d => d.CreateIndex).Select(Render.Deployment));

    public Task<NomadAnswer> DeploymentAsync(NomadRequest request, string id) => query.RunAsync(request, s =>
        s.Deployments.TryGetValue(id, out var deployment)
            ? (Render.Deployment(deployment), deployment.ModifyIndex)
            : (null, s.Tables.GetValueOrDefault("deployment")), "deployment not found");

    /// <param name="promote">Its canaries take over; else it has failed.</param>
    public NomadAnswer EndDeployment(NomadRequest request, string id, bool promote)
    {
        request.Writes();
        var answer = new JsonObject();
        state.Write(write =>
        {
            var deployment = state.Deployments.GetValueOrDefault(id) ?? throw new NomadErrorException(404, "deployment not found");
            if (!deployment.Active)
            {
                throw new NomadErrorException(500, "can't " + (promote ? "promote" : "fail") + " terminal deployment");
            }
            if (promote)
            {
                Deployments.Promote(write, deployment);
            }
            else
            {
                Deployments.Finish(write, deployment, "failed", "Deployment marked as failed");
            }
            answer["EvalID"] = Evaluator.Add(write, deployment.Job, "deployment-watcher").Id;
            answer["Index"] = write.Index;
        });
        return new NomadAnswer(answer, (ulong)Json.Number(answer["Index"]));
    }
}
