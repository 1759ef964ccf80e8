using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>Turns the loop's state into what gateways and people see.</summary>
internal static class RouteBuilder
{
    public static ModelRoute Build(ModelEntry entry, IReadOnlyList<Replica> replicas, Func<string, string?> environment, DateTimeOffset now)
    {
        if (entry.Spec.Engine.Kind == EngineKind.External)
        {
            return BuildExternal(entry, environment, now);
        }

        var status = Status(entry, replicas);
        if (status != ModelStatus.WarmingUp)
        {
            entry.WarmSince = null;
        }

        var sleeper = replicas.FirstOrDefault(replica => replica.State is ReplicaState.Sleeping or ReplicaState.FallingAsleep or ReplicaState.Waking);
        return new ModelRoute
        {
            Model = entry.Spec,
            Status = status,
            Replicas = [.. replicas.Select(ToRoute)],
            WarmUp = status == ModelStatus.WarmingUp ? WarmUp(entry, replicas, sleeper, now) : null,
            Failure = status == ModelStatus.Failed ? Failure(entry) : null,
            FailedReplicas = replicas.Count(replica => replica.State == ReplicaState.Failed),
            StartupDurationMs = entry.History.LastColdStartMs,
            ExpectedWaitMs = sleeper is null ? entry.History.ExpectedColdStartMs : entry.History.ExpectedWakeMs(sleeper.SleepLevel),
        };
    }

    public static string ExternalKey(ModelSpec model, Func<string, string?> environment) =>
        model.Engine.ApiKeyEnv is { Length: > 0 } name ? EngineKey.Read(environment(name)) : "";

    /// <summary>True when a gateway would learn nothing from the newer list.</summary>
    public static bool AreSame(IReadOnlyList<ModelRoute> left, IReadOnlyList<ModelRoute> right)
    {
        if (left.Count != right.Count)
        {
            return false;
        }

        for (var i = 0; i < left.Count; i++)
        {
            // Records compare lists by reference: the replicas are compared apart.
            if (left[i] != right[i] with { Replicas = left[i].Replicas } || !left[i].Replicas.SequenceEqual(right[i].Replicas))
            {
                return false;
            }
        }

        return true;
    }

    private static ModelStatus Status(ModelEntry entry, IReadOnlyList<Replica> replicas)
    {
        var best = ReplicaStates.Best(replicas.Select(replica => replica.State));
        if (entry.WaitingPhase is not null && best != ModelStatus.Active)
        {
            // Demand waits for memory: more is under way than the replicas alone show.
            best = ModelStatus.WarmingUp;
        }

        return (entry.Failure ?? (object?)entry.Unschedulable) is not null && best == ModelStatus.Cold ? ModelStatus.Failed : best;
    }

    private static ModelFailure? Failure(ModelEntry entry) =>
        entry.Unschedulable is { } why ? new ModelFailure("model_unschedulable", why, null) : entry.Failure;

    private static WarmUp WarmUp(ModelEntry entry, IReadOnlyList<Replica> replicas, Replica? sleeper, DateTimeOffset now)
    {
        var since = entry.WarmSince ??= now;
        var furthest = replicas.Where(replica => replica.State.IsWarming()).OrderByDescending(replica => replica.State).FirstOrDefault();
        var phase = furthest?.Phase ?? entry.WaitingPhase ?? WarmUpPhases.WaitingForMemory;

        if (furthest is { IsFound: true })
        {
            // An answer is due at once, and no history is of it.
            return new WarmUp(phase, since, null);
        }

        // What runs says which of both it is; before anything does, a sleeper is the nearest.
        var waking = furthest is null ? sleeper : furthest.State == ReplicaState.Waking ? furthest : null;
        var past = waking is null ? entry.History.ColdPhases : entry.History.WakePhasesOf(waking.SleepLevel);
        if (StartEstimate.For(past, furthest is null ? "" : phase) is { } estimate)
        {
            // While it waits for others all of it is still to come, however long it has waited.
            var began = furthest?.PhaseSince > since ? furthest.PhaseSince : since;
            return new WarmUp(phase, since, began.AddMilliseconds(estimate.ThisPhaseMs + estimate.LaterMs), estimate.LaterMs);
        }

        var total = waking is null ? entry.History.ExpectedColdStartMs : entry.History.ExpectedWakeMs(waking.SleepLevel);
        return new WarmUp(phase, since, total is { } ms ? since.AddMilliseconds(ms) : null);
    }

    private static ReplicaRoute ToRoute(Replica replica) => new(
        replica.Id, replica.Address, replica.ApiKey, replica.Model.ServedAs, replica.Model.Revision, replica.Model.Replicas.Concurrency,
        replica.State, replica.GpuIds, replica.Gpus.Count == 0 ? "" : replica.Gpus[0].Type);

    private static ModelRoute BuildExternal(ModelEntry entry, Func<string, string?> environment, DateTimeOffset now)
    {
        var spec = entry.Spec;
        var external = entry.External;
        if (external.Healthy is null)
        {
            var since = entry.WarmSince ??= now;
            return new ModelRoute { Model = spec, Status = ModelStatus.WarmingUp, WarmUp = new WarmUp(WarmUpPhases.Probing, since, null) };
        }

        entry.WarmSince = null;
        var state = external.Healthy.Value ? ReplicaState.Active : ReplicaState.Failed;
        var address = spec.Engine.Url?.ToString().TrimEnd('/') ?? "";
        return new ModelRoute
        {
            Model = spec,
            Status = state.ToModelStatus(),
            Replicas =
            [
                new ReplicaRoute(
                    $"external-{Uri.EscapeDataString(spec.Id)}", address, ExternalKey(spec, environment), spec.ServedAs, spec.Revision,
                    spec.Replicas.Concurrency, state, [], ""),
            ],
            FailedReplicas = external.Healthy.Value ? 0 : 1,
            Failure = external.Healthy.Value ? null : new ModelFailure("model_unreachable", external.Detail, null),
        };
    }
}
