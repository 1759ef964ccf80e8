using System.Text.Json.Nodes;
using Podvirt.Testing.Nomad.Hcl;
using Podvirt.Testing.Nomad.Scheduling;
using Podvirt.Testing.Nomad.State;

namespace Podvirt.Testing.Nomad.Http;

/// <summary><c>/v1/jobs</c> and <c>/v1/job/:id</c>.</summary>
internal sealed class JobRoutes(NomadState state, NomadDoubleOptions options, BlockingQuery query)
{
    private const string NotFound = "job not found";

    public Task<NomadAnswer> ListAsync(NomadRequest request) => query.ListAsync(request, "jobs", s => s.Jobs.Values
        .Where(j => request.Sees(j.Namespace) && j.Id.StartsWith(request.Query("prefix"), StringComparison.Ordinal))
        .OrderBy(static j => j.Id, StringComparer.Ordinal).Select(j => Render.JobStub(j, request.Truth("meta"))));

    public Task<NomadAnswer> GetAsync(NomadRequest request, string id) => query.RunAsync(request, s =>
        s.Jobs.TryGetValue(new JobKey(request.Namespace, id), out var job)
            ? (Render.Job(job), job.ModifyIndex)
            : (null, s.Tables.GetValueOrDefault("jobs")), NotFound);

    /// <summary>Without <c>all=true</c> only what belongs to the job of this name that exists now, not to one purged before.</summary>
    public Task<NomadAnswer> AllocationsAsync(NomadRequest request, string id) => query.ListAsync(request, "allocs", s =>
    {
        var job = s.Jobs.GetValueOrDefault(new JobKey(request.Namespace, id));
        return s.Allocations.Values.Where(a => a.Job == new JobKey(request.Namespace, id)
                && (request.Truth("all") || job is null || a.JobThen.CreateIndex == job.CreateIndex))
            .OrderBy(static a => a.CreateIndex).Select(static a => Render.AllocationStub(a));
    });

    public Task<NomadAnswer> EvaluationsAsync(NomadRequest request, string id) => query.ListAsync(request, "evals", s => s.Evaluations.Values
        .Where(e => e.Job == new JobKey(request.Namespace, id)).OrderByDescending(static e => e.CreateIndex).Select(Render.Evaluation));

    public Task<NomadAnswer> DeploymentsAsync(NomadRequest request, string id) => query.ListAsync(request, "deployment", s => s.Deployments.Values
        .Where(d => d.Job == new JobKey(request.Namespace, id)).OrderByDescending(static d => d.CreateIndex).Select(Render.Deployment));

    public async Task<NomadAnswer> ParseAsync(NomadRequest request)
    {
        request.Writes();
        var body = await request.BodyAsync();
        if (Json.Text(body["JobHCL"]).Length == 0)
        {
            throw new NomadErrorException(400, "Job spec is empty");
        }
        try
        {
            var job = JobFile.Parse(Json.Text(body["JobHCL"]), Json.Text(body["Variables"]));
            if (Json.Truth(body["Canonicalize"]))
            {
                JobDefaults.Apply(job, Json.Text(job["Namespace"]) is { Length: > 0 } own ? own : "default");
            }
            return new NomadAnswer(job, state.Index);
        }
        catch (HclException e)
        {
            throw new NomadErrorException(400, $"Failed to parse job: {e.Message}");
        }
    }

    public async Task<NomadAnswer> RegisterAsync(NomadRequest request, string? id)
    {
        request.Writes();
        var body = await request.BodyAsync();
        var (spec, key) = Prepare(request, body, id);
        if (JobDefaults.Fault(spec) is { } fault)
        {
            throw new NomadErrorException(500, fault);
        }
        var answer = new JsonObject();
        state.Write(write =>
        {
            var existing = state.Jobs.GetValueOrDefault(key);
            if (Json.Truth(body["EnforceIndex"]))
            {
                Enforce((ulong)Json.Number(body["JobModifyIndex"]), existing);
            }
            if (Json.Truth(body["PreserveCounts"]) && existing is { Stop: false })
            {
                KeepCounts(spec, existing.Spec);
            }
            if (existing is null || existing.Stop || !JsonNode.DeepEquals(existing.Spec, spec))
            {
                Upsert(write, key, spec, existing);
            }
            Answer(write, answer, key, "job-register");
        });
        return new NomadAnswer(answer, (ulong)Json.Number(answer["EvalCreateIndex"]));
    }

    /// <summary>An unknown job is no error: an empty evaluation id.</summary>
    public NomadAnswer Delete(NomadRequest request, string id)
    {
        var key = new JobKey(request.Namespace, id);
        var answer = new JsonObject();
        state.Write(write =>
        {
            if (!state.Jobs.TryGetValue(key, out var job))
            {
                answer["EvalID"] = "";
                answer["EvalCreateIndex"] = 0;
                answer["JobModifyIndex"] = write.Index;
                return;
            }
            job.Stop = true;
            job.Version++;
            job.JobModifyIndex = write.Index;
            if (request.Truth("purge"))
            {
                write.RemoveJob(job);
            }
            else
            {
                write.Job(job, "JobDeregistered");
            }
            Answer(write, answer, key, "job-deregister");
            answer["JobModifyIndex"] = write.Index;
        });
        return new NomadAnswer(answer, state.Read(static s => s.Index));
    }

    public async Task<NomadAnswer> ScaleAsync(NomadRequest request, string id)
    {
        request.Writes();
        var body = await request.BodyAsync();
        var key = new JobKey(request.Namespace, id);
        var answer = new JsonObject();
        state.Write(write =>
        {
            var job = state.Jobs.GetValueOrDefault(key) ?? throw new NomadErrorException(404, $"job \"{id}\" not found");
            var name = Json.Text(body["Target"]?["Group"]);
            var spec = (JsonObject)job.Spec.DeepClone();
            var group = Json.Items(spec["TaskGroups"]).FirstOrDefault(g => Json.Text(g["Name"]) == name)
                ?? throw new NomadErrorException(400, $"task group \"{name}\" specified for scaling does not exist in job");
            if (body["Count"] is not null)
            {
                if (state.Deployments.Values.Any(d => d.Job == key && d.Active))
                {
                    throw new NomadErrorException(400, "job scaling blocked due to active deployment");
                }
                group["Count"] = Json.Number(body["Count"]);
                Upsert(write, key, spec, job);
            }
            Answer(write, answer, key, "job-scaling");
        });
        return new NomadAnswer(answer, (ulong)Json.Number(answer["EvalCreateIndex"]));
    }

    /// <summary>A dry run: nothing is written.</summary>
    public async Task<NomadAnswer> PlanAsync(NomadRequest request, string id)
    {
        request.Writes();
        var (spec, key) = Prepare(request, await request.BodyAsync(), id);
        return state.Read(s =>
        {
            var failed = new Dictionary<string, PlacementMetric>();
            var updates = new JsonObject();
            foreach (var group in Json.Items(spec["TaskGroups"]))
            {
                var name = Json.Text(group["Name"]);
                var kept = s.Allocations.Values.Where(a => a.Job == key && a.Group == name && a.DesiredStatus == "run" && !a.ClientTerminal).ToArray();
                var same = kept.Where(a => Rollout.Same(a, group)).ToHashSet();
                var wanted = (int)Json.Number(group["Count"], 1);
                var place = Math.Max(0, wanted - kept.Length);
                var placement = new Placement(s, spec, group, kept.Except(same).ToHashSet());
                if (wanted > same.Count && placement.Choose() is null)
                {
                    placement.Metric.Coalesced = wanted - same.Count - 1;
                    failed[name] = placement.Metric;
                }
                updates[name] = new JsonObject
                {
                    ["Ignore"] = same.Count,
                    ["Place"] = failed.ContainsKey(name) ? 0 : place,
                    ["Stop"] = Math.Max(0, kept.Length - wanted),
                    ["DestructiveUpdate"] = kept.Length - same.Count,
                    ["InPlaceUpdate"] = 0,
                    ["Migrate"] = 0,
                    ["Canary"] = 0,
                };
            }
            return new NomadAnswer(new JsonObject
            {
                ["Annotations"] = new JsonObject { ["DesiredTGUpdates"] = updates },
                ["FailedTGAllocs"] = Json.Map(failed, Render.Metric),
                ["JobModifyIndex"] = s.Jobs.GetValueOrDefault(key)?.JobModifyIndex ?? 0,
                ["Warnings"] = "",
            }, s.Index);
        });
    }

    private static void Enforce(ulong wanted, JobRecord? existing)
    {
        if (existing is null && wanted != 0)
        {
            throw new NomadErrorException(500, $"Enforcing job modify index {wanted}: job does not exist");
        }
        if (existing is not null && wanted == 0)
        {
            throw new NomadErrorException(500, "Enforcing job modify index 0: job already exists");
        }
        if (existing is not null && existing.JobModifyIndex != wanted)
        {
            throw new NomadErrorException(
                500, $"Enforcing job modify index {wanted}: job exists with conflicting job modify index: {existing.JobModifyIndex}");
        }
    }

    private static void KeepCounts(JsonObject spec, JsonObject before)
    {
        foreach (var group in Json.Items(spec["TaskGroups"]))
        {
            if (Json.Items(before["TaskGroups"]).FirstOrDefault(g => Json.Text(g["Name"]) == Json.Text(group["Name"])) is { } same)
            {
                group["Count"] = same["Count"]?.DeepClone();
            }
        }
    }

    private static void Upsert(NomadWrite write, JobKey key, JsonObject spec, JobRecord? existing)
    {
        var job = new JobRecord(key.Namespace, key.Id)
        {
            Spec = spec,
            Version = existing is null ? 0 : existing.Version + 1,
            CreateIndex = existing?.CreateIndex ?? 0,
            JobModifyIndex = write.Index,
            Status = existing is { Stop: false } ? existing.Status : "pending",
            SubmitTime = Clock.Nanoseconds,
        };
        write.Job(job, "JobRegistered");
        Deployments.Begin(write, job, first: existing is null);
    }

    private static void Answer(NomadWrite write, JsonObject answer, JobKey key, string trigger)
    {
        var evaluation = Evaluator.Add(write, key, trigger);
        answer["EvalID"] = evaluation.Id;
        answer["EvalCreateIndex"] = write.Index;
        answer["JobModifyIndex"] = write.State.Jobs.GetValueOrDefault(key)?.JobModifyIndex ?? write.Index;
        answer["Warnings"] = "";
        answer["Index"] = write.Index;
    }

    private (JsonObject Spec, JobKey Key) Prepare(NomadRequest request, JsonObject body, string? id)
    {
        if (body["Job"] is not JsonObject given)
        {
            throw new NomadErrorException(400, "Job must be specified");
        }
        var name = Json.Text(given["ID"]);
        if (name.Length == 0)
        {
            throw new NomadErrorException(400, "Job ID hasn't been provided");
        }
        if (id is not null && id != name)
        {
            throw new NomadErrorException(400, "Job ID does not match name");
        }
        var space = request.Query("namespace") is { Length: > 0 } asked ? asked : Json.Text(given["Namespace"]) is { Length: > 0 } own ? own : "default";
        if (!options.Namespaces.Contains(space))
        {
            throw new NomadErrorException(500, $"job \"{name}\" is in nonexistent namespace \"{space}\"");
        }
        var spec = (JsonObject)given.DeepClone();
        // What a server adds when it is read is not part of what a client registers.
        foreach (var added in (string[])["Stop", "Status", "StatusDescription", "Stable", "Version", "SubmitTime", "CreateIndex", "ModifyIndex", "JobModifyIndex"])
        {
            spec.Remove(added);
        }
        JobDefaults.Apply(spec, space);
        return (spec, new JobKey(space, name));
    }
}
