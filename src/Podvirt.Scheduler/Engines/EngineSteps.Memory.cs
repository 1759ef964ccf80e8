using System.Globalization;
using Podvirt.Core.Gpus;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Runtimes;
using Podvirt.Scheduler.Runtimes.Nomad;

namespace Podvirt.Scheduler.Engines;

/// <summary>What the gpus themselves say, before a start and after a sleep.</summary>
internal sealed partial class EngineSteps
{
    private const long GiB = 1L << 30;

    /// <summary>What a real engine takes beside its own limit, before it looks what is free: context and communication buffers.</summary>
    private const long ContextBytes = GiB;

    private static readonly TimeSpan MeasureInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// Published sleepers keep 1.2 to 1.4 GiB per gpu, larger ones about a tenth; a small model must at least give back a
    /// quarter. What holds more than that has not slept, whatever it says.
    /// </summary>
    internal static long ResidueLimit(long reserved) => Math.Min(Math.Max(2 * GiB, reserved / 10), reserved / 4 * 3);

    /// <summary>
    /// What the engine may take on each gpu: its need, or what sleepers and others leave free where that is a little less.
    /// An engine that asks for more than is free does not start. Memory of those that just left is waited for.
    /// </summary>
    /// <exception cref="ReplicaStartException">Less than nine tenths of the need are free.</exception>
    private async Task<long> MemoryBudgetAsync(EngineTarget target, CancellationToken cancellationToken)
    {
        var need = target.Model.Gpu.MemoryBytes;
        if (options.Nomad?.Placement == NomadPlacement.Exclusive)
        {
            // It gets whole gpus, and not those that it was placed on.
            return need;
        }

        var started = time.GetTimestamp();
        while (true)
        {
            if (await FreeAsync(target.Gpus, cancellationToken) is not { Count: > 0 } free)
            {
                return need;
            }

            var least = free.Min();
            var budget = Math.Min(need, least - (target.Gpus[0].Simulated ? 0 : ContextBytes));
            if (budget >= need)
            {
                return need;
            }

            if (time.GetElapsedTime(started) >= options.MemoryReturnTimeout)
            {
                return budget >= need / 10 * 9 ? budget : throw new ReplicaStartException(
                    $"{GiBText(least)} GiB are free on a gpu where {GiBText(need)} GiB are needed: something that Podvirt did not start holds the rest");
            }

            await Task.Delay(MeasureInterval, time, cancellationToken);
        }
    }

    private async Task<SchedulerEvent> VerifyAsleepAsync(EngineTarget target, IReadOnlyList<long>? freeBefore, CancellationToken cancellationToken)
    {
        if (target.Gpus.Count == 0)
        {
            return new FellAsleep(target.Replica, target.Attempt, 0);
        }

        var limit = ResidueLimit(target.Model.Gpu.MemoryBytes);
        var started = time.GetTimestamp();
        while (true)
        {
            var held = await HeldAsync(target, cancellationToken) ?? await HeldByDifferenceAsync(target, freeBefore, cancellationToken);
            if (held is { } bytes && bytes <= limit)
            {
                return new FellAsleep(target.Replica, target.Attempt, bytes);
            }

            if (time.GetElapsedTime(started) >= options.MemoryReturnTimeout)
            {
                return Failed(target, held is null
                    ? "asleep, but its gpu memory cannot be measured"
                    : $"asleep, but {GiBText(held.Value)} GiB of gpu memory did not come back");
            }

            await Task.Delay(MeasureInterval, time, cancellationToken);
        }
    }

    /// <summary>Null when it cannot be measured, or the process is gone.</summary>
    private async Task<long?> HeldAsync(EngineTarget target, CancellationToken cancellationToken) =>
        RunningOf(target) is { } running
            ? await meterOf(target.Gpus[0].Simulated).MeasureAsync([.. target.Gpus.Select(gpu => gpu.Id)], running, cancellationToken)
            : null;

    /// <summary>Null when it cannot be measured, or the process is gone.</summary>
    private long? MeasureHost(EngineTarget target) =>
        target.Gpus.Count > 0 && RunningOf(target) is { } running ? meterOf(target.Gpus[0].Simulated).MeasureHost(running) : null;

    private RunningReplica? RunningOf(EngineTarget target) => runtime.List().FirstOrDefault(running => running.Replica == target.Replica);

    private long? AddedToHost(EngineTarget target, long? hostBase) =>
        hostBase is { } before && MeasureHost(target) is { } now ? Math.Max(0, now - before) : null;

    /// <summary>
    /// What is free now less what was free before is what the replica gave back: nobody else on its gpus starts, sleeps or
    /// wakes meanwhile.
    /// </summary>
    private async Task<long?> HeldByDifferenceAsync(EngineTarget target, IReadOnlyList<long>? freeBefore, CancellationToken cancellationToken)
    {
        if (freeBefore is null || await FreeAsync(target.Gpus, cancellationToken) is not { } freeAfter)
        {
            return null;
        }

        return freeAfter.Zip(freeBefore, (after, before) => Math.Max(0, target.Model.Gpu.MemoryBytes - (after - before))).Max();
    }

    private async Task<IReadOnlyList<long>?> FreeAsync(IReadOnlyList<GpuDevice> gpus, CancellationToken cancellationToken) =>
        gpus.Count == 0 ? [] : await meterOf(gpus[0].Simulated).FreeAsync(gpus, cancellationToken);

    private static string GiBText(long bytes) => ((double)bytes / GiB).ToString("0.0", CultureInfo.InvariantCulture);
}
