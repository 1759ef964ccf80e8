using System.Text.Json.Nodes;
using Podvirt.Scheduler.Runtimes.Nomad.Api;

namespace Podvirt.Scheduler.Runtimes.Nomad;

/// <summary>What other schedulers, or earlier ones, have registered.</summary>
internal sealed partial class NomadRuntime
{
    /// <exception cref="NomadException">Nomad does not say what there is.</exception>
    public async Task<IReadOnlyList<LeftReplica>> TakeOverAsync(CancellationToken cancellationToken)
    {
        _replicas.Clear();
        var jobs = await _client.JobsAsync(_nomad.JobPrefix + "-", cancellationToken);
        var left = new List<LeftReplica>();
        foreach (var stub in jobs)
        {
            if (await TakeOverAsync(stub.ID[(_nomad.JobPrefix.Length + 1)..], cancellationToken, removesDead: true) is { } found)
            {
                left.Add(found);
            }
        }

        return left;
    }

    /// <summary>Null: the job is none of Podvirt's, or nothing of it runs.</summary>
    private async Task<LeftReplica?> TakeOverAsync(string replica, CancellationToken cancellationToken, bool removesDead = false)
    {
        var id = _jobs.IdOf(replica);
        if (await _client.JobAsync(id, cancellationToken) is not { } job || JobMeta.Read(job) is not { } meta || meta.Replica != replica)
        {
            return null;
        }

        var (found, problem) = await LookAsync(job, meta, cancellationToken);
        if (found is not null)
        {
            return found;
        }

        if (removesDead)
        {
            SchedulerLog.JobRemoved(_log, id, problem);
            await TryStopAsync(replica);
        }

        return null;
    }

    /// <summary>A job on a node that is out of reach cannot end: nobody else waits for that.</summary>
    private async Task TryStopAsync(string replica)
    {
        using var atOnce = new CancellationTokenSource();
        await atOnce.CancelAsync();
        try
        {
            await StopAsync(replica, atOnce.Token);
        }
        catch (NomadException trouble)
        {
            SchedulerLog.JobUnremoved(_log, _jobs.IdOf(replica), trouble.Message);
        }
    }

    private async Task<(LeftReplica? Found, string Problem)> LookAsync(JsonObject job, JobMeta meta, CancellationToken cancellationToken)
    {
        if ((bool?)job["Stop"] == true || (int?)EngineJobs.GroupOf(job)["Count"] == 0)
        {
            return (null, "its stop was under way");
        }

        if (EngineJobs.ApiKeyOf(job) is not { } apiKey)
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
