using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Idle;
using Podvirt.Scheduler.Placement;

namespace Podvirt.Scheduler.Lifecycle;

/// <summary>
/// The nodes' own memory, where level-1 sleepers keep their weights. How deep a replica sleeps is decided as it falls
/// asleep: an engine that sleeps cannot be put deeper without a whole wake.
/// </summary>
internal sealed partial class LifecycleLoop
{
    /// <summary>
    /// What a level-1 sleep takes of host memory: as measured at this revision's last one. Before that all that the replica
    /// reserved, which its weights are a part of.
    /// </summary>
    private long PlannedHostBytes(Replica replica) => _models[replica.Model.Id].History.HostNeed is { } need && need.Revision == replica.Model.Revision
        ? need.Bytes
        : replica.Model.Gpu.MemoryBytes * replica.Gpus.Count;

    /// <summary>An engine that woke may keep its copy: that counts until it was seen to be gone.</summary>
    private long HostBytes(Replica replica) => replica is { State: ReplicaState.FallingAsleep, SleepLevel: 1 }
        ? Math.Max(PlannedHostBytes(replica), replica.HostBytes)
        : replica.HostBytes;

    private void FallAsleep(Replica replica, FellAsleep asleep)
    {
        var entry = _models[replica.Model.Id];
        replica.ResidueBytes = asleep.ResidueBytes;
        entry.MeasuredResidueBytes = asleep.ResidueBytes;
        replica.HostBase = asleep.Host?.Base ?? replica.HostBase;
        replica.HostBytes = asleep.Host?.Added ?? HostBytes(replica);
        replica.IsHostStale = false;
        if (replica.SleepLevel == 1 && asleep.Host is { } host && IsCurrent(entry, replica))
        {
            entry.History = entry.History with { HostNeed = new HostNeed(replica.Model.Revision, host.Added) };
            _effects.SaveHistory(replica.Model.Id, entry.History);
        }

        replica.Drain = null;
        Move(replica, ReplicaTrigger.Asleep, Measured(replica));
    }

    private void NoteHost(Replica replica, long? bytes)
    {
        if (bytes is { } kept && replica.IsHostStale)
        {
            replica.HostBytes = kept;
            replica.IsHostStale = false;
            _touched.Add(replica);
        }
    }

    /// <summary>True while others give way for its weights: their processes end within the stop's grace.</summary>
    /// <param name="level">
    /// How deep it sleeps: level 2 where host memory does not hold its weights, or is better kept for others; null: not at all.
    /// </param>
    private bool AwaitsHost(Replica replica, out int? level)
    {
        level = EngineTraits.SleepLevel(replica.Model, _options.SleepLevel);
        if (level != 1 || replica.Gpus.Count == 0)
        {
            return false;
        }

        var node = replica.Gpus[0].Node;
        var deeper = EngineTraits.SleepLevel(replica.Model, 2);
        replica.HostSaves = Level1Saves(replica, deeper);
        var needed = PlannedHostBytes(replica) - replica.HostBytes;
        if (needed <= 0 || !_settings.HostBytes.TryGetValue(node, out var total))
        {
            // It has kept its copy, or there is no limit.
            return false;
        }

        var missing = needed - Ledger().HostFree(node);
        var isEntitled = HostMemory.IsEntitled(Claim(replica), OtherClaims(replica, node), total);
        if (isEntitled && missing <= 0)
        {
            return false;
        }

        level = deeper == 1 ? null : deeper;
        var coming = HostComing(node);
        return isEntitled && (coming >= missing || GiveWay(node, missing - coming, replica.HostSaves, replica));
    }

    private HostClaim Claim(Replica replica) => new(PlannedHostBytes(replica), replica.HostSaves, HostBytes(replica) > 0);

    private IEnumerable<HostClaim> OtherClaims(Replica replica, string node) => _replicas.Values
        .Where(other => other != replica && other.State is not (ReplicaState.Stopping or ReplicaState.Failed) && IsOn(other, node)).Select(Claim);

    /// <summary>Sleepers that took more than was expected give back what there is not, the least worthy first.</summary>
    private void RelieveHosts()
    {
        foreach (var node in _settings.HostBytes.Keys)
        {
            // Hardly ever, so that nobody is counted for it before.
            var missing = -Ledger().HostFree(node);
            if (missing > 0 && HostComing(node) is var coming && coming < missing)
            {
                GiveWay(node, missing - coming, double.PositiveInfinity, forWhom: null);
            }
        }
    }

    private long HostComing(string node) => _replicas.Values
        .Where(replica => replica.State == ReplicaState.Stopping && IsOn(replica, node)).Sum(replica => replica.HostBytes);

    /// <summary>Stops the least worthy sleepers whose host memory is enough, where that costs less than <paramref name="gain"/>.</summary>
    /// <param name="gain">Waiting seconds saved for each second asleep.</param>
    /// <param name="forWhom">Null: for nobody, there is less memory than they hold.</param>
    private bool GiveWay(string node, long missing, double gain, Replica? forWhom)
    {
        var sleepers = _replicas.Values
            .Where(replica => replica is { State: ReplicaState.Sleeping, HostBytes: > 0 } && IsOn(replica, node) && AreQuiet(replica))
            .Select(replica => new EvictionStep(Hold(replica), Stops: true, replica.HostBytes, SleepSaves(replica)))
            .Where(step => step.Holding.Kind == HoldingKind.Sleeping);
        if (HostMemory.GiveWay(sleepers, missing, gain) is not { } chosen)
        {
            return false;
        }

        var free = Ledger().HostFree(node);
        foreach (var eviction in chosen)
        {
            var sleeper = _replicas[eviction.Holding.Replica];
            _metrics.Evicted(sleeper.Model.Id, DrainReason.Evicted);
            StopReplica(sleeper, ReplicaTrigger.Stop, WhyHostIsShort(node, free, sleeper, forWhom));
        }

        return true;
    }

    private Why WhyHostIsShort(string node, long free, Replica sleeper, Replica? forWhom)
    {
        var gives = $"this sleeper gives {sleeper.HostBytes / GiB:0.0} GiB";
        if (forWhom is null)
        {
            return new Why(TransitionCause.Evicted, $"sleepers hold {-free / GiB:0.0} GiB more than the host memory of {node} that is theirs; {gives}");
        }

        var needed = PlannedHostBytes(forWhom) - forWhom.HostBytes;
        return new Why(
            TransitionCause.Evicted,
            $"{forWhom.Model.Id} needs {needed / GiB:0.0} GiB of {node}'s host memory to sleep, {Math.Max(0, free) / GiB:0.0} GiB are free; {gives}",
            new EvictionNumbers(forWhom.Model.Id, [], needed, free, sleeper.HostBytes));
    }

    /// <summary>What a sleeper saves while it sleeps, in waiting seconds a second.</summary>
    private double SleepSaves(Replica replica)
    {
        var costs = Costs(_models[replica.Model.Id], replica, replica.SleepLevel);
        return costs.AsleepGpus > 0 ? WorthOf(replica).AgainstOthers(IdleTuning.Default).Asleep * costs.AsleepGpus : double.PositiveInfinity;
    }

    /// <summary>What level 1 saves over what it would do otherwise: sleep at level 2, or stop.</summary>
    private double Level1Saves(Replica replica, int deeper)
    {
        if (deeper == 1)
        {
            return SleepSaves(replica);
        }

        var entry = _models[replica.Model.Id];
        // Its level lasts to the next use: nobody gives up before.
        var returns = entry.Use.Curve(_fleetGaps).AtLast((_now - replica.LastBusyAt).TotalSeconds);
        return Worth.OfQuickerWake(returns, Costs(entry, replica, 1), Costs(entry, replica, deeper), _options.MemoryPrice);
    }

    private static bool IsOn(Replica replica, string node) => replica.Gpus.Count > 0 && replica.Gpus[0].Node == node;
}
