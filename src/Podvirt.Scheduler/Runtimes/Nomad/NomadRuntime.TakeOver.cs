using System.Text.Json.Nodes;
using Podvirt.Scheduler.Runtimes.Nomad.Api;

namespace Podvirt.Scheduler.Runtimes.Nomad;

/// <summary>What other schedulers, or earlier ones, have registered.</summary>
internal sealed partial class NomadRuntime
{
    /// <summary>Nothing is removed here: on a node that is out of reach that takes as long as Nomad waits for it.</summary>
    /// <exception cref="NomadException">Nomad does not say what there is.</exception>
    public async Task<IReadOnlyList<LeftReplica>> TakeOverAsync(CancellationToken cancellationToken)
    {
        _replicas.Clear();
        var jobs = await _client.JobsAsync(_nomad.JobPrefix + "-", cancellationToken);
        var left = new List<LeftReplica>();
        foreach (var stub in jobs)
        {
            if (await LookAsync(stub.ID[(_nomad.JobPrefix.Length + 1)..], cancellationToken) is { } found)
            {
                left.Add(found);
            }
        }

        return left;
    }

    /// <summary>Null: the job is none of Podvirt's.</summary>
    private async Task<LeftReplica?> LookAsync(string replica, CancellationToken cancellationToken)
    {
        if (await _client.JobAsync(_jobs.IdOf(replica), cancellationToken) is not { } job || JobMeta.Read(job) is not { } meta || meta.Replica != replica)
        {
            return null;
        }

        var (found, defect) = await LookAsync(job, meta, cancellationToken);
        return found ?? new LeftReplica(
            new RunningReplica(replica, meta.Model, "", "", 0), meta.Revision, meta.Gpus, meta.MemoryBytes, meta.Settings, 0, Defect: defect);
    }

    /// <returns>The replica that runs; or null, and why none does.</returns>
    private async Task<(LeftReplica? Found, string Defect)> LookAsync(JsonObject job, JobMeta meta, CancellationToken cancellationToken)
    {
        if ((bool?)job["Stop"] == true || (int?)EngineJobs.GroupOf(job)["Count"] == 0)
        {
            return (null, "its stop was under way");
        }

        if (await _keys.ReadAsync(job, cancellationToken) is not { } apiKey)
        {
            return (null, "its engine has no key");
        }

        var id = _jobs.IdOf(meta.Replica);
        var (allocations, _) = await _client.JobAllocationsAsync(id, 0, cancellationToken);
        if (allocations.Find(allocation => !allocation.IsOver && !allocation.IsStopping) is not { } live)
        {
            return (null, allocations.Count == 0 ? "Nomad has placed it nowhere" : "nothing of it runs");
        }

        var allocation = await _client.AllocationAsync(live.ID, cancellationToken);
        if (Judgement.Address(allocation) is not { } address || Judgement.Ending(allocation) is not null)
        {
            return (null, Judgement.Ending(allocation) ?? "it has no address");
        }

        var claimed = Judgement.Gpus(allocation);
        var note = await _notes.ReadAsync(meta.Replica, cancellationToken);
        var running = new RunningReplica(meta.Replica, meta.Model, address, apiKey, 0, claimed.Count > 0 ? claimed : null);
        _replicas[meta.Replica] = new NomadReplica(running, id, allocation.ID, _logs.Create(meta.Model, meta.Replica));
        return (
            new LeftReplica(
                running, meta.Revision, claimed.Count > 0 ? claimed : meta.Gpus, meta.MemoryBytes, meta.Settings, note?.Level ?? 0, note?.HostBase),
            "");
    }
}
