using System.Text.Json;
using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Gpus;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Messaging;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Gpus;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Runtimes;
using Podvirt.Scheduler.Runtimes.Local;

namespace Podvirt.Scheduler;

/// <summary>Owns the room: its runtime, its effects, the one loop, and the tasks that feed it.</summary>
internal sealed partial class SchedulerService : IHostedService, IAsyncDisposable
{
    public const string EpochKey = "scheduler/epoch";

    /// <summary>Events that wait for the loop at most; then their senders wait. An event takes microseconds.</summary>
    private const int QueueLengthMax = 4096;

    private static readonly TimeSpan RestartDelay = TimeSpan.FromSeconds(1);

    private readonly SchedulerOptions _options;
    private readonly IBus _bus;
    private readonly IStateStore _store;
    private readonly TimeProvider _time;
    private readonly SchedulerMetrics _metrics;
    private readonly ILogger _log;
    private readonly Channel<SchedulerEvent> _events = Channel.CreateBounded<SchedulerEvent>(
        new BoundedChannelOptions(QueueLengthMax) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });
    private readonly CancellationTokenSource _ended = new();
    private readonly EngineClient _client = new();
    private readonly Machines _machines;
    private readonly IReplicaRuntime _runtime;
    private readonly EngineSteps _steps;
    private readonly EngineEffects _effects;
    private readonly FleetPublisher _publisher;
    private readonly GatewayRoll? _roll;
    private RecordedEffects? _recorded;
    private Task _running = Task.CompletedTask;
    private bool _isStopped;

    /// <summary>Written by the catalog watch only.</summary>
    private Catalog _lastGood = Catalog.Empty;

    public SchedulerService(
        SchedulerOptions options, ReplicaLogFiles logs, IBus bus, IStateStore store, TimeProvider time, SchedulerMetrics metrics,
        ILoggerFactory loggers, ILeases? leases = null)
    {
        _roll = leases is null ? null : new GatewayRoll(leases, time);
        _options = options;
        _bus = bus;
        _store = store;
        _time = time;
        _metrics = metrics;
        _log = loggers.CreateLogger("Podvirt.Scheduler");
        _machines = Machines.Create(options, logs, bus, store, time, _log);
        _runtime = _machines.Runtime;
        _steps = new EngineSteps(options, _runtime, _client, _machines.MeterOf, time);
        _effects = new EngineEffects(_steps, _runtime, bus, store, _events.Writer, _log);
        _publisher = new FleetPublisher(bus, _log);
        Control = new FleetControl(_events.Writer, store, _ended.Token);
    }

    public IFleetControl Control { get; }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _running = RunAsync(_ended.Token);
        return Task.CompletedTask;
    }

    /// <summary>Stops every engine, all at once in parallel. Cancelling skips the grace: what still runs is killed.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_isStopped)
        {
            return;
        }

        _isStopped = true;
        await _ended.CancelAsync();
        await _running;
        if (_recorded is not null)
        {
            await _recorded.DisposeAsync();
        }

        await _effects.DisposeAsync();
        await Task.WhenAll(_runtime.List().Select(replica => _runtime.StopAsync(replica.Replica, cancellationToken)));
        await _machines.DisposeAsync();
        _client.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        using var atOnce = new CancellationTokenSource();
        await atOnce.CancelAsync();
        await StopAsync(atOnce.Token);
        _ended.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        LifecycleLoop? loop = null;
        await KeepAsync("start", async token => loop = await PrepareAsync(token), repeat: false, cancellationToken);
        if (loop is null)
        {
            return;
        }

        await Task.WhenAll(
            KeepAsync("loop", token => LoopAsync(loop, token), repeat: true, cancellationToken),
            KeepAsync("catalog watch", WatchCatalogAsync, repeat: true, cancellationToken),
            KeepAsync("gateway reports", HearReportsAsync, repeat: true, cancellationToken),
            KeepAsync("gateway memberships", token => _roll?.RunAsync(_events.Writer, token) ?? Task.CompletedTask, repeat: _roll is not null, cancellationToken),
            KeepAsync("gateway troubles", HearTroublesAsync, repeat: true, cancellationToken),
            KeepAsync("process watch", WatchExitsAsync, repeat: true, cancellationToken),
            KeepAsync("fleet reports", _publisher.RunAsync, repeat: true, cancellationToken),
            KeepAsync("clock", TickAsync, repeat: true, cancellationToken));
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
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
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

    private async Task<LifecycleLoop> PrepareAsync(CancellationToken cancellationToken)
    {
        var gpus = await _machines.ListGpusAsync(cancellationToken);
        var intents = await ReadIntentsAsync(cancellationToken);
        var found = await FindEnginesAsync(gpus, intents, cancellationToken);
        var epoch = await RaiseEpochAsync(cancellationToken);
        SchedulerLog.Started(_log, epoch, gpus.Count);
        await TellUnfinishedAsync(intents, found, cancellationToken);
        var (pinned, drained, sentToSleep) = await FleetControl.ReadAsync(_store, cancellationToken);
        _recorded = new RecordedEffects(_effects, _store, epoch, _events.Writer, _time, _log);
        var loop = new LifecycleLoop(
            new LoopSettings
            {
                Options = _options,
                Gpus = gpus,
                HostBytes = HostMemory.Limits(gpus, _options.HostMemoryBytes, _runtime.NodeMemory),
                Epoch = epoch,
                Histories = await ReadHistoriesAsync(cancellationToken),
                NewReplicaId = () => $"r-{Guid.CreateVersion7(_time.GetUtcNow()):N}",
                Environment = Environment.GetEnvironmentVariable,
                Pinned = pinned,
                Drained = drained,
                SentToSleep = sentToSleep,
                Listener = new LoopListeners(_recorded, _publisher),
            },
            _recorded, _time, _metrics, _log);
        foreach (var engine in found)
        {
            if (intents.GetValueOrDefault(engine.Target.Replica) is { } left)
            {
                _recorded.Resume(engine.Target.Replica, left.Entry.Revision);
            }

            loop.Handle(engine);
        }

        return loop;
    }

    private async Task<long> RaiseEpochAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var entry = await _store.GetAsync(EpochKey, cancellationToken);
            var epoch = (entry?.Read<EpochRecord>().Epoch ?? 0) + 1;
            var bytes = StateJson.ToBytes(new EpochRecord(epoch));
            var written = entry is null
                ? await _store.CreateAsync(EpochKey, bytes, cancellationToken)
                : await _store.UpdateAsync(EpochKey, bytes, entry.Revision, cancellationToken);
            if (written is not null)
            {
                return epoch;
            }
        }
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

    private async Task LoopAsync(LifecycleLoop loop, CancellationToken cancellationToken)
    {
        await foreach (var happened in _events.Reader.ReadAllAsync(cancellationToken))
        {
            loop.Handle(happened);
        }
    }

    private async Task WatchCatalogAsync(CancellationToken cancellationToken)
    {
        await foreach (var change in _store.WatchAsync(Catalog.StateKey, cancellationToken))
        {
            if (change.IsCaughtUp)
            {
                // No catalog yet is an empty one: the routes say so, rather than nothing.
                await _events.Writer.WriteAsync(new CatalogChanged(_lastGood), cancellationToken);
                continue;
            }

            if (change.Key != Catalog.StateKey)
            {
                continue;
            }

            try
            {
                _lastGood = change.Entry?.Read<Catalog>() ?? Catalog.Empty;
            }
            catch (JsonException exception)
            {
                SchedulerLog.CatalogUnreadable(_log, exception);
                continue;
            }

            await _events.Writer.WriteAsync(new CatalogChanged(_lastGood), cancellationToken);
        }
    }

    private Task HearReportsAsync(CancellationToken cancellationToken) =>
        HearAsync(Subjects.GatewayReports, report => new GatewayReported(report), cancellationToken);

    private Task HearTroublesAsync(CancellationToken cancellationToken) =>
        HearAsync(Subjects.ReplicaTroubles, trouble => new TroubleReported(trouble), cancellationToken);

    private async Task HearAsync<T>(Subject<T> subject, Func<T, SchedulerEvent> wrap, CancellationToken cancellationToken)
        where T : class
    {
        await using var subscription = _bus.Subscribe(subject);
        await foreach (var message in subscription.ReadAllAsync(cancellationToken))
        {
            await _events.Writer.WriteAsync(wrap(message), cancellationToken);
        }
    }

    private async Task WatchExitsAsync(CancellationToken cancellationToken)
    {
        await foreach (var exit in _runtime.WatchExitsAsync(cancellationToken))
        {
            await _events.Writer.WriteAsync(new ProcessExited(exit.Replica, exit.Detail), cancellationToken);
        }
    }

    private async Task TickAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_options.TickInterval, _time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            await _events.Writer.WriteAsync(Tick.Instance, cancellationToken);
        }
    }

    private sealed record EpochRecord(long Epoch);
}
