using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Messaging;
using Podvirt.Scheduler.Leadership;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>
/// Writes an intent before each effect that changes what a replica holds, and only then lets it begin: off the loop's
/// thread, in order for each replica, all replicas beside each other. An intent that cannot be written, or that another
/// scheduler's write came before, fails the step. A stop goes ahead all the same: it is what heals.
/// </summary>
/// <remarks>
/// Where several schedulers stand by for each other: 1. an effect is refused when the lease has ended; 2. its intent is written, over
/// whatever an earlier leader left there; 3. the epoch is confirmed, so that whoever raises it after that finds the intent; 4. the lease is
/// looked at once more. A store that does not answer is waited for as long as the lease holds: an effect, a stop too, that
/// nobody else could know of would be worse than a late one.
/// </remarks>
internal sealed partial class RecordedEffects(
    IEffects inner, IStateStore store, Mandate mandate, ChannelWriter<SchedulerEvent> events, TimeProvider time, SchedulerMetrics metrics, ILogger log)
    : IEffects, ILoopListener, IAsyncDisposable
{
    /// <summary>One replica's effects, one after the other. Only the loop appends.</summary>
    private sealed class Line
    {
        public Task Last { get; set; } = Task.CompletedTask;

        /// <summary>Of the intent in the store; null: there is none. Touched by the line's own steps only.</summary>
        public long? Revision { get; set; }
    }

    private readonly Dictionary<string, Line> _lines = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Task, bool> _running = new();
    private readonly CancellationTokenSource _ended = new();

    public void Start(EngineTarget target) => Begin(target, IntentEffect.Start, inner.Start);

    public void Sleep(EngineTarget target) => Begin(target, IntentEffect.Sleep, inner.Sleep);

    public void Wake(EngineTarget target) => Begin(target, IntentEffect.Wake, inner.Wake);

    public void Stop(EngineTarget target) => Begin(target, IntentEffect.Stop, inner.Stop);

    public void Canary(EngineTarget target) => inner.Canary(target);

    public void Look(EngineTarget target, IntentEffect? underWay) => inner.Look(target, underWay);

    /// <summary>The intent of an earlier run holds until it is known what became of its effect. Before the first effect.</summary>
    /// <param name="revision">Of the intent in the store.</param>
    public void Resume(string replica, long revision) => _lines.Add(replica, new Line { Revision = revision });

    public void Probe(EngineTarget target, bool wasTrouble) => inner.Probe(target, wasTrouble);

    public void ProbeExternal(ModelSpec model, string apiKey) => inner.ProbeExternal(model, apiKey);

    public void Publish(RouteTable routes)
    {
        if (mandate.Holds)
        {
            inner.Publish(routes);
        }
    }

    public void SaveSleepOrder(string model, bool holds) => inner.SaveSleepOrder(model, holds);

    public void SaveHistory(string model, StartHistory history) => inner.SaveHistory(model, history);

    public void Show(FleetReport report)
    {
        // Nothing of it belongs to an effect.
    }

    /// <summary>The result of an effect is known: its intent has served.</summary>
    public void Moved(ReplicaTransition transition)
    {
        var isSettled = transition is { To: null or ReplicaState.Sleeping or ReplicaState.Failed }
            or { To: ReplicaState.Active, From: not ReplicaState.Draining };
        if (isSettled && _lines.TryGetValue(transition.Replica, out var line))
        {
            Append(line, () => ForgetAsync(transition.Replica, line));
            if (transition.To is null)
            {
                _lines.Remove(transition.Replica);
            }
        }
    }

    /// <summary>
    /// Ends what still waits for the store. Alone, its replicas end with it, and an orderly stop leaves no intent; otherwise they go on, and
    /// whoever comes next has to know what was under way.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        if (_ended.IsCancellationRequested)
        {
            return;
        }

        await _ended.CancelAsync();
        await Task.WhenAll(_running.Keys);
        if (!mandate.IsAlone)
        {
            return;
        }

        foreach (var (replica, line) in _lines)
        {
            await ForgetAsync(replica, line);
        }
    }

    private void Begin(EngineTarget target, IntentEffect effect, Action<EngineTarget> run)
    {
        if (!_lines.TryGetValue(target.Replica, out var line))
        {
            _lines.Add(target.Replica, line = new Line());
        }

        var intent = Intent.For(mandate.Epoch, target, effect, time.GetUtcNow());
        Append(line, async () =>
        {
            if (!mandate.IsAlone)
            {
                await RunFencedAsync(intent, line, () => run(target));
                return;
            }

            // A room that closes begins nothing any more.
            var problem = _ended.IsCancellationRequested ? null : await WriteAsync(intent, line);
            if (_ended.IsCancellationRequested)
            {
                return;
            }

            if (problem is null || effect == IntentEffect.Stop)
            {
                run(target);
            }
            else
            {
                await PostAsync(
                    new StepFailed(target.Replica, target.Attempt, $"the intent to {effect.ToString().ToLowerInvariant()} it {problem}"));
            }
        });
    }

    private void Append(Line line, Func<Task> step)
    {
        var before = line.Last;
        var task = Task.Run(async () =>
        {
            await before;
            await step();
        });
        line.Last = task;
        _running[task] = true;
        _ = task.ContinueWith(
            done => _running.TryRemove(done, out _),
            CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private async Task PostAsync(SchedulerEvent result)
    {
        try
        {
            await events.WriteAsync(result, _ended.Token);
        }
        catch (OperationCanceledException) when (_ended.IsCancellationRequested)
        {
            // The room is closing: its loop decides nothing any more.
        }
    }

    /// <returns>Null when it is written; otherwise what went wrong, as the end of a sentence.</returns>
    private async Task<string?> WriteAsync(Intent intent, Line line)
    {
        try
        {
            var key = Intent.KeyPrefix + intent.Replica;
            var bytes = StateJson.ToBytes(intent);
            line.Revision = line.Revision is { } revision
                ? await store.UpdateAsync(key, bytes, revision, StateDurability.Process, CancellationToken.None)
                : await store.CreateAsync(key, bytes, StateDurability.Process, CancellationToken.None);
            return line.Revision is null ? "was forestalled by another scheduler's" : null;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            SchedulerLog.IntentUnwritten(log, intent.Model, intent.Replica, intent.Effect, exception);
            return $"could not be written: {exception.Message}";
        }
    }

    private async Task ForgetAsync(string replica, Line line)
    {
        if (line.Revision is not { } revision)
        {
            return;
        }

        try
        {
            await store.DeleteAsync(Intent.KeyPrefix + replica, revision, StateDurability.Process, mandate.Ended);
            line.Revision = null;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The next intent replaces it; after the last one the next start of the scheduler finds it served.
            SchedulerLog.IntentUndeleted(log, replica, exception);
        }
    }
}
