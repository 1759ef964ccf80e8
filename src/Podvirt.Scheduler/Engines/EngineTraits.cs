using Podvirt.Core.Models;

namespace Podvirt.Scheduler.Engines;

/// <summary>What each kind of engine can do.</summary>
internal static class EngineTraits
{
    public static bool CanSleep(ModelSpec model) => model.Engine.Kind is EngineKind.Vllm or EngineKind.VllmOmni or EngineKind.Simulated;

    /// <summary>Speaks vllm-omni's API, which has a sleep of its own. The simulated engine does so for the models that only vllm-omni serves.</summary>
    public static bool IsOmni(ModelSpec model) =>
        model.Engine.Kind == EngineKind.VllmOmni || model is { Engine.Kind: EngineKind.Simulated, Type: ModelType.VideoGeneration };

    /// <summary>Works on after a request has been answered, and forgets that work with its process.</summary>
    public static bool HasJobs(ModelSpec model) => IsOmni(model);

    /// <summary>vllm-omni cannot wake from level 2.</summary>
    public static int SleepLevel(ModelSpec model, int wished) => IsOmni(model) ? 1 : wished;

    /// <summary>True: simulated gpus only; false: real ones only; null: whatever there is.</summary>
    public static bool? NeedsSimulatedGpu(ModelSpec model) => model.Engine.Kind switch
    {
        EngineKind.Simulated => true,
        EngineKind.Vllm or EngineKind.VllmOmni => false,
        _ => null,
    };
}
