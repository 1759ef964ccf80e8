namespace Podvirt.Core.Models;

/// <summary>Which program serves a model.</summary>
public enum EngineKind
{
    /// <summary><c>vllm serve</c>.</summary>
    Vllm,

    /// <summary><c>vllm serve --omni</c>: video and audio.</summary>
    VllmOmni,

    /// <summary>The simulated engine: no GPU, the same contract as vLLM.</summary>
    Simulated,

    /// <summary>Any OpenAI-compatible server, started from a command line template.</summary>
    Command,

    /// <summary>A server that already runs elsewhere: routed and metered, never scheduled.</summary>
    External,
}

/// <summary>The spelling of <see cref="EngineKind"/> in <c>podvirt.yaml</c> and in JSON.</summary>
public static class EngineKinds
{
    public const string Vllm = "vllm";
    public const string VllmOmni = "vllm-omni";
    public const string Simulated = "simulated";
    public const string Command = "command";
    public const string External = "external";

    public static IReadOnlyList<string> All { get; } = [Vllm, VllmOmni, Simulated, Command, External];

    public static string ToName(this EngineKind kind) => kind switch
    {
        EngineKind.Vllm => Vllm,
        EngineKind.VllmOmni => VllmOmni,
        EngineKind.Simulated => Simulated,
        EngineKind.Command => Command,
        EngineKind.External => External,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "unknown engine kind"),
    };

    public static bool TryParse(string name, out EngineKind kind)
    {
        kind = name switch
        {
            VllmOmni => EngineKind.VllmOmni,
            Simulated => EngineKind.Simulated,
            Command => EngineKind.Command,
            External => EngineKind.External,
            _ => EngineKind.Vllm,
        };
        return All.Contains(name, StringComparer.Ordinal);
    }
}

/// <summary>How a model's engine is started, or reached.</summary>
public sealed record EngineSpec
{
    public required EngineKind Kind { get; init; }

    /// <summary>Weights: a hub id or a path. Empty for <see cref="EngineKind.External"/>.</summary>
    public string Model { get; init; } = "";

    /// <summary>Further arguments, handed to the engine as they stand.</summary>
    public IReadOnlyList<string> Args { get; init; } = [];

    /// <summary>Environment variables set for the engine process only.</summary>
    public IReadOnlyDictionary<string, string> Env { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary><see cref="EngineKind.Command"/>: the command line template, with <c>{port}</c>, <c>{host}</c>, <c>{gpus}</c> and <c>{model}</c>.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary><see cref="EngineKind.Command"/>: the path whose 200 says "ready". Default <c>/health</c>.</summary>
    public string ReadyPath { get; init; } = "/health";

    /// <summary><see cref="EngineKind.External"/>: the base address.</summary>
    public Uri? Url { get; init; }

    /// <summary>The name under which the engine knows the model; null: the catalog's id.</summary>
    public string? ServedAs { get; init; }

    /// <summary>
    /// <see cref="EngineKind.External"/>: the environment variable that holds the engine's key. <see cref="EngineKind.Command"/>:
    /// the one in which the engine looks for the key that Podvirt makes for it.
    /// </summary>
    public string? ApiKeyEnv { get; init; }

    /// <summary>How long a start may take before it counts as failed. Ten minutes: the largest models need that long.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long an engine may stay silent between tokens before its stream is cut.</summary>
    public TimeSpan TokenTimeout { get; init; } = TimeSpan.FromMinutes(2);
}
