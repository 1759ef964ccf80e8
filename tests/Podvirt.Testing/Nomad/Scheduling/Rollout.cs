using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Scheduling;

/// <summary>How allocations of an older version of a job give way: in place where nothing of theirs changed, else a few at a time.</summary>
internal sealed class Rollout(NomadWrite write, JobRecord job, JsonObject group, List<AllocationRecord> keep)
{
    /// <summary>Parts of a group that change nothing for what runs.</summary>
    private static readonly string[] s_inPlace = ["Count", "Update", "Migrate", "ReschedulePolicy", "Disconnect", "Scaling", "Spreads", "Affinities", "Services", "Meta"];

    private readonly string _name = Json.Text(group["Name"]);

    /// <summary>The group is what the allocation already runs.</summary>
    public static bool Same(AllocationRecord allocation, JsonObject group) =>
        allocation.GroupSpec is { } then && JsonNode.DeepEquals(Essence(then), Essence(group));

    /// <summary>An allocation goes on under a newer version of its job.</summary>
    public static void Adopt(NomadWrite write, JobRecord job, AllocationRecord allocation)
    {
        allocation.Spec = job.Spec;
        allocation.JobVersion = job.Version;
        allocation.JobThen = job;
        write.Allocation(allocation, "PlanResult");
    }

    /// <summary>Those that stop now, to be replaced.</summary>
    public IReadOnlyList<AllocationRecord> Outdated()
    {
        var outdated = new List<AllocationRecord>();
        foreach (var allocation in keep.Where(a => a.JobVersion != job.Version))
        {
            if (Same(allocation, group) && !allocation.ClientTerminal)
            {
                Adopt(write, job, allocation);
            }
            else
            {
                outdated.Add(allocation);
            }
        }
        if (Deployments.Of(write, job) is { } deployment && deployment.Groups.TryGetValue(_name, out var state) && state.DesiredCanaries > 0 && !state.Promoted)
        {
            return [];
        }
        var parallel = (int)Json.Number(group["Update"]?["MaxParallel"]);
        if (job.Type != "service" || parallel == 0)
        {
            return outdated;
        }
        var unsettled = keep.Count(a => a.JobVersion == job.Version && a.Healthy != true && a.DeploymentId.Length > 0);
        return [.. outdated.Take(Math.Max(0, parallel - unsettled))];
    }

    /// <summary>How many are to be placed, canaries included.</summary>
    public int Missing(int wanted, List<AllocationRecord> kept)
    {
        if (Deployments.Of(write, job) is { } deployment && deployment.Groups.TryGetValue(_name, out var state) && state.DesiredCanaries > 0 && !state.Promoted)
        {
            var canaries = kept.Count(a => a.Canary && a.JobVersion == job.Version);
            return Math.Max(0, state.DesiredCanaries - canaries);
        }
        return Math.Max(0, wanted - kept.Count);
    }

    private static JsonObject Essence(JsonObject group) =>
        new(group.Where(static e => !s_inPlace.Contains(e.Key)).Select(static e => KeyValuePair.Create(e.Key, e.Value?.DeepClone())));
}
