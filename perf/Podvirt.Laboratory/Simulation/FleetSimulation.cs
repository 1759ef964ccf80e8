using Podvirt.Core.Gpus;
using Podvirt.Laboratory.Policies;
using Podvirt.Laboratory.Traces;
using Podvirt.Scheduler.Idle;
using Podvirt.Scheduler.Placement;
using Stopwatch = System.Diagnostics.Stopwatch;

namespace Podvirt.Laboratory.Simulation;

/// <summary>
/// One policy through one trace, event by event on a virtual clock, with the scheduler's own memory ledger and planner.
/// </summary>
/// <remarks>
/// The scheduler's rules hold: one replica for each model; one memory transition at a time on a gpu; sleep frees all but the
/// residue, at level 2 where the node's memory is full or better kept for others; who waits longest is served first, and keeps what is being freed
/// for it. Engines do not fail and have slots for everybody: neither is what policies differ in.
/// </remarks>
internal sealed partial class FleetSimulation
{
    /// <summary>As the scheduler's default: a replica serves at least this long before it gives way.</summary>
    private const double ResidencySeconds = 5;

    private const double StopSeconds = 2;

    private static readonly HoldingUse[] s_uses = Enum.GetValues<HoldingUse>();

    private readonly Trace _trace;
    private readonly IMemoryPolicy _policy;
    private readonly MemoryLedger _ledger;
    private readonly SimulatedModel[] _models;
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SimulatedReplica> _replicas = new(StringComparer.Ordinal);
    private readonly PriorityQueue<(SimulatedReplica Replica, int Stamp, bool IsJudgement), double> _events = new();
    private readonly double[] _sharesOf = new double[s_uses.Length];
    private readonly Random _random;
    private double _now;
    private double _measuredUntil;
    private double _shares;

    public FleetSimulation(Trace trace, IMemoryPolicy policy, int nodes)
    {
        _trace = trace;
        _policy = policy;
        _random = new Random(trace.Seed);
        var gpus = Enumerable.Range(0, nodes * TraceSettings.GpusPerNode).Select(i => new GpuDevice(
            $"gpu-{i}", i % TraceSettings.GpusPerNode, $"node-{i / TraceSettings.GpusPerNode}", "H100", TraceSettings.GpuBytes, Simulated: false))
            .ToList();
        _nodes = [.. gpus.Select(gpu => gpu.Node).Distinct()];
        _residents = [.. _nodes.Select(_ => new List<SimulatedReplica>())];
        _hostWaits = [.. _nodes.Select(_ => new List<SimulatedReplica>())];
        _ledger = new MemoryLedger(gpus, _nodes.ToDictionary(node => node, _ => TraceSettings.HostBytes));
        for (var i = 0; i < gpus.Count; i++)
        {
            _numbers.Add(gpus[i].Id, i);
        }

        _locked = new bool[gpus.Count];
        _starting = new int[gpus.Count];
        _lockWaits = [.. gpus.Select(_ => new List<SimulatedReplica>())];
        _claimants = new SimulatedModel?[gpus.Count];
        _models = [.. trace.Models.Select(traits => new SimulatedModel(traits))];
        _measuredUntil = TraceSettings.WarmUpSeconds;
    }

    public Outcome Outcome { get; } = new();

    public Outcome Run()
    {
        foreach (var arrival in _trace.Arrivals)
        {
            HandleUntil(arrival.At);
            Advance(arrival.At);
            Arrive(arrival);
            ServeQueue();
        }

        HandleUntil(_trace.Settings.Seconds);
        Advance(_trace.Settings.Seconds);
        foreach (var model in _models)
        {
            foreach (var arrival in model.Waiting)
            {
                // Never served: they have waited to the end.
                Count(arrival, wasCold: true);
                if (arrival.At >= TraceSettings.WarmUpSeconds)
                {
                    Outcome.Breakdown.Waited(model.WhyCold, WaitPhase.Rise, _now - arrival.At);
                }
            }
        }

        return Outcome;
    }

    private void HandleUntil(double end)
    {
        while (_events.TryPeek(out var next, out var at) && at <= end)
        {
            _events.Dequeue();
            if (next.Replica.Stamp == next.Stamp)
            {
                Advance(at);
                if (next.IsJudgement)
                {
                    Judge(next.Replica);
                }
                else
                {
                    Finish(next.Replica);
                }

                ServeQueue();
            }
        }
    }

    private void Advance(double at)
    {
        if (at > _measuredUntil)
        {
            Outcome.GpuSeconds += _shares * (at - _measuredUntil);
            foreach (var use in s_uses)
            {
                Outcome.Breakdown.Held(use, _sharesOf[(int)use] * (at - _measuredUntil));
            }

            _measuredUntil = at;
        }

        _now = at;
    }

    private void Arrive(Arrival arrival)
    {
        var model = _models[arrival.Model];
        var isIdle = model.Waiting.Count == 0 && _now >= model.BusyUntil;
        if (isIdle)
        {
            _policy.Used(model, model.WasUsed ? _now - model.BusyUntil : null);
        }

        model.WasUsed = true;
        if (model.Replica is { State: SimulatedState.Active or SimulatedState.ToSleep } replica)
        {
            Serve(replica, arrival);
            return;
        }

        model.Waiting.Add(arrival);
        if (model.Replica is null or { State: SimulatedState.Sleeping })
        {
            Enqueue(model);
        }
    }

    private void Serve(SimulatedReplica replica, Arrival arrival)
    {
        var model = replica.Model;
        Count(arrival, wasCold: false);
        model.BusyUntil = Math.Max(model.BusyUntil, _now + arrival.Service);
        if (replica.State == SimulatedState.ToSleep)
        {
            // Taken back before anything happened to it.
            Become(replica, SimulatedState.Active);
            FreedSomething(replica);
            JudgeAt(replica, model.BusyUntil);
        }
        else if (replica.IsIdle)
        {
            replica.IsIdle = false;
            replica.Stamp++;
            Enter(replica);
            JudgeAt(replica, model.BusyUntil);
        }
    }

    private void Count(Arrival arrival, bool wasCold)
    {
        if (arrival.At >= TraceSettings.WarmUpSeconds)
        {
            Outcome.Served(_now - arrival.At, wasCold);
        }
    }

    /// <summary>The end of a use, a step of its idle time, or the end of its residency.</summary>
    private void Judge(SimulatedReplica replica)
    {
        var model = replica.Model;
        var isAsleep = replica.State == SimulatedState.Sleeping;
        if (isAsleep && model.Waiting.Count > 0)
        {
            // In the queue for its wake.
            _mayFit = true;
            return;
        }

        if (!isAsleep && _now < model.BusyUntil)
        {
            JudgeAt(replica, model.BusyUntil);
            return;
        }

        replica.IsIdle = true;
        _mayFit = true;
        var verdict = _policy.Judge(model, isAsleep, _now - model.BusyUntil, _now, Short());
        replica.Worth = verdict.Worth;
        replica.ChanceSoon = verdict.ChanceSoon;
        switch (verdict.Decision)
        {
            case IdleDecision.Sleep:
                Intend(replica, SimulatedState.ToSleep);
                break;
            case IdleDecision.Stop:
                model.WhyCold = RiseCause.AfterIdleStop;
                Intend(replica, SimulatedState.ToStop);
                break;
            default:
                Enter(replica);
                var resident = replica.ActiveSince + ResidencySeconds + 1e-6;
                var ask = Math.Max(0.5, verdict.AskAgain);
                JudgeAt(replica, !isAsleep && resident > _now ? Math.Min(resident, _now + ask) : _now + ask);
                break;
        }
    }

    /// <summary>Requests of models for which nothing is being freed.</summary>
    private int Short()
    {
        var waiting = 0;
        foreach (var model in _queue)
        {
            waiting += model.Claim is null ? model.Waiting.Count : 0;
        }

        return waiting;
    }

    private void JudgeAt(SimulatedReplica replica, double at)
    {
        if (at <= _trace.Settings.Seconds)
        {
            _events.Enqueue((replica, replica.Stamp, true), at);
        }
    }

    private PlacementDecision Decide(PlacementRequest request)
    {
        var began = Stopwatch.GetTimestamp();
        var decision = Planner.Decide(_ledger, request);
        Outcome.Decided(Stopwatch.GetElapsedTime(began));
        return decision;
    }
}
