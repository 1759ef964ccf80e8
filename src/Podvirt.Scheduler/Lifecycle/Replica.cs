using System.Diagnostics.CodeAnalysis;
using Podvirt.Core.Gpus;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>Why a replica was fenced; decides whether demand cancels it and what a late drain does.</summary>
internal enum DrainReason
{
    /// <summary>Nobody used it for its idle time.</summary>
    Idle,

    /// <summary>Idle, and another model waits for its memory.</summary>
    Evicted,

    /// <summary>Busy, but another model's request has waited past the fairness limit.</summary>
    Fairness,

    /// <summary>Its model was removed or changed, or its gpu is drained.</summary>
    Outdated,

    /// <summary>An operator said so.</summary>
    Operator,
}

/// <param name="Reason">Why.</param>
/// <param name="ThenSleep">Sleep when drained; otherwise stop.</param>
internal sealed record DrainOrder(DrainReason Reason, bool ThenSleep)
{
    /// <summary>New demand for the model takes the order back.</summary>
    public bool IsCancelable => Reason is DrainReason.Idle or DrainReason.Evicted;
}

/// <summary>One engine process, from its placement until it is forgotten. Written by the loop only.</summary>
internal sealed class Replica
{
    private IReadOnlyList<PhaseTime> _phases = [];
    private TimeSpan _phaseBegan;

    public Replica(string id, ModelSpec model, IReadOnlyList<GpuDevice> gpus, TimeSpan now)
    {
        Id = id;
        Model = model;
        MoveTo(gpus);
        CreatedAt = now;
        StateSince = now;
        LastBusyAt = now;
        _phaseBegan = now;
    }

    public string Id { get; }

    /// <summary>The revision that it serves, for life.</summary>
    public ModelSpec Model { get; }

    public IReadOnlyList<GpuDevice> Gpus { get; private set; }

    public IReadOnlyList<string> GpuIds { get; private set; }

    /// <summary>It runs there; to be called while neither the index nor the ledger know it.</summary>
    [MemberNotNull(nameof(Gpus), nameof(GpuIds))]
    public void MoveTo(IReadOnlyList<GpuDevice> gpus)
    {
        Gpus = gpus;
        GpuIds = [.. gpus.Select(gpu => gpu.Id)];
    }

    public TimeSpan CreatedAt { get; }

    public ReplicaState State { get; set; } = ReplicaState.Placing;

    /// <summary>Grows with every change of state. An effect's result with another number is too late to matter.</summary>
    public int Attempt { get; set; }

    public TimeSpan StateSince { get; set; }

    /// <summary>The same moment in UTC, for people.</summary>
    public DateTimeOffset StateSinceUtc { get; set; }

    public DateTimeOffset CreatedAtUtc { get; set; }

    /// <summary>The last decision about it; what effects report is a part of that.</summary>
    public Why Why { get; set; } = new(TransitionCause.Demand, "");

    /// <summary>When it last became Active from a start or a wake; kept through a drain that is taken back.</summary>
    public TimeSpan ActiveSince { get; set; }

    public string Address { get; set; } = "";

    public string ApiKey { get; set; } = "";

    /// <summary>What a warming replica is busy with.</summary>
    public string Phase { get; private set; } = WarmUpPhases.WaitingForGpu;

    /// <summary>UTC, when that began.</summary>
    public DateTimeOffset PhaseSince { get; private set; }

    /// <summary>An earlier run started it; whether it serves or sleeps is being looked at.</summary>
    public bool IsFound { get; set; }

    /// <summary>The last moment at which it had, or its model waited for, a request; and the moment it became Active.</summary>
    public TimeSpan LastBusyAt { get; set; }

    /// <summary>Measured after falling asleep: bytes that stay on each gpu.</summary>
    public long ResidueBytes { get; set; }

    public int SleepLevel { get; set; } = 1;

    /// <summary>What its processes held of host memory before their first sleep; null: not measured.</summary>
    public long? HostBase { get; set; }

    /// <summary>What sleep added to that, and is there still: its weights, or what it keeps of them awake.</summary>
    public long HostBytes { get; set; }

    /// <summary>Waiting seconds that level 1 would save for each second asleep, as of its last sleep; 0 before the first.</summary>
    public double HostSaves { get; set; }

    /// <summary>It woke since that was measured.</summary>
    public bool IsHostStale { get; set; }

    /// <summary>An operator stopped it while it slept: it goes as soon as its gpus are quiet.</summary>
    public bool IsStopAsked { get; set; }

    /// <summary>An operator sent it to sleep, and it was not used since.</summary>
    public bool IsSleepAsked { get; set; }

    /// <summary>Set while Draining.</summary>
    public DrainOrder? Drain { get; set; }

    /// <summary>The first route revision that shows it as Draining; 0 before that was published.</summary>
    public long FenceRevision { get; set; }

    public int ProbeFailures { get; set; }

    /// <summary>Unfinished video jobs, as of the last probe: they keep it awake as requests do.</summary>
    public int Jobs { get; set; }

    /// <summary>That was counted since every gateway confirmed its fence: no further ones will come.</summary>
    public bool AreJobsCounted { get; set; }

    public TimeSpan NextProbeAt { get; set; }

    public bool ProbeRunning { get; set; }

    public bool TroubleProbeRunning { get; set; }

    /// <summary>Set when it broke and its model has to wait out a backoff: it ends as Failed.</summary>
    public string? FailureReason { get; set; }

    /// <summary>How long the present phase has lasted.</summary>
    public TimeSpan PhaseLasts(TimeSpan now) => now - _phaseBegan;

    /// <summary>Another phase of the same start or wake begins.</summary>
    /// <param name="now">The loop's time, which durations are measured by.</param>
    /// <param name="utcNow">The same moment, for those who compare it with their own clock.</param>
    public void Enter(string phase, TimeSpan now, DateTimeOffset utcNow)
    {
        if (phase == Phase)
        {
            return;
        }

        _phases = PhasesUntil(now);
        (Phase, _phaseBegan, PhaseSince) = (phase, now, utcNow);
    }

    /// <summary>A wake begins: what its start took is another story.</summary>
    public void EnterFirst(string phase, TimeSpan now, DateTimeOffset utcNow)
    {
        _phases = [];
        (Phase, _phaseBegan, PhaseSince) = (phase, now, utcNow);
    }

    /// <summary>What each phase of this start or wake took, the present one up to now.</summary>
    public IReadOnlyList<PhaseTime> PhasesUntil(TimeSpan now) => [.. _phases, new PhaseTime(Phase, (long)(now - _phaseBegan).TotalMilliseconds)];

    public EngineTarget Target => new(Id, Attempt, Model, Gpus, Address, ApiKey, SleepLevel, HostBase);
}

/// <summary>The words in <c>WarmUp.Phase</c>.</summary>
internal static class WarmUpPhases
{
    public const string WaitingForMemory = "waiting for memory";
    public const string WaitingForGpu = "waiting for gpu";
    public const string Starting = "starting";
    public const string Download = "download";
    public const string Weights = "weights";
    public const string Compile = "compile";
    public const string Graphs = "graphs";
    public const string Waking = "waking";
    public const string Canary = "canary";
    public const string Probing = "probing";
}
