using Podvirt.Laboratory.Traces;
using Podvirt.Scheduler.Placement;

namespace Podvirt.Laboratory.Simulation;

/// <summary>Starts, sleeps, wakes and stops: one at a time on a gpu.</summary>
internal sealed partial class FleetSimulation
{
    private readonly bool[] _locked;
    private readonly int[] _starting;
    private readonly List<SimulatedReplica>[] _lockWaits;

    /// <summary>It wants a transition; that begins when all its gpus are quiet.</summary>
    private void Intend(SimulatedReplica replica, SimulatedState intent)
    {
        if (intent == SimulatedState.ToStop && replica.Model.Replica == replica)
        {
            replica.Model.Replica = null;
        }

        replica.WasAsleep = replica.State == SimulatedState.Sleeping;
        Become(replica, intent);
        TryBegin(replica);
    }

    private void TryBegin(SimulatedReplica replica)
    {
        foreach (var number in replica.Numbers)
        {
            if (_locked[number])
            {
                _lockWaits[number].Add(replica);
                return;
            }
        }

        if (replica.State == SimulatedState.ToSleep && AwaitsHost(replica))
        {
            return;
        }

        foreach (var number in replica.Numbers)
        {
            _locked[number] = true;
        }

        var traits = replica.Model.Traits;
        var (state, seconds) = replica.State switch
        {
            SimulatedState.ToStart => (SimulatedState.Starting, traits.StartSeconds),
            SimulatedState.ToWake => (SimulatedState.Waking, replica.Level == 1 ? traits.WakeSeconds : traits.DeepWakeSeconds),
            SimulatedState.ToSleep => (SimulatedState.FallingAsleep, traits.SleepSeconds),
            _ => (SimulatedState.Stopping, StopSeconds),
        };
        replica.TurnCame = _now;
        Become(replica, state);
        // No two are exactly alike.
        _events.Enqueue((replica, replica.Stamp, false), _now + (seconds * (0.9 + (0.2 * _random.NextDouble()))));
    }

    private void Finish(SimulatedReplica replica)
    {
        var model = replica.Model;
        var traits = model.Traits;
        switch (replica.State)
        {
            case SimulatedState.Starting or SimulatedState.Waking:
                var wasCold = replica.State == SimulatedState.Starting;
                _ = wasCold ? Outcome.Starts++ : Outcome.Wakes++;
                _policy.BecameActive(model, wasCold ? 0 : replica.Level, _now - replica.RiseBegan, model.Waiting.Count);
                foreach (var arrival in model.Waiting)
                {
                    Count(arrival, wasCold);
                    BreakDown(arrival, replica, wasCold);
                    model.BusyUntil = Math.Max(model.BusyUntil, _now + arrival.Service);
                }

                model.Waiting.Clear();
                replica.ActiveSince = _now;
                Become(replica, SimulatedState.Active);
                JudgeAt(replica, model.BusyUntil);
                break;
            case SimulatedState.FallingAsleep:
                Become(replica, SimulatedState.Sleeping);
                replica.IsIdle = true;
                if (model.Waiting.Count > 0)
                {
                    Enqueue(model);
                }
                else
                {
                    JudgeAt(replica, _now);
                }

                break;
            default:
                Become(replica, SimulatedState.Gone);
                HostCameBack(replica);
                break;
        }

        foreach (var number in replica.Numbers)
        {
            _locked[number] = false;
        }

        FreedSomething(replica);
        foreach (var number in replica.Numbers)
        {
            var waits = _lockWaits[number];
            var retry = waits.ToArray();
            waits.Clear();
            foreach (var other in retry)
            {
                if (other.State is SimulatedState.ToStart or SimulatedState.ToSleep or SimulatedState.ToWake or SimulatedState.ToStop)
                {
                    TryBegin(other);
                }
            }
        }
    }

    private void Become(SimulatedReplica replica, SimulatedState state)
    {
        CountStarting(replica, -1);
        replica.State = state;
        CountStarting(replica, 1);
        replica.Stamp++;
        replica.IsIdle = false;
        Enter(replica);
    }

    private void CountStarting(SimulatedReplica replica, int sign)
    {
        if (replica.State is SimulatedState.ToStart or SimulatedState.Starting)
        {
            foreach (var number in replica.Numbers)
            {
                _starting[number] += sign;
            }
        }
    }

    /// <summary>The ledger, and the integral of what is held, learn what became of a replica.</summary>
    private void Enter(SimulatedReplica replica)
    {
        var traits = replica.Model.Traits;
        var (bytes, after, kind) = replica.State switch
        {
            SimulatedState.Sleeping when replica.Model.Waiting.Count > 0 => (traits.ResidueBytes, 0, HoldingKind.Rising),
            SimulatedState.Sleeping => (traits.ResidueBytes, 0, HoldingKind.Sleeping),
            SimulatedState.ToStop or SimulatedState.Stopping =>
                (replica.WasAsleep ? traits.ResidueBytes : traits.Bytes, 0, HoldingKind.Leaving),
            SimulatedState.ToSleep or SimulatedState.FallingAsleep => (traits.Bytes, traits.ResidueBytes, HoldingKind.Leaving),
            SimulatedState.Active when _now < replica.ActiveSince + ResidencySeconds => (traits.Bytes, traits.ResidueBytes, HoldingKind.Rising),
            SimulatedState.Active => (traits.Bytes, traits.ResidueBytes, replica.IsIdle ? HoldingKind.Idle : HoldingKind.Busy),
            SimulatedState.Gone => (0L, 0L, HoldingKind.Leaving),
            _ => (traits.Bytes, traits.Bytes, HoldingKind.Rising),
        };
        var shares = traits.Gpus * bytes / (double)TraceSettings.GpuBytes;
        _shares += shares - replica.SharesHeld;
        var use = replica.State switch
        {
            SimulatedState.Sleeping => HoldingUse.Asleep,
            SimulatedState.Active => replica.IsIdle ? HoldingUse.Idle : HoldingUse.InUse,
            _ => HoldingUse.Changing,
        };
        _sharesOf[(int)replica.Use] -= replica.SharesHeld;
        _sharesOf[(int)use] += shares;
        replica.Use = use;
        replica.SharesHeld = shares;
        if (replica.State == SimulatedState.Gone)
        {
            _ledger.Remove(replica.Id);
            _replicas.Remove(replica.Id);
            _residents[replica.Node].Remove(replica);
            return;
        }

        replica.HostBytes = replica.State switch
        {
            SimulatedState.FallingAsleep or SimulatedState.Sleeping => replica.Level == 1 ? traits.HostBytes : 0,
            SimulatedState.ToStop or SimulatedState.Stopping => replica.HostBytes,
            _ => 0,
        };
        var isDown = replica.State is SimulatedState.ToSleep or SimulatedState.FallingAsleep or SimulatedState.Sleeping;
        _ledger.Put(new Holding(
            replica.Id, replica.Gpus, bytes, after, kind, replica.Worth.Awake, replica.Worth.Asleep,
            replica.HostBytes,
            isDown ? (long)((traits.Bytes - traits.ResidueBytes) * (replica.Model.Waiting.Count > 0 ? 1 : replica.ChanceSoon)) : 0,
            IsChanging: replica.State is not (SimulatedState.Active or SimulatedState.Sleeping),
            AwakeBytes: replica.State is SimulatedState.ToStop or SimulatedState.Stopping ? 0 : traits.Bytes));
    }

    private void BreakDown(Arrival arrival, SimulatedReplica replica, bool wasCold)
    {
        if (arrival.At < TraceSettings.WarmUpSeconds)
        {
            return;
        }

        var (model, breakdown) = (replica.Model, Outcome.Breakdown);
        var cause = wasCold ? model.WhyCold : replica.Level == 1 ? RiseCause.Wake : RiseCause.DeepWake;
        Between(WaitPhase.Leaving, double.NegativeInfinity, model.QueuedAt);
        Between(WaitPhase.Memory, model.QueuedAt, replica.RiseBegan);
        Between(WaitPhase.Turn, replica.RiseBegan, replica.TurnCame);
        Between(WaitPhase.Rise, replica.TurnCame, _now);

        void Between(WaitPhase phase, double from, double to) =>
            breakdown.Waited(cause, phase, Math.Max(0, to - Math.Max(from, arrival.At)));
    }
}
