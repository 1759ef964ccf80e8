using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Podvirt.Core.Gpus;
using Podvirt.Core.Models;

namespace Podvirt.Scheduler.Engines;

/// <param name="Arguments">The program first.</param>
/// <param name="Environment">Set on top of what the child inherits.</param>
internal sealed record EngineCommand(IReadOnlyList<string> Arguments, IReadOnlyDictionary<string, string> Environment);

/// <param name="Host">The address to listen on, or what the runtime replaces by it.</param>
/// <param name="Port">The same of the port.</param>
internal readonly record struct EngineListen(string Host, string Port)
{
    public static EngineListen Loopback(int port) => new("127.0.0.1", port.ToString(CultureInfo.InvariantCulture));
}

/// <summary>Writes an engine's command line and environment. Pure.</summary>
internal sealed class EngineCommandBuilder
{
    private readonly string _vllm;
    private readonly IReadOnlyList<string> _simulator;
    private readonly string _gpuDirectory;

    /// <param name="vllm">The vLLM program.</param>
    /// <param name="simulator">The simulated engine's program, with <c>dotnet</c> before it where it is a dll.</param>
    /// <param name="gpuDirectory">The simulated gpus' account.</param>
    public EngineCommandBuilder(string vllm, IReadOnlyList<string> simulator, string gpuDirectory)
    {
        _vllm = vllm;
        _simulator = simulator;
        _gpuDirectory = gpuDirectory;
    }

    /// <param name="memoryBytes">What the engine may take on each gpu.</param>
    public EngineCommand Build(ModelSpec model, IReadOnlyList<GpuDevice> gpus, long memoryBytes, EngineListen listen, string apiKey)
    {
        var indices = string.Join(',', gpus.Select(gpu => gpu.Index));
        List<string> arguments = model.Engine.Kind switch
        {
            EngineKind.Vllm => [_vllm, .. Serve(model, gpus, memoryBytes, listen), .. model.Engine.Args],
            EngineKind.VllmOmni => [_vllm, .. Serve(model, gpus, memoryBytes, listen), "--omni", .. model.Engine.Args],
            EngineKind.Simulated => [.. _simulator, .. Serve(model, gpus, memoryBytes, listen), .. Simulation(model, gpus), .. model.Engine.Args],
            EngineKind.Command => [.. model.Engine.Command.Concat(model.Engine.Args).Select(part => Fill(part, model, indices, listen))],
            _ => throw new InvalidOperationException($"An engine of kind {model.Engine.Kind.ToName()} is not started here."),
        };
        var environment = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            // By UUID: an index means another device wherever the order is another.
            ["CUDA_VISIBLE_DEVICES"] = string.Join(',', gpus.Select(gpu => gpu.Id)),
            ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID",
            // In the arguments it would stand in every process list.
            ["VLLM_API_KEY"] = apiKey,
            // Opens /sleep, /wake_up and /collective_rpc.
            ["VLLM_SERVER_DEV_MODE"] = "1",
        };
        foreach (var (name, value) in model.Engine.Env)
        {
            environment[name] = value;
        }

        if (model.Engine is { Kind: EngineKind.Command, ApiKeyEnv: { } keyVariable })
        {
            environment[keyVariable] = apiKey;
        }

        return new EngineCommand(arguments, environment);
    }

    /// <summary>A digest of all that an engine is started with, apart from its own port and key. Stable between runs.</summary>
    public string SettingsOf(ModelSpec model, IReadOnlyList<GpuDevice> gpus, long memoryBytes)
    {
        var command = Build(model, gpus, memoryBytes, EngineListen.Loopback(0), apiKey: "");
        var environment = command.Environment.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}");
        var text = string.Join('\0', [.. command.Arguments, "", .. environment]);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    /// <summary>The share of the smallest chosen gpu, rounded down so that it is never more than was reserved.</summary>
    public static string Utilization(long bytes, IReadOnlyList<GpuDevice> gpus)
    {
        var total = gpus.Min(gpu => gpu.MemoryBytes);
        var share = Math.Floor((decimal)bytes / total * 10_000m) / 10_000m;
        return Math.Min(share, 1m).ToString("0.####", CultureInfo.InvariantCulture);
    }

    private static IEnumerable<string> Serve(ModelSpec model, IReadOnlyList<GpuDevice> gpus, long memoryBytes, EngineListen listen)
    {
        yield return "serve";
        yield return model.Engine.Model;
        yield return "--host";
        yield return listen.Host;
        yield return "--port";
        yield return listen.Port;
        yield return "--served-model-name";
        yield return model.ServedAs;
        yield return "--enable-sleep-mode";
        if (gpus.Count > 0)
        {
            yield return "--gpu-memory-utilization";
            yield return Utilization(memoryBytes, gpus);
        }

        // Whoever splits a model otherwise, by pipeline or by expert, says all of it in the arguments.
        if (gpus.Count > 1 && !model.Engine.Args.Any(SaysTensorParallel))
        {
            yield return "--tensor-parallel-size";
            yield return gpus.Count.ToString(CultureInfo.InvariantCulture);
        }
    }

    private static bool SaysTensorParallel(string argument) =>
        argument.Split('=', 2)[0].Replace('_', '-') is "--tensor-parallel-size" or "-tp";

    private IEnumerable<string> Simulation(ModelSpec model, IReadOnlyList<GpuDevice> gpus)
    {
        if (gpus.Count > 0)
        {
            yield return "--sim-gpu-dir";
            yield return _gpuDirectory;
            yield return "--sim-gpu-memory";
            yield return gpus.Min(gpu => gpu.MemoryBytes).ToString(CultureInfo.InvariantCulture);
        }

        if (EngineTraits.IsOmni(model))
        {
            yield return "--omni";
        }

        yield return "--sim-type";
        yield return model.Type == ModelType.VideoGeneration ? "video" : model.Type.ToName();
    }

    private static string Fill(string part, ModelSpec model, string gpus, EngineListen listen) => part
        .Replace("{port}", listen.Port, StringComparison.Ordinal)
        .Replace("{host}", listen.Host, StringComparison.Ordinal)
        .Replace("{gpus}", gpus, StringComparison.Ordinal)
        .Replace("{model}", model.Engine.Model, StringComparison.Ordinal);
}
