using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Core.Gpus;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Lifecycle;

namespace Podvirt.Scheduler.Tests.Doubles;

/// <summary>The loop with fake effects on a fake clock: no threads, one step at a time.</summary>
internal sealed class LoopWorld
{
    public const long Epoch = 7;

    private int _ids;

    public LoopWorld(
        IReadOnlyList<GpuDevice> gpus, SchedulerOptions? options = null, IReadOnlyDictionary<string, StartHistory>? histories = null,
        string[]? pinned = null, string[]? drained = null, string[]? sentToSleep = null, IReadOnlyDictionary<string, long>? hostBytes = null)
    {
        Options = options ?? new SchedulerOptions();
        Loop = new LifecycleLoop(
            new LoopSettings
            {
                Options = Options,
                Gpus = gpus,
                HostBytes = hostBytes ?? new Dictionary<string, long>(),
                Epoch = Epoch,
                Histories = histories ?? new Dictionary<string, StartHistory>(),
                NewReplicaId = () => $"r{++_ids}",
                Pinned = pinned ?? [],
                Drained = drained ?? [],
                SentToSleep = sentToSleep ?? [],
                Listener = Told,
                Environment = name => name == "HOUSE_KEY" ? " secret\n" : null,
            },
            Effects, Time, new SchedulerMetrics(), NullLogger.Instance);
    }

    public SchedulerOptions Options { get; }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public FakeEffects Effects { get; } = new();

    public RecordingListener Told { get; } = new();

    public LifecycleLoop Loop { get; }

    public void Apply(params ModelSpec[] models) => Loop.Handle(new CatalogChanged(Make.Catalog(models)));

    public FleetAnswer Ask(FleetAction action, string target)
    {
        var answer = new TaskCompletionSource<FleetAnswer>();
        Loop.Handle(new OperatorAsked(action, target, answer));
        Assert.True(answer.Task.IsCompletedSuccessfully, "the loop answers at once");
        return answer.Task.Result;
    }

    public void Tick(TimeSpan after)
    {
        Time.Advance(after);
        Loop.Handle(Podvirt.Scheduler.Lifecycle.Tick.Instance);
    }

    /// <summary>A gateway that has the newest routes says this.</summary>
    public void Report(params ModelDemand[] demand) => Report("g1", demand, []);

    public void Report(string gateway, ModelDemand[] demand, ReplicaLoad[] load, long? revision = null) =>
        Loop.Handle(new GatewayReported(new GatewayReport(gateway, Epoch, revision ?? Effects.Routes.Revision, demand, load)));

    public ModelRoute Route(string model) => Effects.Routes.Models.Single(route => route.Model.Id == model);

    public IReadOnlyList<Replica> Of(string model) => [.. Loop.Replicas.Where(replica => replica.Model.Id == model)];

    public Replica Only(string model) => Of(model).Single();

    public ReplicaState StateOf(string model) => Only(model).State;

    /// <summary>The one start that is asked for comes up.</summary>
    public void FinishStart(string model)
    {
        var start = Effects.Take(EffectKind.Start, model).Target;
        Loop.Handle(new Launched(start.Replica, start.Attempt, $"http://127.0.0.1/{start.Replica}", "key"));
        Loop.Handle(new EngineReady(start.Replica, start.Attempt));
        FinishCanary(model);
    }

    public void FinishCanary(string model)
    {
        var canary = Effects.Take(EffectKind.Canary, model).Target;
        Loop.Handle(new CanaryPassed(canary.Replica, canary.Attempt));
    }

    public void FailStart(string model, string reason)
    {
        var start = Effects.Take(EffectKind.Start, model).Target;
        Loop.Handle(new StepFailed(start.Replica, start.Attempt, reason));
        FinishStop(model);
    }

    public void FinishStop(string model)
    {
        var stop = Effects.Take(EffectKind.Stop, model).Target;
        Loop.Handle(new Stopped(stop.Replica, stop.Attempt));
    }

    /// <param name="host">What it took of host memory; null: that was not measured.</param>
    public void FinishSleep(string model, long residue = Make.GiB, long? host = null)
    {
        var sleep = Effects.Take(EffectKind.Sleep, model).Target;
        Loop.Handle(new FellAsleep(sleep.Replica, sleep.Attempt, residue, host is { } added ? new HostMeasure(Make.GiB, added) : null));
    }

    public void FinishWake(string model)
    {
        var wake = Effects.Take(EffectKind.Wake, model).Target;
        Loop.Handle(new Woke(wake.Replica, wake.Attempt));
        FinishCanary(model);
    }

    /// <summary>Demand, start, Active.</summary>
    public Replica Serve(string model)
    {
        Report(new ModelDemand(model, 1, 0, 0));
        FinishStart(model);
        Report();
        return Of(model)[^1];
    }

    /// <summary>Time passes while the gateway keeps saying this.</summary>
    public void Live(TimeSpan duration, params ModelDemand[] demand)
    {
        for (var passed = TimeSpan.Zero; passed < duration; passed += TimeSpan.FromSeconds(1))
        {
            Tick(TimeSpan.FromSeconds(1));
            Report(demand);
        }
    }
}
