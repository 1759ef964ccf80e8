using Podvirt.Core.Models;
using Podvirt.Core.Replicas;

namespace Podvirt.Core.Messages;

/// <summary>Where every model of the catalog is served: one immutable snapshot.</summary>
/// <param name="Epoch">Which scheduler made it; a higher epoch wins whatever the revision.</param>
/// <param name="Revision">Grows with every change within an epoch.</param>
/// <param name="Models">Every model of the catalog, served or not.</param>
public sealed record RouteTable(long Epoch, long Revision, IReadOnlyList<ModelRoute> Models)
{
    public static RouteTable Empty { get; } = new(0, 0, []);

    public bool IsNewerThan(RouteTable other) => Epoch != other.Epoch ? Epoch > other.Epoch : Revision > other.Revision;
}

/// <summary>One model, its state and its replicas.</summary>
public sealed record ModelRoute
{
    public required ModelSpec Model { get; init; }

    public required ModelStatus Status { get; init; }

    /// <summary>All replicas that exist, whatever their state.</summary>
    public IReadOnlyList<ReplicaRoute> Replicas { get; init; } = [];

    /// <summary>Set while the model warms up: what it waits for.</summary>
    public WarmUp? WarmUp { get; init; }

    /// <summary>Set while the model is Failed.</summary>
    public ModelFailure? Failure { get; init; }

    public int FailedReplicas { get; init; }

    /// <summary>The last measured time from placing to Active of a cold start; null before the first.</summary>
    public long? StartupDurationMs { get; init; }

    /// <summary>What a request that comes now would wait for a cold start or a wake, by history; null where there is none.</summary>
    public long? ExpectedWaitMs { get; init; }
}

/// <summary>One replica.</summary>
/// <param name="Id">Opaque; shown to clients as <c>x-podvirt-replica</c>.</param>
/// <param name="Address">Base address of the engine, for example <c>http://127.0.0.1:41234</c>; empty before it is known.</param>
/// <param name="ApiKey">The engine's own key; never the client's.</param>
/// <param name="ServedAs">The name the engine knows.</param>
/// <param name="Revision">The model revision it serves.</param>
/// <param name="Slots">Requests it takes at a time.</param>
/// <param name="State">Only <see cref="ReplicaState.Active"/> takes new requests.</param>
/// <param name="Gpus">Device ids.</param>
/// <param name="GpuType">For example <c>H100</c>; empty without a gpu.</param>
public sealed record ReplicaRoute(
    string Id, string Address, string ApiKey, string ServedAs, int Revision, int Slots, ReplicaState State,
    IReadOnlyList<string> Gpus, string GpuType)
{
    public bool Admits => State == ReplicaState.Active;
}

/// <summary>What a model that warms up is waiting for.</summary>
/// <param name="Phase">For example <c>waiting for memory</c>, <c>starting</c>, <c>weights</c>, <c>compile</c>, <c>graphs</c>, <c>waking</c>, <c>canary</c>.</param>
/// <param name="Since">UTC, when the warm-up began.</param>
/// <param name="ExpectedAt">UTC, when it should be over by this model's own history; null where there is none.</param>
/// <param name="LeastLeftMs">What the phases after this one take by that history, in milliseconds: never less is left while this one lasts, however late it is.</param>
public sealed record WarmUp(string Phase, DateTimeOffset Since, DateTimeOffset? ExpectedAt, long LeastLeftMs = 0)
{
    /// <summary>What is left by history; null where there is none, or where the last phase takes longer than it ever did.</summary>
    public TimeSpan? Left(DateTimeOffset now)
    {
        if (ExpectedAt is not { } expectedAt)
        {
            return null;
        }
        var left = Math.Max((expectedAt - now).Ticks, LeastLeftMs * TimeSpan.TicksPerMillisecond);
        return left > 0 ? TimeSpan.FromTicks(left) : null;
    }
}

/// <summary>Why a model is Failed.</summary>
/// <param name="Code">For example <c>model_start_failed</c>, <c>model_unschedulable</c>.</param>
/// <param name="Reason">A sentence for people, with the numbers.</param>
/// <param name="RetryAt">UTC, when the next attempt is allowed; null: not before something is changed.</param>
public sealed record ModelFailure(string Code, string Reason, DateTimeOffset? RetryAt);
