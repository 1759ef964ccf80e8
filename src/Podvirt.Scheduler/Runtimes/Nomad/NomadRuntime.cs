using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Gpus;
using Podvirt.Core.Models;
using Podvirt.Messaging;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Runtimes.Local;
using Podvirt.Scheduler.Runtimes.Nomad.Api;

namespace Podvirt.Scheduler.Runtimes.Nomad;

/// <summary>Replicas as Nomad jobs, one job with one allocation for each.</summary>
internal sealed partial class NomadRuntime : IReplicaRuntime, IAsyncDisposable
{
    private readonly NomadOptions _nomad;
    private readonly NomadClient _client;
    private readonly EngineJobs _jobs;
    private readonly EngineKeys _keys;
    private readonly NomadFleet _fleet;
    private readonly SleepNotes _notes;
    private readonly ReplicaLogFiles _logs;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly ConcurrentDictionary<string, NomadReplica> _replicas = new(StringComparer.Ordinal);

    /// <summary>Being started here: their allocations are nobody else's.</summary>
    private readonly ConcurrentDictionary<string, bool> _starting = new(StringComparer.Ordinal);

    /// <summary>One entry per replica that ended: bounded by the replicas that exist.</summary>
    private readonly Channel<ReplicaExit> _exits = Channel.CreateUnbounded<ReplicaExit>(new UnboundedChannelOptions { SingleReader = true });

    private readonly ConcurrentDictionary<Task, bool> _reports = new();
    private readonly CancellationTokenSource _ended = new();

    /// <param name="client">Its owner's.</param>
    public NomadRuntime(
        SchedulerOptions options, EngineCommandBuilder commands, NomadClient client, NomadFleet fleet, ReplicaLogFiles logs, IStateStore store,
        TimeProvider time, ILogger log)
    {
        _nomad = options.Nomad!;
        _client = client;
        _jobs = new EngineJobs(options, commands, client);
        _keys = new EngineKeys(client);
        _fleet = fleet;
        _notes = new SleepNotes(store);
        _logs = logs;
        _time = time;
        _log = log;
    }

    /// <remarks>
    /// 1. The job is made from its file. 2. It is registered, where none of its name is, and its key written where it is not in the
    /// job. 3. Nomad's evaluation places it, or says why not. 4. Its address is its allocation's. 5. Whatever became of it meanwhile is
    /// looked at.
    /// </remarks>
    public async ValueTask<RunningReplica> StartAsync(ReplicaStart start, CancellationToken cancellationToken)
    {
        _starting[start.Replica] = true;
        try
        {
            var node = _nomad.Placement == NomadPlacement.Shared && start.Gpus.Count > 0 ? _fleet.IdOf(start.Gpus[0].Node) : null;
            var apiKey = Secret();
            var nonce = Secret();
            var job = await _jobs.BuildAsync(start, node, apiKey, nonce, cancellationToken);
            await RegisterAsync(start.Replica, job, nonce, cancellationToken);
            await _keys.WriteAsync(job, apiKey, cancellationToken);
            var allocation = await PlaceAsync(start, cancellationToken);
            var address = Judgement.Address(allocation) ?? throw new ReplicaStartException(
                $"allocation {allocation.ID} has no port '{EngineJobs.Task}': the job file has to ask for one");
            var claimed = Judgement.Gpus(allocation);
            var running = new RunningReplica(start.Replica, start.Model.Id, address, apiKey, 0, claimed.Count > 0 ? claimed : null);
            var replica = new NomadReplica(running, allocation.JobID, allocation.ID, _logs.Create(start.Model.Id, start.Replica));
            _replicas[start.Replica] = replica;
            SchedulerLog.Allocated(_log, start.Replica, allocation.JobID, allocation.ID, allocation.NodeName ?? allocation.NodeID);
            await SeenAsync(allocation, cancellationToken);
            return running;
        }
        catch (NomadException exception)
        {
            throw new ReplicaStartException(exception.Message, exception);
        }
        finally
        {
            _starting.TryRemove(start.Replica, out _);
        }
    }

    public IReadOnlyList<RunningReplica> List() =>
        [.. _replicas.Values.Where(replica => !replica.IsOver).Select(replica => replica.Running)];

    public string SettingsOf(ModelSpec model, IReadOnlyList<GpuDevice> gpus, long memoryBytes) => _jobs.SettingsOf(model, gpus, memoryBytes);

    public long NodeMemory(string node) => _fleet.MemoryOf(node);

    public ValueTask NoteSleepAsync(string replica, int level, long? hostBase, CancellationToken cancellationToken) =>
        _notes.WriteAsync(replica, new SleepNotes.Note(level, hostBase), cancellationToken);

    public async IAsyncEnumerable<ReplicaExit> WatchExitsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var left = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _ended.Token);
        var watch = new AllocationWatch(_client, _nomad, SeenAsync, ListedAsync, _time, _log).RunAsync(left.Token);
        try
        {
            await foreach (var exit in _exits.Reader.ReadAllAsync(cancellationToken))
            {
                yield return exit;
            }
        }
        finally
        {
            await left.CancelAsync();
            await watch;
        }
    }

    /// <summary>Engines run on: they are Nomad's.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await Task.WhenAll(_reports.Keys);
        _exits.Writer.TryComplete();
        _ended.Dispose();
    }

    private async Task RegisterAsync(string replica, JsonObject job, string nonce, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await _client.RegisterAsync(job, 0, cancellationToken);
            if (answer.Warnings is { Length: > 0 } warnings)
            {
                SchedulerLog.JobWarned(_log, _jobs.IdOf(replica), warnings);
            }
        }
        catch (NomadException conflict) when (conflict.Failure == NomadFailure.Conflict)
        {
            // A question whose answer was lost is asked again, and meets what it did the first time.
            var there = await _client.JobAsync(_jobs.IdOf(replica), cancellationToken);
            if (there is null || JobMeta.Read(there)?.Nonce != nonce)
            {
                throw;
            }
        }
    }

    private async Task<Allocation> PlaceAsync(ReplicaStart start, CancellationToken cancellationToken)
    {
        var job = _jobs.IdOf(start.Replica);
        var gpus = _nomad.Placement == NomadPlacement.Exclusive ? start.Gpus.Count : 0;
        var bytes = start.Model.Gpu.MemoryBytes;
        IReadOnlyList<DeviceGroup> groups = [];
        PlacementMetric? metric = null;
        using var late = new CancellationTokenSource(_nomad.PlacementTimeout, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            for (var index = 0UL; ;)
            {
                var (evaluations, next) = await _client.JobEvaluationsAsync(job, index, both.Token);
                var (allocations, _) = await _client.JobAllocationsAsync(job, 0, both.Token);
                if (allocations.Count > 0)
                {
                    return await _client.AllocationAsync(allocations[0].ID, both.Token);
                }

                metric = evaluations.SelectMany(evaluation => (evaluation.FailedTGAllocs ?? []).Values).LastOrDefault() ?? metric;
                if (metric is not null)
                {
                    groups = gpus > 0 ? await _fleet.DevicesAsync(both.Token) : [];
                    if (NoRoom.IsForGood(metric, gpus, bytes, groups))
                    {
                        break;
                    }
                }

                index = next < index ? 0 : next;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // It waits for what others hold, and has waited long enough.
        }

        throw new ReplicaStartException(metric is null
            ? $"Nomad placed it nowhere within {_nomad.PlacementTimeout.TotalSeconds:0} s, and does not say why"
            : NoRoom.Tell(metric, gpus, bytes, groups));
    }

    private static string Secret() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
}
