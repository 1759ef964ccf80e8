using System.Globalization;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Faults;
using Podvirt.Simulator.Gpu;
using Podvirt.Simulator.Options;

namespace Podvirt.Simulator.Startup;

/// <summary>
/// What an engine does before it listens, told on standard output phase by phase: 1. download, 2. claim the gpu memory and load the
/// weights, 3. compile, 4. capture graphs.
/// </summary>
internal sealed class LoadSequence(SimulatedEngine engine, GpuMemory memory, EngineLog log)
{
    private readonly SimulatorOptions _options = engine.Options;

    /// <returns>False when the engine cannot start; the log says why.</returns>
    public async Task<bool> RunAsync(CancellationToken token)
    {
        log.Info("api_server.py:1273", $"vLLM API server version {EngineVersion.Text}");
        log.Info("core.py:97", $"Initializing a V1 LLM engine (v{EngineVersion.Text}) with config: model='{_options.Model}', "
            + $"tensor_parallel_size={_options.TensorParallelSize}, max_seq_len={_options.MaxModelLength}, enable_sleep_mode={_options.EnableSleepMode}");
        if (memory.Gpus.Count < _options.TensorParallelSize)
        {
            Fail($"World size ({_options.TensorParallelSize}) is larger than the number of available GPUs ({memory.Gpus.Count}).");
            return false;
        }

        if (_options.LoadDownload > TimeSpan.Zero)
        {
            log.Info("weight_utils.py:392", "Downloading weights...");
            await PhaseAsync(_options.LoadDownload, token);
            log.Info("weight_utils.py:413", $"Time spent downloading weights for {_options.Model}: {Seconds(_options.LoadDownload, 6)} seconds");
        }

        return await LoadWeightsAsync(token) && await CompileAndCaptureAsync(token);
    }

    private async Task<bool> LoadWeightsAsync(CancellationToken token)
    {
        log.Info("gpu_model_runner.py:2968", $"Starting to load model {_options.Model}...");
        if (await memory.HoldAsync(memory.Awake, token) is { } shortage)
        {
            Fail($"Free memory on device ({GiB(shortage.Free)}/{GiB(shortage.Total)} GiB) on startup is less than desired GPU memory utilization "
                + $"({Number(_options.GpuMemoryUtilization, 2)}, {GiB(shortage.Wanted)} GiB). Decrease GPU memory utilization or reduce GPU memory "
                + "used by other processes.");
            return false;
        }

        var duration = _options.LoadWeights + (engine.Faults.Take(FaultNames.SlowStart)?.Duration ?? TimeSpan.Zero);
        await PhaseAsync(duration, token);
        log.Info("default_loader.py:314", $"Loading weights took {Seconds(duration, 2)} seconds");
        log.Info("gpu_model_runner.py:3049", $"Model loading took {GiB(memory.WeightsOnly)} GiB and {Seconds(duration, 6)} seconds");
        if (engine.Faults.Take(FaultNames.FailStart) is null)
        {
            return true;
        }

        log.Error("core.py:935", "EngineCore failed to start.");
        Fail("CUDA error: an illegal memory access was encountered");
        return false;
    }

    private async Task<bool> CompileAndCaptureAsync(CancellationToken token)
    {
        await PhaseAsync(_options.LoadCompile, token);
        log.Info("monitor.py:34", $"torch.compile takes {Seconds(_options.LoadCompile, 2)} s in total");
        log.Info("gpu_worker.py:298", $"Available KV cache memory: {GiB(memory.Awake - memory.WeightsOnly)} GiB");
        await PhaseAsync(_options.LoadGraphs, token);
        log.Info("gpu_model_runner.py:3837", $"Graph capturing finished in {Seconds(_options.LoadGraphs, 2)} secs, took 0.54 GiB");
        log.Info("core.py:210", $"init engine (profile, create kv cache, warmup model) took {Seconds(_options.LoadCompile + _options.LoadGraphs, 2)} seconds");
        return true;
    }

    private void Fail(string reason) => log.Plain("ValueError: " + reason);

    private Task PhaseAsync(TimeSpan duration, CancellationToken token) => Task.Delay(duration, engine.Time, token);

    private static string GiB(long bytes) => Number((double)bytes / SimulatorOptions.GiB, 2);

    private static string Seconds(TimeSpan time, int digits) => Number(time.TotalSeconds, digits);

    private static string Number(double value, int digits) => value.ToString("F" + digits, CultureInfo.InvariantCulture);
}
