using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Faults;
using Podvirt.Simulator.Gpu;

namespace Podvirt.Simulator.Sleep;

/// <summary>
/// Puts the engine to sleep and wakes it, one transition at a time. Requests are scheduled only while nothing is asleep.
/// Level 1 keeps the weights in host memory; level 2 drops them, so they are invalid until <see cref="ReloadWeightsAsync"/>.
/// </summary>
internal sealed class SleepController(SimulatedEngine engine, GpuMemory memory, Action<string> log) : IDisposable
{
    private readonly SemaphoreSlim _transition = new(1, 1);
    private volatile Asleep _asleep;
    private volatile int _level;

    public bool IsSleeping => _asleep != Asleep.Nothing;

    /// <summary>1 or 2 while asleep, 0 while awake.</summary>
    public int Level => _level;

    /// <summary>
    /// 1. admit nobody new, 2. settle the running requests as the mode says, 3. forget prefixes and weights, 4. give the memory back.
    /// Does nothing when the engine sleeps already.
    /// </summary>
    /// <returns>What went wrong, the engine being awake as before; null when it went right.</returns>
    public async Task<string?> SleepAsync(int level, SleepMode mode, CancellationToken token)
    {
        await _transition.WaitAsync(token);
        try
        {
            if (IsSleeping)
            {
                log("Executor is already sleeping.");
                return null;
            }

            if (engine.Faults.Take(FaultNames.FailSleep) is not null)
            {
                return "CUDA error: the engine could not fall asleep";
            }

            engine.Admission.Close();
            engine.Videos.Close();
            await SettleAsync(mode, token);
            engine.Prefixes.Clear();
            engine.Model.WeightsValid &= level == 1;
            await Task.Delay(engine.Options.FallAsleep, engine.Time, CancellationToken.None);
            _level = level;
            _asleep = Asleep.All;
            if (level == 1)
            {
                await memory.HoldOnHostAsync(memory.Copied, CancellationToken.None);
            }

            if (engine.Faults.Take(FaultNames.MemoryNotReturned) is null)
            {
                await memory.HoldAsync(Math.Min(memory.Asleep, memory.Held), CancellationToken.None);
            }

            log($"It took {engine.Options.FallAsleep.TotalSeconds:F6} seconds to fall asleep.");
            return null;
        }
        finally
        {
            _transition.Release();
        }
    }

    /// <summary>Wakes the named parts; requests are scheduled again once no part is asleep.</summary>
    /// <returns>What went wrong, the engine being as asleep as before; null when it went right.</returns>
    public async Task<string?> WakeAsync(Asleep parts, CancellationToken token)
    {
        await _transition.WaitAsync(token);
        try
        {
            var waking = parts & _asleep;
            if (waking == Asleep.Nothing)
            {
                log("Executor is not sleeping.");
                return null;
            }

            var left = _asleep & ~waking;
            var share = waking == Asleep.All ? 1 : 0.5;
            var duration = (_level == 2 ? engine.Options.WakeLevel2 : engine.Options.WakeLevel1) * share;
            if (engine.Faults.Take(FaultNames.SlowWake) is { } slow)
            {
                duration += slow.Duration;
            }

            if (engine.Faults.Take(FaultNames.FailWake) is not null)
            {
                return "CUDA error: the wake-up failed";
            }

            var wanted = left switch
            {
                Asleep.Nothing => memory.Awake,
                Asleep.KvCache => memory.WeightsOnly,
                _ => memory.CacheOnly,
            };
            if (await memory.HoldAsync(Math.Max(wanted, memory.Held), CancellationToken.None) is { } shortage)
            {
                return $"CUDA out of memory on {shortage.Gpu}: {shortage.Wanted} bytes wanted, {shortage.Free} of {shortage.Total} free";
            }

            if (engine.Faults.Take(FaultNames.LeakWake) is not null)
            {
                return "CUDA error: the wake-up failed half way";
            }

            await Task.Delay(duration, engine.Time, CancellationToken.None);
            _asleep = left;
            if (!left.HasFlag(Asleep.Weights) && memory.HostHeld > 0 && engine.Faults.Take(FaultNames.HostMemoryKept) is null)
            {
                await memory.HoldOnHostAsync(0, CancellationToken.None);
            }

            log($"It took {duration.TotalSeconds:F6} seconds to wake up tags {Tags(waking)}.");
            if (left == Asleep.Nothing)
            {
                _level = 0;
                engine.Thaw();
                engine.Admission.Open();
                engine.Videos.Open();
            }

            return null;
        }
        finally
        {
            _transition.Release();
        }
    }

    /// <summary>Loads the weights again after level 2.</summary>
    /// <returns>What went wrong, or null.</returns>
    public async Task<string?> ReloadWeightsAsync(CancellationToken token)
    {
        await _transition.WaitAsync(token);
        try
        {
            if (_asleep.HasFlag(Asleep.Weights))
            {
                return "CUDA error: an illegal memory access was encountered (the weights are asleep)";
            }

            engine.Model.WeightsValid = true;
            return null;
        }
        finally
        {
            _transition.Release();
        }
    }

    public void Dispose() => _transition.Dispose();

    private static string Tags(Asleep parts) => parts switch
    {
        Asleep.Weights => "weights",
        Asleep.KvCache => "kv_cache",
        _ => "weights, kv_cache",
    };

    private async Task SettleAsync(SleepMode mode, CancellationToken token)
    {
        try
        {
            // Whoever makes a video hears of nothing else until it is done.
            await engine.Videos.IdleAsync().WaitAsync(token);
            switch (mode)
            {
                case SleepMode.Abort:
                    engine.AbortAll();
                    await engine.Admission.IdleAsync();
                    break;
                case SleepMode.Wait:
                    await engine.Admission.IdleAsync().WaitAsync(token);
                    break;
                default:
                    engine.Freeze();
                    break;
            }
        }
        catch (OperationCanceledException)
        {
            // Whoever asked for the sleep has gone: serve on.
            engine.Admission.Open();
            engine.Videos.Open();
            throw;
        }
    }
}
