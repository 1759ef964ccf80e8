using Podvirt.Simulator.Faults;

namespace Podvirt.Simulator.Options;

/// <summary>What the simulated model is good at; it decides which endpoints answer and what the text looks like.</summary>
internal enum ModelKind
{
    Chat,
    Code,
    Embedding,
    Video,
}

/// <summary>Everything one engine process was told on its command line and by its environment.</summary>
internal sealed class SimulatorOptions
{
    public const long GiB = 1L << 30;

    public string Model { get; set; } = "";
    public string Host { get; set; } = "127.0.0.1";
    public int Port { get; set; } = 8000;
    public List<string> ServedModelNames { get; } = [];
    public bool EnableSleepMode { get; set; }
    public string? ApiKey { get; set; }
    public double GpuMemoryUtilization { get; set; } = 0.9;
    public int MaxModelLength { get; set; } = 32_768;
    public int MaxSequences { get; set; } = 64;
    public int TensorParallelSize { get; set; } = 1;
    public TimeSpan ShutdownTimeout { get; set; }
    public bool PromptTokensDetails { get; set; } = true;
    public string? ReasoningParser { get; set; }
    public bool AutoToolChoice { get; set; }
    public string? ToolCallParser { get; set; }

    /// <summary>The sleep endpoints are vllm-omni's, and take no development mode.</summary>
    public bool Omni { get; set; }

    /// <summary>Opens the sleep and RPC endpoints; comes from <c>VLLM_SERVER_DEV_MODE=1</c>, never from an option.</summary>
    public bool DevMode { get; set; }

    public TimeSpan LoadDownload { get; set; }
    public TimeSpan LoadWeights { get; set; } = TimeSpan.FromMilliseconds(1_200);
    public TimeSpan LoadCompile { get; set; } = TimeSpan.FromMilliseconds(800);
    public TimeSpan LoadGraphs { get; set; } = TimeSpan.FromMilliseconds(500);
    public TimeSpan WakeLevel1 { get; set; } = TimeSpan.FromMilliseconds(300);
    public TimeSpan WakeLevel2 { get; set; } = TimeSpan.FromMilliseconds(900);
    public TimeSpan FallAsleep { get; set; } = TimeSpan.FromMilliseconds(200);

    public TimeSpan TimeToFirstToken { get; set; } = TimeSpan.FromMilliseconds(60);
    public TimeSpan PrefillPerToken { get; set; } = TimeSpan.FromTicks(200);
    public TimeSpan TokenTime { get; set; } = TimeSpan.FromMilliseconds(20);
    public double TokenJitter { get; set; }
    public int TokensPerFrame { get; set; } = 1;

    /// <summary>For requests that set no <c>min_tokens</c>.</summary>
    public int TokensMin { get; set; }

    public bool Thinking { get; set; }
    public ModelKind Kind { get; set; } = ModelKind.Chat;

    /// <summary>For one second of video.</summary>
    public TimeSpan VideoTime { get; set; } = TimeSpan.FromMilliseconds(500);

    public int VideosAtOnce { get; set; } = 1;
    public TimeSpan VideoSyncTimeout { get; set; } = TimeSpan.FromMinutes(10);

    public bool NoContinuousUsage { get; set; }
    public bool RejectContinuousUsage { get; set; }
    public bool LegacyErrors { get; set; }
    public bool ReasoningContent { get; set; }
    public bool ContentParts { get; set; }
    public bool MessagesDone { get; set; }
    public bool MessagesPing { get; set; }

    /// <summary>Whether responses are kept for later requests; comes from <c>VLLM_ENABLE_RESPONSES_API_STORE=1</c> unless an option says otherwise.</summary>
    public bool ResponseStore { get; set; }

    public bool NoSleepModeParameter { get; set; }
    public bool RejectSleepModeParameter { get; set; }

    public string? GpuDirectory { get; set; }
    public long GpuMemory { get; set; } = 80 * GiB;
    public long GpuAsleep { get; set; } = (long)(1.3 * GiB);
    public long GpuLeak { get; set; }
    public string? VisibleDevices { get; set; }

    public List<Fault> Faults { get; } = [];
}
