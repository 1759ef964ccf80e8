using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Scheduling;

/// <summary>Compares what a job wants with its allocations, and writes the difference: stops, and new allocations where they fit.</summary>
internal sealed class Reconciler(NomadWrite write, EvaluationRecord evaluation)
{
    private const string NotNeeded = "alloc not needed due to job update";

    private readonly HashSet<AllocationRecord> _leaving = [];
    private readonly Dictionary<string, PlacementMetric> _failed = [];
    private readonly Dictionary<string, int> _queued = [];

    public (IReadOnlyDictionary<string, PlacementMetric> Failed, IReadOnlyDictionary<string, int> Queued) Run()
    {
        var job = write.State.Jobs.GetValueOrDefault(evaluation.Job);
        var all = write.State.Allocations.Values.Where(a => a.Job == evaluation.Job && a.DesiredStatus == "run").OrderBy(static a => a.CreateIndex).ToArray();
        var groups = job is null or { Stop: true } ? [] : Json.Items(job.Spec["TaskGroups"]).ToDictionary(static g => Json.Text(g["Name"]));
        foreach (var orphan in all.Where(a => !groups.ContainsKey(a.Group)))
        {
            Stop(orphan, NotNeeded);
        }
        foreach (var (name, group) in groups)
        {
            _queued[name] = 0;
            var own = all.Where(a => a.Group == name).ToArray();
            if (job!.IsSystem)
            {
                System(job, group, own);
            }
            else
            {
                Service(job, group, own);
            }
        }
        if (job is not null)
        {
            Deployments.Reconcile(write, job, groups);
        }
        return (_failed, _queued);
    }

    private void Service(JobRecord job, JsonObject group, AllocationRecord[] own)
    {
        var keep = new List<AllocationRecord>();
        var replace = new Queue<AllocationRecord>();
        foreach (var allocation in own)
        {
            switch (Fates.Of(write, evaluation, group, allocation))
            {
                case Fate.Keep:
                    keep.Add(allocation);
                    break;
                case Fate.Replace:
                    replace.Enqueue(allocation);
                    break;
                case Fate.KeepAndReplace:
                    replace.Enqueue(allocation);
                    continue;
                default:
                    Stop(allocation, NotNeeded);
                    break;
            }
        }
        foreach (var allocation in replace.Where(static a => a.Node.Status != "disconnected"))
        {
            Stop(allocation, Fates.Description(allocation));
        }
        var wanted = (int)Json.Number(group["Count"], 1);
        foreach (var surplus in keep.Where(static a => !a.Canary).OrderBy(static a => a.ClientTerminal).ThenBy(static a => a.Number).Skip(wanted).ToArray())
        {
            Stop(surplus, NotNeeded);
            keep.Remove(surplus);
        }
        var rollout = new Rollout(write, job, group, keep);
        foreach (var outdated in rollout.Outdated())
        {
            Stop(outdated, "alloc is being updated due to job update");
            keep.Remove(outdated);
            replace.Enqueue(outdated);
        }
        Place(job, group, rollout.Missing(wanted, keep), keep, replace);
    }

    private void Place(JobRecord job, JsonObject group, int missing, List<AllocationRecord> keep, Queue<AllocationRecord> replace)
    {
        for (var i = 0; i < missing; i++)
        {
            var placement = new Placement(write.State, job.Spec, group, _leaving);
            if (placement.Choose() is not { } chosen)
            {
                Fail(group, placement.Metric, missing - i);
                return;
            }
            replace.TryDequeue(out var previous);
            var number = previous?.Number ?? Enumerable.Range(0, int.MaxValue).First(n => keep.All(k => k.Number != n));
            keep.Add(Add(job, group, number, chosen, previous));
        }
    }

    /// <summary>One on every node that fits. A node that is filtered does not count as a failure, one that is full does.</summary>
    private void System(JobRecord job, JsonObject group, AllocationRecord[] own)
    {
        var kept = new HashSet<NodeRecord>();
        foreach (var allocation in own)
        {
            var fate = Fates.Of(write, evaluation, group, allocation);
            if (fate == Fate.Keep && allocation.JobVersion == job.Version)
            {
                kept.Add(allocation.Node);
            }
            else if (fate == Fate.Keep && Rollout.Same(allocation, group))
            {
                Rollout.Adopt(write, job, allocation);
                kept.Add(allocation.Node);
            }
            else
            {
                Stop(allocation, fate == Fate.Keep ? "alloc is being updated due to job update" : Fates.Description(allocation));
            }
        }
        foreach (var node in new Placement(write.State, job.Spec, group, _leaving).Candidates().Where(n => !kept.Contains(n)).ToArray())
        {
            var placement = new Placement(write.State, job.Spec, group, _leaving);
            if (placement.Choose(node) is { } chosen)
            {
                Add(job, group, 0, chosen, null);
            }
            else if (placement.Metric.Exhausted > 0)
            {
                Fail(group, placement.Metric, 1);
            }
        }
    }

    private void Fail(JsonObject group, PlacementMetric metric, int count)
    {
        var name = Json.Text(group["Name"]);
        metric.Coalesced = count - 1;
        _failed.TryAdd(name, metric);
        _queued[name] = _queued.GetValueOrDefault(name) + count;
    }

    private AllocationRecord Add(JobRecord job, JsonObject group, int number, (NodeRecord Node, Offer Offer) chosen, AllocationRecord? previous)
    {
        var allocation = new AllocationRecord(evaluation.Job, Json.Text(group["Name"]), number)
        {
            JobThen = job,
            Spec = job.Spec,
            JobVersion = job.Version,
            EvalId = evaluation.Id,
            Node = chosen.Node,
            Offer = chosen.Offer,
            Previous = previous?.Id ?? "",
            Reschedules = previous is { ClientStatus: "failed" } ? previous.Reschedules + 1 : 0,
        };
        if (previous is not null)
        {
            previous.Next = allocation.Id;
            write.Allocation(previous, "PlanResult");
        }
        Deployments.Placed(write, job, group, allocation);
        write.Allocation(allocation, "PlanResult");
        return allocation;
    }

    private void Stop(AllocationRecord allocation, string description)
    {
        _leaving.Add(allocation);
        allocation.DesiredStatus = "stop";
        allocation.DesiredDescription = description;
        if (allocation.Node.Status is "down" && !allocation.ClientTerminal)
        {
            allocation.ClientStatus = "lost";
            write.RoomMade = true;
        }
        write.Allocation(allocation, "PlanResult");
    }
}
