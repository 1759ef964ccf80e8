using Podvirt.Core.Gpus;

namespace Podvirt.Scheduler.Placement;

/// <summary>What could be done about a replica that holds memory.</summary>
internal enum HoldingKind
{
    /// <summary>Nothing, ever: it is of its model's minimum.</summary>
    Kept,

    /// <summary>Nothing now: it is on its way up, became Active a moment ago, or has a job that sleep would lose.</summary>
    Rising,

    /// <summary>It is already giving memory back.</summary>
    Leaving,

    /// <summary>Asleep: stopping it frees its residue.</summary>
    Sleeping,

    /// <summary>Serves, without a request in flight or waiting.</summary>
    Idle,

    /// <summary>Serves requests, and has served long enough to be drained for another's sake.</summary>
    Busy,
}

/// <summary>One replica's share of the memory ledger.</summary>
/// <param name="Gpus">Device ids.</param>
/// <param name="Bytes">Held on each of them now.</param>
/// <param name="BytesAfter">
/// Held on each of them when it has left (<see cref="HoldingKind.Leaving"/>) or been put to sleep; equal to
/// <paramref name="Bytes"/> where sleep frees nothing.
/// </param>
/// <param name="WorthAwake">What being awake is worth: waiting seconds that it saves for each gpu-second held.</param>
/// <param name="WorthAsleep">The same of being asleep rather than gone.</param>
/// <param name="HostBytes">Host memory that it holds, or will hold once it sleeps as it is about to.</param>
/// <param name="ExpectedBytes">What a sleeper will want back on each gpu, for how likely it is to be used soon.</param>
/// <param name="AwakeBytes">What it holds on each gpu when it serves, now or again; 0: it will not.</param>
/// <param name="IsChanging">Its gpus see a memory transition, or are about to: others would wait for it there.</param>
internal sealed record Holding(
    string Replica, IReadOnlyList<string> Gpus, long Bytes, long BytesAfter, HoldingKind Kind,
    double WorthAwake = 0, double WorthAsleep = 0, long HostBytes = 0, long ExpectedBytes = 0, bool IsChanging = false, long AwakeBytes = 0)
{
    /// <summary>Held on each gpu while another serves there: the residue of those that can sleep.</summary>
    public long AsideBytes => Kind is HoldingKind.Sleeping || (Kind == HoldingKind.Rising && AwakeBytes > Bytes) ? Bytes : Math.Min(Bytes, BytesAfter);
}

internal enum EvictionScope
{
    /// <summary>Only memory that is free now.</summary>
    None,

    /// <summary>Sleeping and idle replicas give way.</summary>
    Idle,

    /// <summary>Busy ones too, and those on their way up are waited for: the request has aged.</summary>
    Busy,
}

/// <param name="Count">Gpus of one node and one type.</param>
/// <param name="Bytes">On each of them.</param>
/// <param name="Scope">Who may be asked to leave.</param>
/// <param name="OnlyGpus">A wake stays where its replica is; null: anywhere.</param>
/// <param name="Self">The waking replica: never its own victim.</param>
/// <param name="Simulated">Real engines need real gpus, simulated engines simulated ones; null: either.</param>
/// <param name="Order">Where to look first in free memory.</param>
internal sealed record PlacementRequest(
    int Count, long Bytes, EvictionScope Scope, IReadOnlyList<string>? OnlyGpus = null, string? Self = null, bool? Simulated = null,
    PlacementOrder Order = PlacementOrder.Pack);

/// <param name="Sleep">Put it to sleep; otherwise stop it.</param>
internal sealed record Victim(string Replica, bool Sleep, HoldingKind Kind);

internal enum PlacementOutcome
{
    /// <summary>The memory is free now.</summary>
    Fits,

    /// <summary>It will be, once the victims (and those that are leaving already) have left.</summary>
    Evict,

    /// <summary>Not without evicting more than the scope allows.</summary>
    NoRoom,
}

/// <param name="Gpus">Chosen devices; empty for NoRoom.</param>
/// <param name="Victims">Empty while it is enough to wait for those that are leaving or rising.</param>
/// <param name="Loss">What the victims' memory is worth: worth × GiB, summed over the gpus.</param>
internal sealed record PlacementDecision(
    PlacementOutcome Outcome, IReadOnlyList<GpuDevice> Gpus, IReadOnlyList<Victim> Victims, double Loss = 0)
{
    public static PlacementDecision NoRoom { get; } = new(PlacementOutcome.NoRoom, [], []);
}
