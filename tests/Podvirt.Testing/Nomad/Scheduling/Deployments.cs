using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Scheduling;

/// <summary>Deployments of services: how many of a version are healthy, promotion of canaries, and the deadline for progress.</summary>
internal static class Deployments
{
    /// <summary>The one of the job's present version; null: none.</summary>
    public static DeploymentRecord? Of(NomadWrite write, JobRecord job) => write.State.Deployments.Values.FirstOrDefault(d =>
        d.Job == new JobKey(job.Namespace, job.Id) && d.JobVersion == job.Version && d.JobCreateIndex == job.CreateIndex);

    /// <summary>Begins one for a new version of a service that has anything to place or to replace.</summary>
    public static void Begin(NomadWrite write, JobRecord job, bool first)
    {
        var key = new JobKey(job.Namespace, job.Id);
        foreach (var older in write.State.Deployments.Values.Where(d => d.Job == key && d.Active && d.JobVersion != job.Version).ToArray())
        {
            Finish(write, older, "cancelled", "Cancelled due to newer version of job");
        }
        if (job.Type != "service" || Of(write, job) is not null)
        {
            return;
        }
        var deployment = new DeploymentRecord(key, job.Version) { JobSpecModifyIndex = job.JobModifyIndex, JobCreateIndex = job.CreateIndex };
        foreach (var group in Json.Items(job.Spec["TaskGroups"]).Where(static g => Json.Number(g["Count"], 1) > 0 && Json.Number(g["Update"]?["MaxParallel"]) > 0))
        {
            var name = Json.Text(group["Name"]);
            var running = write.State.Allocations.Values.Where(a => a.Job == key && a.Group == name && a.DesiredStatus == "run" && !a.ClientTerminal).ToArray();
            if (running.Length == Json.Number(group["Count"], 1) && running.All(a => Rollout.Same(a, group)))
            {
                continue;
            }
            var deadline = Json.Duration(group["Update"]?["ProgressDeadline"], TimeSpan.FromMinutes(10));
            deployment.Groups[name] = new DeploymentGroup
            {
                DesiredTotal = (int)Json.Number(group["Count"], 1),
                DesiredCanaries = first || running.Length == 0 ? 0 : (int)Json.Number(group["Update"]?["Canary"]),
                AutoPromote = Json.Truth(group["Update"]?["AutoPromote"]),
                ProgressDeadline = deadline,
                ProgressBy = DateTimeOffset.UtcNow + deadline,
            };
        }
        if (deployment.Groups.Count > 0)
        {
            write.Deployment(deployment);
        }
    }

    public static void Placed(NomadWrite write, JobRecord job, JsonObject group, AllocationRecord allocation)
    {
        if (Of(write, job) is not { Active: true } deployment || !deployment.Groups.TryGetValue(allocation.Group, out var state))
        {
            return;
        }
        allocation.DeploymentId = deployment.Id;
        state.Placed++;
        if (state.DesiredCanaries > 0 && !state.Promoted)
        {
            allocation.Canary = true;
            state.Canaries.Add(allocation.Id);
        }
        write.Deployment(deployment);
    }

    /// <summary>Takes note of what an allocation's health has become; ends or goes on with the deployment.</summary>
    public static void Health(NomadWrite write, AllocationRecord allocation, bool healthy)
    {
        allocation.Healthy = healthy;
        if (!write.State.Deployments.TryGetValue(allocation.DeploymentId, out var deployment) || !deployment.Active)
        {
            return;
        }
        var state = deployment.Groups[allocation.Group];
        if (healthy)
        {
            state.Healthy++;
            state.ProgressBy = DateTimeOffset.UtcNow + state.ProgressDeadline;
        }
        else
        {
            state.Unhealthy++;
        }
        if (state is { AutoPromote: true, Promoted: false, DesiredCanaries: > 0 } && state.Healthy >= state.DesiredCanaries)
        {
            Promote(write, deployment);
        }
        if (deployment.Groups.Values.All(static g => g.Healthy >= g.DesiredTotal && (g.DesiredCanaries == 0 || g.Promoted)))
        {
            Finish(write, deployment, "successful", "Deployment completed successfully");
        }
        else
        {
            write.Deployment(deployment);
        }
        Evaluator.Add(write, allocation.Job, "deployment-watcher");
    }

    public static void Promote(NomadWrite write, DeploymentRecord deployment)
    {
        foreach (var group in deployment.Groups.Values)
        {
            group.Promoted = true;
        }
        foreach (var canary in write.State.Allocations.Values.Where(a => a.DeploymentId == deployment.Id && a.Canary).ToArray())
        {
            canary.Canary = false;
            write.Allocation(canary, "AllocationUpdated");
        }
        write.Deployment(deployment);
    }

    public static void Finish(NomadWrite write, DeploymentRecord deployment, string status, string description)
    {
        deployment.Status = status;
        deployment.StatusDescription = description;
        write.Deployment(deployment);
    }

    /// <summary>A stopped job's deployment is over.</summary>
    public static void Reconcile(NomadWrite write, JobRecord job, Dictionary<string, JsonObject> groups)
    {
        var key = new JobKey(job.Namespace, job.Id);
        foreach (var deployment in write.State.Deployments.Values.Where(d => groups.Count == 0 && d.Job == key && d.Active).ToArray())
        {
            Finish(write, deployment, "cancelled", "Cancelled because job is stopped");
        }
    }
}
