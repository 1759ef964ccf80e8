using System.Net;
using Podvirt.Core.Models;
using Podvirt.Scheduler.Gpus;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Runtimes;

namespace Podvirt.Scheduler.Engines;

/// <summary>Start, canary, sleep, wake and probe of one engine, each from its request to its result, each within its own limit.</summary>
internal sealed class EngineSteps(
    SchedulerOptions options, IReplicaRuntime runtime, EngineClient client, Func<bool, IGpuMeter> meterOf, TimeProvider time)
{
    /// <summary>A simulated or tiny engine is up in under a second, a large one in minutes: asked often first, then less so.</summary>
    private static readonly TimeSpan ReadyIntervalMin = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan ReadyIntervalMax = TimeSpan.FromMilliseconds(500);

    private static readonly TimeSpan MeasureInterval = TimeSpan.FromMilliseconds(50);

    private const long GiB = 1L << 30;

    /// <summary>Spawns, then follows health and log until the engine answers.</summary>
    public async Task<SchedulerEvent> StartAsync(
        EngineTarget target, Func<SchedulerEvent, ValueTask> post, CancellationToken cancellationToken)
    {
        RunningReplica running;
        try
        {
            running = await runtime.StartAsync(new ReplicaStart(target.Replica, target.Model, target.Gpus), cancellationToken);
        }
        catch (ReplicaStartException exception)
        {
            return Failed(target, exception.Message);
        }

        await post(new Launched(target.Replica, target.Attempt, running.Address, running.ApiKey));
        var path = ReadyPathOf(target.Model.Engine);
        var started = time.GetTimestamp();
        var interval = ReadyIntervalMin;
        var phase = WarmUpPhases.Starting;
        var logPosition = 0L;
        while (time.GetElapsedTime(started) < target.Model.Engine.StartTimeout)
        {
            var next = StartupPhases.Advance(phase, runtime.ReadLog(target.Replica, ref logPosition));
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

        return Failed(target, $"not ready after {target.Model.Engine.StartTimeout.TotalSeconds:0} s, in phase '{phase}'");
    }

    public Task<SchedulerEvent> CanaryAsync(EngineTarget target, CancellationToken cancellationToken) =>
        LimitAsync(target, "canary", options.CanaryTimeout, async token =>
        {
            await client.CanaryAsync(target, token);
            return new CanaryPassed(target.Replica, target.Attempt);
        }, cancellationToken);

    /// <summary>The call, the engine's own word, and the gpus' word: all three, because the first two have been wrong.</summary>
    public Task<SchedulerEvent> SleepAsync(EngineTarget target, CancellationToken cancellationToken) =>
        LimitAsync(target, "sleep", options.SleepTimeout + options.MemoryReturnTimeout, async token =>
        {
            await client.SleepAsync(target, token);
            while (!await client.IsSleepingAsync(target, token))
            {
                await Task.Delay(MeasureInterval, time, token);
            }

            return await MeasureAsync(target, token);
        }, cancellationToken);

    public Task<SchedulerEvent> WakeAsync(EngineTarget target, CancellationToken cancellationToken) =>
        LimitAsync(target, "wake", options.WakeTimeout, async token =>
        {
            await client.WakeAsync(target, token);
            return new Woke(target.Replica, target.Attempt);
        }, cancellationToken);

    public async Task<SchedulerEvent> ProbeAsync(EngineTarget target, bool wasTrouble, CancellationToken cancellationToken)
    {
        var path = ReadyPathOf(target.Model.Engine);
        var (result, detail) = await GetAsync(target.Address, path, target.ApiKey, cancellationToken);
        return new Probed(target.Replica, target.Attempt, result, wasTrouble, detail);
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

    /// <summary>
    /// Published sleepers keep 1.2 to 1.4 GiB per gpu, larger ones about a tenth; a small model must at least give back a
    /// quarter. What holds more than that has not slept, whatever it says.
    /// </summary>
    internal static long ResidueLimit(long reserved) => Math.Min(Math.Max(2 * GiB, reserved / 10), reserved / 4 * 3);

    private async Task<SchedulerEvent> MeasureAsync(EngineTarget target, CancellationToken cancellationToken)
    {
        if (target.Gpus.Count == 0)
        {
            return new FellAsleep(target.Replica, target.Attempt, 0);
        }

        var session = runtime.List().FirstOrDefault(running => running.Replica == target.Replica)?.Process;
        if (session is null)
        {
            return Failed(target, "the process ended while it fell asleep");
        }

        var meter = meterOf(target.Gpus[0].Simulated);
        var ids = target.Gpus.Select(gpu => gpu.Id).ToList();
        var limit = ResidueLimit(target.Model.Gpu.MemoryBytes);
        var started = time.GetTimestamp();
        while (true)
        {
            var held = await meter.MeasureAsync(ids, session.Value, cancellationToken);
            if (held is { } bytes && bytes <= limit)
            {
                return new FellAsleep(target.Replica, target.Attempt, bytes);
            }

            if (time.GetElapsedTime(started) >= options.MemoryReturnTimeout)
            {
                return Failed(target, held is null
                    ? "asleep, but its gpu memory cannot be measured"
                    : $"asleep, but {(double)held.Value / GiB:0.0} GiB of gpu memory did not come back");
            }

            await Task.Delay(MeasureInterval, time, cancellationToken);
        }
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
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return Failed(target, $"{step} took longer than {limit.TotalSeconds:0} s");
        }
        catch (Exception exception) when (exception is HttpRequestException or EngineException or IOException)
        {
            return Failed(target, $"{step} failed: {exception.Message}");
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
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return (ProbeResult.Silent, $"{path} did not answer within {options.ProbeTimeout.TotalSeconds:0.#} s");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return (ProbeResult.Unhealthy, $"{path}: {exception.Message}");
        }
    }

    private static StepFailed Failed(EngineTarget target, string reason) => new(target.Replica, target.Attempt, reason);
}
