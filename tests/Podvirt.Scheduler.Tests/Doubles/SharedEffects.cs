using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Podvirt.Core.Gpus;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Messaging;
using Podvirt.Scheduler.Leadership;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Runtimes;

namespace Podvirt.Scheduler.Tests.Doubles;

/// <summary>One scheduler's hands on <see cref="SharedEngines"/> for one term.</summary>
internal sealed class SharedEffects(
    SharedEngines engines, CandidateGate gate, Mandate mandate, IReplicaRuntime runtime, ChannelWriter<SchedulerEvent> events, IBus bus)
    : ITermEffects
{
    private readonly ConcurrentDictionary<Task, bool> _tasks = new();

    public void Start(EngineTarget target) => Change(target, async () =>
    {
        var running = await runtime.StartAsync(new ReplicaStart(target.Replica, target.Model, target.Gpus, target.Model.Gpu.MemoryBytes), mandate.Ended);
        await events.WriteAsync(new Launched(target.Replica, target.Attempt, running.Address, running.ApiKey));
        return new EngineReady(target.Replica, target.Attempt);
    });

    public void Canary(EngineTarget target) => Do(target, () => Task.FromResult<SchedulerEvent>(
        engines.Find(target.Replica) is { IsAsleep: false } ? new CanaryPassed(target.Replica, target.Attempt) : Failed(target)));

    public void Sleep(EngineTarget target) => Change(target, async () =>
    {
        await SetAsync(target, isAsleep: true);
        return engines.Find(target.Replica) is { IsAsleep: true } ? new FellAsleep(target.Replica, target.Attempt, Make.GiB) : Failed(target);
    });

    public void Wake(EngineTarget target) => Change(target, async () =>
    {
        await SetAsync(target, isAsleep: false);
        return engines.Find(target.Replica) is { IsAsleep: false } ? new Woke(target.Replica, target.Attempt) : Failed(target);
    });

    public void Look(EngineTarget target, IntentEffect? underWay) => Do(target, () => Task.FromResult<SchedulerEvent>(
        engines.Find(target.Replica) is { } engine
            ? new LookedAt(target.Replica, target.Attempt, engine.IsAsleep, engine.IsAsleep ? engine.HeldBytes : 0, null)
            : Failed(target)));

    public void Stop(EngineTarget target) => Change(target, async () =>
    {
        await runtime.StopAsync(target.Replica, mandate.Ended);
        return new Stopped(target.Replica, target.Attempt);
    });

    public void Probe(EngineTarget target, bool wasTrouble) => Do(target, () => Task.FromResult<SchedulerEvent>(
        engines.Find(target.Replica) is { } engine
            ? new Probed(target.Replica, target.Attempt, ProbeResult.Healthy, wasTrouble, "", IsAsleep: engine.IsAsleep)
            : new Probed(target.Replica, target.Attempt, ProbeResult.Unhealthy, wasTrouble, "it is gone")));

    public void ProbeExternal(ModelSpec model, string apiKey)
    {
        // There are none.
    }

    public void Publish(RouteTable routes) => bus.PublishAsync(Subjects.Routes, routes).AsTask().GetAwaiter().GetResult();

    public void SaveSleepOrder(string model, bool holds)
    {
        // Not a part of what is tested here.
    }

    public void SaveHistory(string model, StartHistory history)
    {
        // Not a part of what is tested here.
    }

    public async ValueTask DisposeAsync() => await Task.WhenAll(_tasks.Keys);

    private static StepFailed Failed(EngineTarget target) => new(target.Replica, target.Attempt, "the engine is not what it should be");

    private async Task SetAsync(EngineTarget target, bool isAsleep)
    {
        mandate.ThrowIfEnded();
        await gate.LastMomentAsync();
        engines.Set(mandate.Epoch, target.Replica, isAsleep);
    }

    private void Change(EngineTarget target, Func<Task<SchedulerEvent>> step)
    {
        engines.Begins(mandate.Epoch);
        Do(target, step);
    }

    private void Do(EngineTarget target, Func<Task<SchedulerEvent>> step)
    {
        var task = Task.Run(async () =>
        {
            try
            {
                await gate.PassAsync();
                await events.WriteAsync(await step(), mandate.Ended);
            }
            catch (OperationCanceledException)
            {
                // Refused, or nobody waits for it any more.
            }
        });
        _tasks[task] = true;
        _ = task.ContinueWith(
            done => _tasks.TryRemove(done, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}

/// <summary>One scheduler's runtime over <see cref="SharedEngines"/>: it sees them all.</summary>
internal sealed class SharedRuntime : IReplicaRuntime
{
    private readonly SharedEngines _engines;
    private readonly CandidateGate _gate;
    private readonly Channel<ReplicaExit> _exits = Channel.CreateUnbounded<ReplicaExit>();

    public SharedRuntime(SharedEngines engines, CandidateGate gate)
    {
        _engines = engines;
        _gate = gate;
        engines.Watch(exit => _exits.Writer.TryWrite(exit));
    }

    /// <summary>Of the term that uses it.</summary>
    public long Epoch { get; set; }

    public async ValueTask<RunningReplica> StartAsync(ReplicaStart start, CancellationToken cancellationToken)
    {
        var epoch = Epoch;
        await _gate.LastMomentAsync();
        return _engines.Start(epoch, start);
    }

    public async Task StopAsync(string replica, CancellationToken cancellationToken)
    {
        var epoch = Epoch;
        await _gate.LastMomentAsync();
        _engines.Stop(epoch, replica);
    }

    public IReadOnlyList<RunningReplica> List() => [.. _engines.All.Select(engine => engine.Running)];

    public ValueTask<LogText> ReadLogAsync(string replica, LogPosition position, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new LogText("", position));

    public async IAsyncEnumerable<ReplicaExit> WatchExitsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var exit in _exits.Reader.ReadAllAsync(cancellationToken))
        {
            await _gate.PassAsync();
            yield return exit;
        }
    }

    public async Task<IReadOnlyList<LeftReplica>> TakeOverAsync(CancellationToken cancellationToken)
    {
        await _gate.PassAsync();
        _engines.TakenOver(Epoch);
        return [.. _engines.All.Select(engine => new LeftReplica(
            engine.Running, engine.Model.Revision, [.. engine.Gpus.Select(gpu => gpu.Id)], engine.Model.Gpu.MemoryBytes, "", 1))];
    }

    public string SettingsOf(ModelSpec model, IReadOnlyList<GpuDevice> gpus, long memoryBytes) => "";

    public ValueTask NoteSleepAsync(string replica, int level, long? hostBase, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public long NodeMemory(string node) => 0;
}
