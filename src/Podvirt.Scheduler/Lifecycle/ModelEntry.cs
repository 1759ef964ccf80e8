using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Scheduler.Idle;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>What the loop remembers of one model beyond its replicas. Written by the loop only.</summary>
internal sealed class ModelEntry
{
    public ModelEntry(ModelSpec spec, StartHistory history)
    {
        Spec = spec;
        History = history;
        Use = history.Use?.ToHistory(IdleTuning.Default) ?? new UseHistory(IdleTuning.Default);
    }

    public ModelSpec Spec { get; set; }

    /// <summary>Left the catalog; kept until its last replica is gone.</summary>
    public bool IsRemoved { get; set; }

    public StartHistory History { get; set; }

    /// <summary>When it is used and what comes while it gets ready: what its memory is worth follows from this.</summary>
    public UseHistory Use { get; }

    public DayProfile Day { get; } = new();

    /// <summary>It had a request when its demand was last looked at.</summary>
    public bool IsUsed { get; set; }

    /// <summary>Null before its first request.</summary>
    public TimeSpan? LastUsedAt { get; set; }

    /// <summary>Since when fewer replicas would do.</summary>
    public TimeSpan? SurplusSince { get; set; }

    /// <summary>Set from a failed start to the next one.</summary>
    public ModelFailure? Failure { get; set; }

    /// <summary>No start before this.</summary>
    public TimeSpan RetryAt { get; set; }

    /// <summary>Starts that failed since the last success; decides the backoff.</summary>
    public int FailedStarts { get; set; }

    /// <summary>Cold starts of the history that were another revision's: they foretell, but limit nothing.</summary>
    public int ForeignStarts { get; set; }

    /// <summary>Deaths in a row, none with a completed minute of serving before it.</summary>
    public int Crashes { get; set; }

    /// <summary>An operator wants one replica up; forgotten once it is.</summary>
    public bool IsWakeAsked { get; set; }

    /// <summary>Why no inventory of ours can ever hold it.</summary>
    public string? Unschedulable { get; set; }

    /// <summary>Demand without a replica: what it waits for.</summary>
    public string? WaitingPhase { get; set; }

    /// <summary>Demand for which there is no memory, and nobody who could be asked for some.</summary>
    public bool IsShort { get; set; }

    /// <summary>When the present warm-up began; null while the model does not warm up.</summary>
    public DateTimeOffset? WarmSince { get; set; }

    /// <summary>Measured at the last sleep.</summary>
    public long? MeasuredResidueBytes { get; set; }

    /// <summary>The probe of an engine that runs elsewhere.</summary>
    public ExternalProbeState External { get; } = new();
}

internal sealed class ExternalProbeState
{
    /// <summary>Null before the first answer.</summary>
    public bool? Healthy { get; set; }

    public string Detail { get; set; } = "";

    public int Failures { get; set; }

    public TimeSpan NextAt { get; set; }

    public bool Running { get; set; }
}
