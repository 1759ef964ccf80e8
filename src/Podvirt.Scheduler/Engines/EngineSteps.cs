using System.Net;
using System.Net.Sockets;
using Podvirt.Core.Models;
using Podvirt.Scheduler.Gpus;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Runtimes;

namespace Podvirt.Scheduler.Engines;

/// <summary>Start, canary, sleep, wake and probe of one engine, each from its request to its result, each within its own limit.</summary>
internal sealed partial class EngineSteps(
    SchedulerOptions options, IReplicaRuntime runtime, EngineClient client, Func<bool, IGpuMeter> meterOf, TimeProvider time)
{
    /// <summary>A simulated or tiny engine is up in under a second, a large one in minutes: asked often first, then less so.</summary>
    private static readonly TimeSpan ReadyIntervalMin = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan ReadyIntervalMax = TimeSpan.FromMilliseconds(500);

    // A connect that takes too long is a cancellation that nobody asked for.
    private static readonly string NoConnection = $"no connection within {EngineClient.ConnectTimeout.TotalSeconds:0} s";

    /// <summary>Spawns, then follows health and log until the engine answers.</summary>
    public async Task<SchedulerEvent> StartAsync(
        EngineTarget target, Func<SchedulerEvent, ValueTask> post, CancellationToken cancellationToken)
    {
        RunningReplica running;
        try
        {
            var budget = await MemoryBudgetAsync(target, cancellationToken);
            running = await runtime.StartAsync(new ReplicaStart(target.Replica, target.Model, target.Gpus, budget), cancellationToken);
        }
        catch (ReplicaStartException exception)
        {
            return Failed(target, exception.Message);
        }

        await post(new Launched(target.Replica, target.Attempt, running.Address, running.ApiKey, running.Gpus));
        var path = ReadyPathOf(target.Model.Engine);
        var started = time.GetTimestamp();
        var interval = ReadyIntervalMin;
        var phase = WarmUpPhases.Starting;
        var logPosition = default(LogPosition);
        var clock = new StartClock(target.Model.Engine.StartTimeout, options.DownloadTimeout, options.DownloadSilence);
        while (true)
        {
            var (written, logEnd) = await runtime.ReadLogAsync(target.Replica, logPosition, cancellationToken);
            logPosition = logEnd;
            if (clock.Pass(phase, time.GetElapsedTime(started), written.Length > 0) is { } tooLong)
            {
                return Failed(target, tooLong);
            }

            var next = StartupPhases.Advance(phase, written);
            if (next != phase)
            {
                phase = next;
                await post(new PhaseSeen(target.Replica, target.Attempt, phase));
            }

            if ((await GetAsync(running.Address, path, running.ApiKey, cancellationToken)).Result == ProbeResult.Healthy)
            {
                return new EngineReady(target.Replica, target.Attempt);
            }

            await Task.Delay(interval, time, cancellationToken);
            interval = TimeSpan.FromTicks(Math.Min(ReadyIntervalMax.Ticks, interval.Ticks * 5 / 4));
        }
    }

    public Task<SchedulerEvent> CanaryAsync(EngineTarget target, CancellationToken cancellationToken) =>
        LimitAsync(target, "canary", options.CanaryTimeout, async token =>
        {
            await client.CanaryAsync(target, token);
            return new CanaryPassed(target.Replica, target.Attempt);
        }, cancellationToken);

    public async Task<SchedulerEvent> ProbeAsync(EngineTarget target, bool wasTrouble, CancellationToken cancellationToken)
    {
        var path = ReadyPathOf(target.Model.Engine);
        var (result, detail) = await GetAsync(target.Address, path, target.ApiKey, cancellationToken);
        var jobs = result == ProbeResult.Healthy ? await CountJobsAsync(target, cancellationToken) : null;
        var asleep = result == ProbeResult.Healthy && options.ElectsLeader ? await TellAsleepAsync(target, cancellationToken) : null;
        return new Probed(target.Replica, target.Attempt, result, wasTrouble, detail, jobs, AddedToHost(target, target.HostBase), asleep);
    }

    public async Task<SchedulerEvent> ProbeExternalAsync(ModelSpec model, string apiKey, CancellationToken cancellationToken)
    {
        if (model.Engine.Url is not { } url)
        {
            return new ExternalProbed(model.Id, model.Revision, false, "the catalog gives no url");
        }

        var address = url.ToString().TrimEnd('/');
        var (result, detail) = await GetAsync(address, "/health", apiKey, cancellationToken);
        if (result != ProbeResult.Healthy)
        {
            // Many OpenAI-compatible servers have no /health.
            (result, var second) = await GetAsync(address, "/v1/models", apiKey, cancellationToken);
            detail = result == ProbeResult.Healthy ? "" : $"{detail}; {second}";
        }

        return new ExternalProbed(model.Id, model.Revision, result == ProbeResult.Healthy, detail);
    }

    private async Task<SchedulerEvent> LimitAsync(
        EngineTarget target, string step, TimeSpan limit,
        Func<CancellationToken, Task<SchedulerEvent>> run, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(limit, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            return await run(both.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Failed(target, late.IsCancellationRequested ? $"{step} took longer than {limit.TotalSeconds:0} s" : $"{step} failed: {NoConnection}");
        }
        catch (Exception exception) when (IsTrouble(exception))
        {
            return Failed(target, $"{step} failed: {exception.Message}");
        }
    }

    /// <summary>Null when they cannot be listed, which is no failed health check.</summary>
    private Task<int?> CountJobsAsync(EngineTarget target, CancellationToken cancellationToken) =>
        TryAsync<int>(async token => await client.CountUnfinishedJobsAsync(target, token), cancellationToken);

    /// <summary>Null where it cannot be told.</summary>
    private async Task<bool?> TellAsleepAsync(EngineTarget target, CancellationToken cancellationToken) => EngineTraits.CanSleep(target.Model)
        ? await TryAsync<bool>(
            async token => await client.IsSleepingAsync(target, token)
                ?? (await HeldAsync(target, token) is { } held ? held <= ResidueLimit(target.Model.Gpu.MemoryBytes) : null),
            cancellationToken)
        : null;

    /// <summary>Null where there is no answer within a probe's time, or none that tells.</summary>
    private async Task<T?> TryAsync<T>(Func<CancellationToken, Task<T?>> ask, CancellationToken cancellationToken)
        where T : struct
    {
        using var late = new CancellationTokenSource(options.ProbeTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            return await ask(both.Token);
        }
        catch (Exception exception) when (IsTrouble(exception) || (exception is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }

    private static string ReadyPathOf(EngineSpec engine) => engine.Kind == EngineKind.Command ? engine.ReadyPath : "/health";

    /// <summary>A 200 is healthy; for the rest the detail says what is wrong.</summary>
    private async Task<(ProbeResult Result, string Detail)> GetAsync(string address, string path, string apiKey, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(options.ProbeTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            var status = await client.GetStatusAsync(address, path, apiKey, both.Token);
            return status == HttpStatusCode.OK ? (ProbeResult.Healthy, "") : (ProbeResult.Unhealthy, $"{path} answered {(int)status}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (ProbeResult.Silent, late.IsCancellationRequested ? $"{path} did not answer within {options.ProbeTimeout.TotalSeconds:0.#} s" : $"{path}: {NoConnection}");
        }
        catch (Exception exception) when (IsTrouble(exception))
        {
            return (ProbeResult.Unhealthy, $"{path}: {exception.Message}");
        }
    }

    /// <summary>What an engine does, or does not answer. A connection that it resets before its use is a bare <see cref="SocketException"/>.</summary>
    private static bool IsTrouble(Exception exception) => exception is HttpRequestException or SocketException or EngineException or IOException;

    private static StepFailed Failed(EngineTarget target, string reason) => new(target.Replica, target.Attempt, reason);
}
