namespace Podvirt.Laboratory.Simulation;

/// <summary>What a request waited for.</summary>
internal enum RiseCause
{
    /// <summary>Its model had never been started: whoever starts nothing ahead of a request waits for this.</summary>
    FirstStart,

    /// <summary>A start, because it had been stopped as unused.</summary>
    AfterIdleStop,

    /// <summary>A start, because it had to leave for another.</summary>
    AfterEviction,

    /// <summary>A start elsewhere, because those beside the sleeper could not leave.</summary>
    Stranded,

    /// <summary>A wake from level 1.</summary>
    Wake,

    /// <summary>A wake from level 2.</summary>
    DeepWake,
}

/// <summary>What it waited for on the way there.</summary>
internal enum WaitPhase
{
    /// <summary>The replica was falling asleep or leaving when the request came.</summary>
    Leaving,

    /// <summary>For others to leave.</summary>
    Memory,

    /// <summary>For other memory transitions of its gpus.</summary>
    Turn,

    /// <summary>The start or wake itself.</summary>
    Rise,
}

/// <summary>How the memory that was held was used.</summary>
internal enum HoldingUse
{
    InUse,
    Idle,
    Asleep,

    /// <summary>Starting, waking, falling asleep, stopping, or about to.</summary>
    Changing,
}

/// <summary>Waiting by its cause and phase, and gpu-hours by their use.</summary>
internal sealed class Breakdown
{
    private static readonly int s_phases = Enum.GetValues<WaitPhase>().Length;

    private readonly double[] _waiting = new double[Enum.GetValues<RiseCause>().Length * s_phases];
    private readonly double[] _held = new double[Enum.GetValues<HoldingUse>().Length];

    public void Waited(RiseCause cause, WaitPhase phase, double seconds) => _waiting[((int)cause * s_phases) + (int)phase] += seconds;

    public void Held(HoldingUse use, double gpuSeconds) => _held[(int)use] += gpuSeconds;

    public double WaitingHours(RiseCause cause, WaitPhase phase) => _waiting[((int)cause * s_phases) + (int)phase] / 3600;

    public double WaitingHours(RiseCause cause) => Enum.GetValues<WaitPhase>().Sum(phase => WaitingHours(cause, phase));

    public double GpuHours(HoldingUse use) => _held[(int)use] / 3600;
}
