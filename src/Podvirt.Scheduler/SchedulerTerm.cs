using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Gpus;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Messaging;
using Podvirt.Messaging.Leases;
using Podvirt.Scheduler.Gpus;
using Podvirt.Scheduler.Leadership;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Runtimes;

namespace Podvirt.Scheduler;

/// <summary>What every term works with.</summary>
/// <param name="MakeEffects">The effects of one term, on the runtime that it may use.</param>
/// <param name="Roll">Which gateways there are; null: their reports alone say so.</param>
internal sealed record TermParts(
    SchedulerOptions Options, Machines Machines, IBus Bus, IStateStore Store, TimeProvider Time, SchedulerMetrics Metrics, ILogger Log,
    Func<Mandate, IReplicaRuntime, ChannelWriter<SchedulerEvent>, ITermEffects> MakeEffects, GatewayRoll? Roll = null);

/// <summary>One leader's time, from the epoch to its last effect: the loop, its effects, and the tasks that feed it.</summary>
internal sealed partial class SchedulerTerm(TermParts parts, string name, LeaseHold? lease, Channel<SchedulerEvent> events, Election? election = null)
{
    /// <summary>Events that wait for the loop at most; then their senders wait. An event takes microseconds.</summary>
    private const int QueueLengthMax = 4096;

    private static readonly TimeSpan RestartDelay = TimeSpan.FromSeconds(1);

    private readonly SchedulerOptions _options = parts.Options;
    private readonly IReplicaRuntime _runtime = parts.Machines.Runtime;
    private readonly IBus _bus = parts.Bus;
    private readonly IStateStore _store = parts.Store;
    private readonly TimeProvider _time = parts.Time;
    private readonly SchedulerMetrics _metrics = parts.Metrics;
    private readonly ILogger _log = parts.Log;
    private readonly Channel<SchedulerEvent> _events = events;
    private readonly FleetPublisher _publisher = new(parts.Bus, parts.Log);

    /// <summary>Written by the catalog watch only.</summary>
    private Catalog _lastGood = Catalog.Empty;

    /// <summary>Replicas that are there and were not taken over; written before anything is decided.</summary>
    private IReadOnlyList<RunningReplica> _unwanted = [];

    /// <summary>Replicas run on machines that may be out of reach.</summary>
    private bool IsRemote => _options.Nomad is not null;

    public static Channel<SchedulerEvent> NewEvents() => Channel.CreateBounded<SchedulerEvent>(
        new BoundedChannelOptions(QueueLengthMax) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    /// <remarks>
    /// 1. The epoch is raised: no earlier leader begins an effect from here on. 2. What they left is found and taken over. 3. The loop
    /// decides. 4. All effects have ended, and a leader that leaves in order says so.
    /// </remarks>
    /// <param name="isLeading">Called with the epoch.</param>
    /// <param name="cancellationToken">Leaves in order.</param>
    public async Task RunAsync(Action<long> isLeading, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lease?.Ended ?? CancellationToken.None);
        EpochClaim? claim = null;
        await KeepAsync(
            "epoch", async token => claim = await EpochClaim.RaiseAsync(_store, name, token, election?.Highest ?? 0),
            repeat: false, either.Token);
        if (claim is null)
        {
            return;
        }

        using (claim)
        {
            isLeading(claim.Epoch);
            var mandate = new Mandate(claim.Epoch, claim, lease);
            await LeadAsync(mandate, either.Token);
            if (lease is { Holds: true })
            {
                await VacateAsync(claim, lease);
            }
        }
    }

    private async Task LeadAsync(Mandate mandate, CancellationToken cancellationToken)
    {
        IReplicaRuntime runtime = mandate.IsAlone ? _runtime : new FencedRuntime(_runtime, mandate);
        await using var effects = parts.MakeEffects(mandate, runtime, _events.Writer);
        await using var recorded = new RecordedEffects(effects, _store, mandate, _events.Writer, _time, _metrics, _log);
        var strays = mandate.IsAlone && !IsRemote ? null : new Strays(runtime, mandate, _time, _log);
        LifecycleLoop? loop = null;
        await KeepAsync(
            "start", async token => loop = await PrepareAsync(mandate, runtime, recorded, strays, token), repeat: false, cancellationToken);
        if (loop is null)
        {
            return;
        }

        await Task.WhenAll(
            KeepAsync("loop", token => LoopAsync(loop, mandate, token), repeat: true, cancellationToken),
            KeepAsync("catalog watch", WatchCatalogAsync, repeat: true, cancellationToken),
            KeepAsync("gateway reports", HearReportsAsync, repeat: true, cancellationToken),
            parts.Roll is not { } roll
                ? Task.CompletedTask
                : KeepAsync("gateway memberships", token => roll.RunAsync(_events.Writer, token), repeat: true, cancellationToken),
            KeepAsync("gateway troubles", HearTroublesAsync, repeat: true, cancellationToken),
            KeepAsync("process watch", WatchExitsAsync, repeat: true, cancellationToken),
            KeepAsync("fleet reports", _publisher.RunAsync, repeat: true, cancellationToken),
            KeepAsync("clock", TickAsync, repeat: true, cancellationToken),
            parts.Machines.CanChange ? KeepAsync("watch of the nodes", WatchFleetAsync, repeat: true, cancellationToken) : Task.CompletedTask,
            strays is null ? Task.CompletedTask : KeepAsync("look for strays", token => strays.RunAsync(_unwanted, token), repeat: true, cancellationToken),
            mandate.IsAlone ? Task.CompletedTask : KeepAsync("operators' orders", TakeOrdersAsync, repeat: true, cancellationToken));
    }

    private Task WatchFleetAsync(CancellationToken cancellationToken) => parts.Machines.WatchFleetAsync(
        fleet => _events.Writer.WriteAsync(
            new FleetChanged(fleet, HostMemory.Limits(fleet.Gpus, _options.HostMemoryBytes, _runtime.NodeMemory)), cancellationToken),
        cancellationToken);

    private Task TakeOrdersAsync(CancellationToken cancellationToken) =>
        new OrderDesk(_store, new FleetControl(_events.Writer, _store, cancellationToken), _time, _log).RunAsync(cancellationToken);

    /// <summary>Those who stand by hear of it, and do not wait for their next look at the lease.</summary>
    private async Task VacateAsync(EpochClaim claim, LeaseHold held)
    {
        await held.ReleaseAsync();
        using var limit = new CancellationTokenSource(RestartDelay, _time);
        try
        {
            await claim.VacateAsync(limit.Token);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            SchedulerLog.LeaseUnreleased(_log, exception);
        }
    }

    /// <summary>Runs a task of the room; when it fails it is logged and begun again, because nothing else would do its work.</summary>
    private async Task KeepAsync(string name, Func<CancellationToken, Task> run, bool repeat, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await run(cancellationToken);
                if (!repeat)
                {
                    return;
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested || lease is { Holds: false })
            {
                return;
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                SchedulerLog.TaskFailed(_log, name, exception);
            }

            try
            {
                await Task.Delay(RestartDelay, _time, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task<LifecycleLoop> PrepareAsync(
        Mandate mandate, IReplicaRuntime runtime, RecordedEffects recorded, Strays? strays, CancellationToken cancellationToken)
    {
        var gpus = await parts.Machines.ListGpusAsync(cancellationToken);
        var intents = await ReadIntentsAsync(cancellationToken);
        var found = await FindEnginesAsync(runtime, gpus, intents, cancellationToken);
        SchedulerLog.Started(_log, mandate.Epoch, gpus.Count);
        await TellUnfinishedAsync(intents, found, cancellationToken);
        var (pinned, drained, sentToSleep) = await FleetControl.ReadAsync(_store, cancellationToken);
        var loop = new LifecycleLoop(
            new LoopSettings
            {
                Options = _options,
                Gpus = gpus,
                HostBytes = HostMemory.Limits(gpus, _options.HostMemoryBytes, runtime.NodeMemory),
                Epoch = mandate.Epoch,
                Histories = await ReadHistoriesAsync(cancellationToken),
                NewReplicaId = () => $"r-{Guid.CreateVersion7(_time.GetUtcNow()):N}",
                Environment = Environment.GetEnvironmentVariable,
                Pinned = pinned,
                Drained = drained,
                SentToSleep = sentToSleep,
                Listener = strays is null ? new LoopListeners(recorded, _publisher) : new LoopListeners(recorded, _publisher, strays),
            },
            recorded, _time, _metrics, _log);
        foreach (var engine in found)
        {
            if (intents.GetValueOrDefault(engine.Target.Replica) is { } left)
            {
                recorded.Resume(engine.Target.Replica, left.Entry.Revision);
            }

            loop.Handle(engine);
        }

        return loop;
    }

    private async Task<Dictionary<string, StartHistory>> ReadHistoriesAsync(CancellationToken cancellationToken)
    {
        var histories = new Dictionary<string, StartHistory>(StringComparer.Ordinal);
        foreach (var entry in await _store.ListAsync(StartHistory.KeyPrefix, cancellationToken))
        {
            var model = entry.Key[StartHistory.KeyPrefix.Length..];
            try
            {
                histories[model] = entry.Read<StartHistory>();
            }
            catch (JsonException exception)
            {
                SchedulerLog.HistoryUnreadable(_log, model, exception);
            }
        }

        return histories;
    }

    /// <summary>
    /// Another one leads since, or the state store has lost the end of what it had, and this epoch was another's before: no gateway would hear of
    /// its routes.
    /// </summary>
    private static bool IsAhead(GatewayReport report, RouteTable own) => new RouteTable(report.RoutesEpoch, report.RoutesRevision, []).IsNewerThan(own);

    private async Task LoopAsync(LifecycleLoop loop, Mandate mandate, CancellationToken cancellationToken)
    {
        await foreach (var happened in _events.Reader.ReadAllAsync(cancellationToken))
        {
            // After a pause the clock knows before any timer does.
            mandate.ThrowIfEnded();
            if (happened is GatewayReported { Report: var report } && election is not null && IsAhead(report, loop.Routes with { Epoch = mandate.Epoch }))
            {
                election.HearOf(report.RoutesEpoch);
                mandate.End("a gateway works by routes that are newer than this scheduler's");
                mandate.ThrowIfEnded();
            }

            loop.Handle(happened);
        }
    }
}
