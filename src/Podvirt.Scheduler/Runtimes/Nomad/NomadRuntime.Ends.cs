using System.Text.Json.Nodes;
using Podvirt.Scheduler.Runtimes.Nomad.Api;

namespace Podvirt.Scheduler.Runtimes.Nomad;

/// <summary>How replicas end, by themselves and because they shall.</summary>
internal sealed partial class NomadRuntime
{
    private const int ConflictsMax = 5;

    private static readonly TimeSpan StopRetry = TimeSpan.FromSeconds(2);

    /// <summary>
    /// What one stop may take beside the engine's grace, where it may not be tried again. A node that is out of reach is given up by
    /// Nomad within a minute.
    /// </summary>
    private static readonly TimeSpan StopMax = TimeSpan.FromSeconds(30);

    /// <remarks>
    /// While Nomad does not answer it is asked on and on: the engine may run, and its gpus are not free before it does not. Nomad gives
    /// the grace, as the job says.
    /// </remarks>
    /// <exception cref="NomadException">Cancelled, and Nomad did not do it.</exception>
    public async Task StopAsync(string replica, CancellationToken cancellationToken)
    {
        if (_replicas.TryGetValue(replica, out var known))
        {
            known.IsStopping = true;
            await KeepLogAsync(known, CancellationToken.None);
        }

        while (true)
        {
            using var limit = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _time);
            // A cancelled stop is still a stop; only its patience has an end.
            await using var registration = cancellationToken.Register(() => limit.CancelAfter(StopMax));
            try
            {
                await RemoveJobAsync(_jobs.IdOf(replica), limit.Token);
                break;
            }
            catch (NomadException trouble) when (!cancellationToken.IsCancellationRequested)
            {
                SchedulerLog.JobUnremoved(_log, _jobs.IdOf(replica), trouble.Message);
            }
            catch (OperationCanceledException exception)
            {
                throw new NomadException(NomadFailure.Unavailable, $"Job {_jobs.IdOf(replica)} did not end in time", exception);
            }

            await Task.Delay(StopRetry, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _replicas.TryRemove(replica, out _);
        await _notes.ForgetAsync(replica, CancellationToken.None);
    }

    /// <remarks>
    /// 1. Count 0, if the job is still what it was: Nomad ends the engine. 2. Every allocation is over. 3. The key is removed, and the job.
    /// </remarks>
    private async Task RemoveJobAsync(string id, CancellationToken cancellationToken)
    {
        JsonObject? job;
        for (var attempt = 1; ; attempt++)
        {
            job = await _client.JobAsync(id, cancellationToken);
            if (job is null)
            {
                return;
            }

            var group = EngineJobs.GroupOf(job);
            if ((int?)group["Count"] == 0)
            {
                break;
            }

            group["Count"] = 0;
            try
            {
                await _client.RegisterAsync(job, (ulong?)job["JobModifyIndex"] ?? 0, cancellationToken);
                break;
            }
            catch (NomadException conflict) when (conflict.Failure == NomadFailure.Conflict && attempt < ConflictsMax)
            {
                // Somebody changed it at the same moment: it is looked at again.
            }
        }

        for (var index = 0UL; ;)
        {
            var (allocations, next) = await _client.JobAllocationsAsync(id, index, cancellationToken);
            if (allocations.TrueForAll(allocation => allocation.IsOver))
            {
                break;
            }

            index = next < index ? 0 : next;
        }

        await _keys.RemoveAsync(job, cancellationToken);
        await _client.PurgeAsync(id, cancellationToken);
    }

    private async Task SeenAsync(Allocation allocation, CancellationToken cancellationToken)
    {
        if (ReplicaOf(allocation) is not { } id || _starting.ContainsKey(id))
        {
            return;
        }

        if (!_replicas.TryGetValue(id, out var replica))
        {
            if (!allocation.IsOver && !allocation.IsStopping)
            {
                // Another scheduler's, or one of this that came late: it is known from here on, and judged by who leads.
                await LookAsync(id, cancellationToken);
            }

            return;
        }

        var ending = allocation.ID == replica.Allocation ? Judgement.Ending(allocation)
            : allocation.IsOver || allocation.IsStopping ? null
            : $"Nomad moved it to {allocation.NodeName ?? allocation.NodeID}";
        if (ending is not null && !replica.IsStopping && replica.TryReport())
        {
            var report = ReportAsync(replica, ending, Judgement.HasLog(allocation));
            _reports[report] = true;
            _ = report.ContinueWith(
                done => _reports.TryRemove(done, out _),
                CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    /// <summary>One that is known and not listed any more was removed by other hands.</summary>
    private async Task ListedAsync(IReadOnlyList<Allocation> all, CancellationToken cancellationToken)
    {
        var there = all.Select(allocation => allocation.ID).ToHashSet(StringComparer.Ordinal);
        foreach (var replica in _replicas.Values.Where(replica => !there.Contains(replica.Allocation) && !replica.IsOver && !replica.IsStopping))
        {
            try
            {
                await SeenAsync(await _client.AllocationAsync(replica.Allocation, cancellationToken), cancellationToken);
            }
            catch (NomadException missing) when (missing.Failure == NomadFailure.NotFound)
            {
                if (replica.TryReport())
                {
                    await ReportAsync(replica, "its job is gone from Nomad", hasLog: false);
                }
            }
        }
    }

    private async Task ReportAsync(NomadReplica replica, string ending, bool hasLog)
    {
        var line = hasLog ? await LastErrorLineAsync(replica) : "";
        var detail = line.Length == 0 ? ending : $"{ending}: {line}";
        SchedulerLog.AllocationEnded(_log, replica.Running.Replica, detail);
        _exits.Writer.TryWrite(new ReplicaExit(replica.Running.Replica, detail));
    }

    private string? ReplicaOf(Allocation allocation)
    {
        var prefix = _nomad.JobPrefix + "-";
        return allocation.JobID.StartsWith(prefix, StringComparison.Ordinal) ? allocation.JobID[prefix.Length..] : null;
    }
}
