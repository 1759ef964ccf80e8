using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Messaging;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Runtimes;

namespace Podvirt.Scheduler.Engines;

/// <summary>
/// Makes the loop's wishes happen. Each replica has at most one step under way (start, canary, sleep or wake); a stop
/// cancels it and waits for its end first, so that no process appears after its replica was stopped.
/// </summary>
internal sealed class EngineEffects : ITermEffects
{
    private sealed record Step(Task Task, CancellationTokenSource Cancel);

    private readonly EngineSteps _steps;
    private readonly IReplicaRuntime _runtime;
    private readonly IBus _bus;
    private readonly IStateStore _store;
    private readonly ChannelWriter<SchedulerEvent> _events;
    private readonly ILogger _log;
    private readonly ConcurrentDictionary<string, Step> _running = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Task, bool> _tasks = new();
    private readonly CancellationTokenSource _ended;
    private readonly EngineClient? _owned;

    /// <summary>Only the newest table matters: it is a level.</summary>
    private readonly Channel<RouteTable> _routes = Channel.CreateBounded<RouteTable>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true });

    /// <param name="owned">Ends with it.</param>
    /// <param name="mandateEnded">Breaks every step off.</param>
    public EngineEffects(
        EngineSteps steps, IReplicaRuntime runtime, IBus bus, IStateStore store, ChannelWriter<SchedulerEvent> events, ILogger log,
        EngineClient? owned = null, CancellationToken mandateEnded = default)
    {
        _ended = CancellationTokenSource.CreateLinkedTokenSource(mandateEnded);
        _owned = owned;
        _steps = steps;
        _runtime = runtime;
        _bus = bus;
        _store = store;
        _events = events;
        _log = log;
        Track(PublishAllAsync());
    }

    public void Start(EngineTarget target) => Begin(target, token => _steps.StartAsync(target, PostAsync, token));

    public void Canary(EngineTarget target) => Begin(target, token => _steps.CanaryAsync(target, token));

    public void Sleep(EngineTarget target) => Begin(target, token => _steps.SleepAsync(target, token));

    public void Wake(EngineTarget target) => Begin(target, token => _steps.WakeAsync(target, token));

    public void Look(EngineTarget target, IntentEffect? underWay) => Begin(target, token => _steps.LookAsync(target, underWay, token));

    public void Stop(EngineTarget target) => Track(StopAsync(target));

    public void Probe(EngineTarget target, bool wasTrouble) => Probe(
        target.Replica, token => _steps.ProbeAsync(target, wasTrouble, token),
        trouble => new Probed(target.Replica, target.Attempt, ProbeResult.Unhealthy, wasTrouble, trouble, Jobs: null));

    public void ProbeExternal(ModelSpec model, string apiKey) => Probe(
        model.Id, token => _steps.ProbeExternalAsync(model, apiKey, token), trouble => new ExternalProbed(model.Id, model.Revision, false, trouble));

    public void Publish(RouteTable routes) => _routes.Writer.TryWrite(routes);

    public void SaveSleepOrder(string model, bool holds) => Track(SaveOrderAsync(model, holds));

    public void SaveHistory(string model, StartHistory history) => Track(SaveAsync(model, history));

    /// <summary>Cancels every step and waits for its end. Processes are left as they are: the runtime stops them.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _routes.Writer.TryComplete();
        await Task.WhenAll(_tasks.Keys);
        _owned?.Dispose();
        _ended.Dispose();
    }

    private void Probe(string probed, Func<CancellationToken, Task<SchedulerEvent>> probe, Func<string, SchedulerEvent> failed) => Track(Task.Run(async () =>
    {
        try
        {
            await PostAsync(await probe(_ended.Token));
        }
        catch (OperationCanceledException) when (_ended.IsCancellationRequested)
        {
            // In the middle of it everything ended: nobody waits for this result.
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The next probe comes after the result of this one.
            SchedulerLog.ProbeThrew(_log, probed, exception);
            await PostAsync(failed(exception.Message));
        }
    }));

    private void Begin(EngineTarget target, Func<CancellationToken, Task<SchedulerEvent>> step)
    {
        var cancel = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token);
        // Off the loop's thread; engines' answers continue it on the thread pool, while streams have event loops of their own.
        var task = Task.Run(async () =>
        {
            try
            {
                await PostAsync(await step(cancel.Token));
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                // Stopped meanwhile: nobody waits for this result.
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                SchedulerLog.StepThrew(_log, target.Replica, exception);
                await PostAsync(new StepFailed(target.Replica, target.Attempt, exception.Message));
            }
        });
        _running[target.Replica] = new Step(task, cancel);
        Track(task);
    }

    private async Task StopAsync(EngineTarget target)
    {
        try
        {
            if (_running.TryRemove(target.Replica, out var step))
            {
                await step.Cancel.CancelAsync();
                await step.Task;
                step.Cancel.Dispose();
            }

            await _runtime.StopAsync(target.Replica, _ended.Token);
        }
        catch (OperationCanceledException) when (_ended.IsCancellationRequested)
        {
            // Not its business any more.
            return;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The process is gone; only its pid file is not. The next start of the scheduler looks at it again.
            SchedulerLog.StopFailed(_log, target.Replica, exception);
        }

        await PostAsync(new Stopped(target.Replica, target.Attempt));
    }

    private async Task SaveAsync(string model, StartHistory history)
    {
        try
        {
            await _store.PutAsync(
                StartHistory.KeyPrefix + model, StateJson.ToBytes(history), StateDurability.Process, _ended.Token);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // Only estimates are made of it: serving goes on without.
            SchedulerLog.HistoryUnwritten(_log, model, exception);
        }
    }

    private async Task SaveOrderAsync(string model, bool holds)
    {
        try
        {
            await FleetControl.WriteSleepOrderAsync(_store, model, holds, _ended.Token);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // It holds for this run; the next one goes by the idle policy.
            SchedulerLog.OrderUnwritten(_log, model, exception);
        }
    }

    private async Task PublishAllAsync()
    {
        await foreach (var routes in _routes.Reader.ReadAllAsync())
        {
            if (_ended.IsCancellationRequested)
            {
                return;
            }

            try
            {
                await _bus.PublishAsync(Subjects.Routes, routes, _ended.Token);
            }
            catch (OperationCanceledException) when (_ended.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception) when (exception is not OutOfMemoryException)
            {
                SchedulerLog.PublishFailed(_log, exception);
            }
        }
    }

    private async ValueTask PostAsync(SchedulerEvent result)
    {
        try
        {
            await _events.WriteAsync(result, _ended.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or ChannelClosedException)
        {
            // The room is closing: its loop decides nothing any more.
        }
    }

    private void Track(Task task)
    {
        _tasks[task] = true;
        _ = task.ContinueWith(
            done => _tasks.TryRemove(done, out _),
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }
}
