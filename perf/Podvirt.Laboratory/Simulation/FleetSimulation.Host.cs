using Podvirt.Laboratory.Traces;
using Podvirt.Scheduler.Placement;

namespace Podvirt.Laboratory.Simulation;

/// <summary>The nodes' own memory, for level-1 sleepers: as the scheduler shares it out, by what the policy says.</summary>
internal sealed partial class FleetSimulation
{
    private readonly string[] _nodes;
    private readonly List<SimulatedReplica>[] _residents;
    private readonly List<SimulatedReplica>[] _hostWaits;

    /// <summary>Chooses the level of a sleep. True: it waits, while others give way for it.</summary>
    private bool AwaitsHost(SimulatedReplica replica)
    {
        var model = replica.Model;
        var needed = model.Traits.HostBytes;
        var missing = needed - _ledger.HostFree(_nodes[replica.Node]);
        if (_policy.Level1Saves(model, _now - model.BusyUntil, _now) is not { } saves)
        {
            replica.Level = missing <= 0 ? 1 : 2;
            return false;
        }

        replica.HostSaves = saves;
        var residents = _residents[replica.Node];
        replica.Level = 2;
        if (!HostMemory.IsEntitled(Claim(replica), residents.Where(other => other != replica && other.IsStaying).Select(Claim), TraceSettings.HostBytes))
        {
            return false;
        }

        if (missing <= 0)
        {
            replica.Level = 1;
            return false;
        }

        missing -= residents.Where(other => !other.IsStaying).Sum(other => other.HostBytes);
        if (missing > 0 && !GiveWay(residents, missing, saves))
        {
            return false;
        }

        _hostWaits[replica.Node].Add(replica);
        return true;
    }

    private bool GiveWay(List<SimulatedReplica> residents, long missing, double gain)
    {
        var sleepers = residents
            .Where(replica => replica is { State: SimulatedState.Sleeping, HostBytes: > 0, Model.Waiting.Count: 0 } && !replica.Numbers.Any(number => _locked[number]))
            .Select(replica => new EvictionStep(_ledger.Find(replica.Id)!, Stops: true, replica.HostBytes, SleepSaves(replica)));
        if (HostMemory.GiveWay(sleepers, missing, gain) is not { } chosen)
        {
            return false;
        }

        foreach (var eviction in chosen)
        {
            var sleeper = _replicas[eviction.Holding.Replica];
            Outcome.Evictions++;
            sleeper.Model.WhyCold = RiseCause.AfterEviction;
            Intend(sleeper, SimulatedState.ToStop);
        }

        return true;
    }

    /// <summary>Of being asleep rather than gone, in waiting seconds a second.</summary>
    private static double SleepSaves(SimulatedReplica replica)
    {
        var traits = replica.Model.Traits;
        return replica.Worth.Asleep * traits.Gpus * traits.ResidueBytes / TraceSettings.GpuBytes;
    }

    private void HostCameBack(SimulatedReplica left)
    {
        var waits = _hostWaits[left.Node];
        var retry = waits.ToArray();
        waits.Clear();
        foreach (var replica in retry)
        {
            if (replica.State == SimulatedState.ToSleep)
            {
                TryBegin(replica);
            }
        }
    }

    private static HostClaim Claim(SimulatedReplica replica) => new(replica.Model.Traits.HostBytes, replica.HostSaves, replica.HostBytes > 0);
}
