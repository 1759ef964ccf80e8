using Podvirt.Core.Gpus;
using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Lifecycle.Simulation;

/// <summary>
/// The real loop with fake effects, two gateways that lag behind, and every fault that engines, processes, gateways and
/// operators can produce, in an order that a seed decides. The same seed gives the same run.
/// </summary>
internal sealed partial class SimulatedFleet
{
    private const long HostBytes = 100 * Make.GiB;

    private static readonly ModelSpec[] s_models =
    [
        Model(Make.Model("small", gib: 20, max: 3, slots: 2), 20, 90),
        Model(Make.Model("large", gib: 70), 30, 60),
        Model(Make.Model("other", gib: 60, max: 2, slots: 2), 30, 70),
        Model(Make.Model("wide", gib: 50, count: 2), 15, 40),
        Model(Make.Model("kept", gib: 8, min: 1, max: 2), 30, 60),
        Model(Make.Model("plain", gib: 30, kind: EngineKind.Command), 25, 50),
        Model(Make.Model("clips", gib: 50, max: 2, kind: EngineKind.VllmOmni), 25, 50),
    ];

    private readonly Random _random;
    private readonly int _seed;
    // The host memory of the node does not hold all that could sleep in it.
    private readonly LoopWorld _world = new(
        [.. Make.Gpus(3, 80), new GpuDevice("GPU-0", 3, "box", "H100", 80 * Make.GiB, Simulated: false)],
        hostBytes: new Dictionary<string, long> { ["box"] = HostBytes });
    private readonly SimulatedGateway[] _gateways = [new("g1"), new("g2")];
    private readonly DateTimeOffset _began;
    private readonly int[] _revisions = [1, 1, 1, 1, 1, 1, 1];
    private readonly HashSet<int> _removed = [];
    private readonly HashSet<string> _drained = [];
    private readonly Dictionary<string, int> _jobs = [];
    private readonly Queue<Asked> _answered = new();
    private int _revision = 1;
    private long _step;
    private long _served;
    private long _cutOff;
    private long _transitions;
    private readonly SortedDictionary<string, long> _faults = new(StringComparer.Ordinal);

    public SimulatedFleet(int seed)
    {
        _seed = seed;
        _random = new Random(seed);
        _began = _world.Time.GetUtcNow();
        ApplyCatalog();
    }

    public string Summary =>
        $"seed {_seed}: {_step} events, {_transitions} transitions, {_served} requests served, {_cutOff} cut off by faults, {Now.TotalHours:0.0} h; "
        + string.Join(", ", _faults.Select(fault => $"{fault.Value} {fault.Key}"));

    private TimeSpan Now => _world.Time.GetUtcNow() - _began;

    /// <summary>One random event, and the checks that hold after each.</summary>
    public void Step()
    {
        _step++;
        var gateway = _gateways[_random.Next(2)];
        var isSilent = Now < gateway.SilentUntil;
        switch (_random.Next(1000))
        {
            case < 120:
                Arrive(gateway);
                break;
            case < 270 when !isSilent:
                gateway.Routes = _world.Effects.Routes;
                break;
            case < 420 when !isSilent:
                Dispatch(gateway);
                break;
            case < 570 when !isSilent:
                Say(gateway);
                break;
            case < 670 when gateway.InFlight.Count > 0:
                Finish(gateway, gateway.InFlight[_random.Next(gateway.InFlight.Count)]);
                break;
            case < 820 when _world.Effects.Pending.Count > 0:
                Answer(isFault: _random.Next(12) == 0);
                break;
            case < 920:
                Pass(_random.Next(10, 700));
                break;
            case < 930 when _world.Loop.Replicas.Count > 0:
                Count("engines killed");
                _world.Loop.Handle(new ProcessExited(AnyReplica().Id, "killed by signal 9"));
                break;
            case < 950 when _world.Loop.Replicas.Count > 0:
                var troubled = AnyReplica();
                var kind = (TroubleKind)_random.Next(4);
                Count("troubles reported");
                _world.Loop.Handle(new TroubleReported(
                    new ReplicaTrouble(gateway.Id, troubled.Model.Id, troubled.Id, kind, "fault", _random.Next(1, 7))));
                break;
            case < 965:
                AnswerLate();
                break;
            case < 975:
                Order();
                break;
            case < 977:
                ChangeCatalog();
                break;
            case < 978:
                Count("gateways cut off");
                gateway.SilentUntil = Now + TimeSpan.FromSeconds(_random.Next(2, 20));
                break;
            case < 982:
                FinishJob();
                break;
            case < 983:
                Count("stalls of everything");
                // Long enough for steps and drains to run into their limits.
                PassQuietly(TimeSpan.FromSeconds(_random.Next(5, 60)));
                break;
            default:
                break;
        }

        Check();
    }

    private static ModelSpec Model(ModelSpec model, int sleepSeconds, int stopSeconds) => model with
    {
        Idle = new IdleSpec(TimeSpan.FromSeconds(sleepSeconds), TimeSpan.FromSeconds(stopSeconds)),
        Engine = model.Engine with { StartTimeout = TimeSpan.FromSeconds(30) },
    };

    private void Count(string fault) => _faults[fault] = _faults.GetValueOrDefault(fault) + 1;

    private Replica AnyReplica() => _world.Loop.Replicas.ElementAt(_random.Next(_world.Loop.Replicas.Count));

    private void Arrive(SimulatedGateway gateway)
    {
        var model = s_models[_random.Next(s_models.Length)].Id;
        if (!gateway.Parked.TryGetValue(model, out var parked))
        {
            gateway.Parked[model] = parked = new Queue<TimeSpan>();
        }

        if (parked.Count < 20)
        {
            parked.Enqueue(Now);
        }
    }

    /// <summary>Sends what is parked to replicas that this gateway's own table admits. Dead ones cut the request off.</summary>
    private void Dispatch(SimulatedGateway gateway)
    {
        foreach (var (model, parked) in gateway.Parked)
        {
            var route = parked.Count == 0 ? null : gateway.Routes.Models.FirstOrDefault(route => route.Model.Id == model);
            foreach (var replica in route?.Replicas.Where(replica => replica.Admits) ?? [])
            {
                while (parked.Count > 0 && gateway.InFlight.Count(request => request.Replica == replica.Id) < replica.Slots)
                {
                    parked.Dequeue();
                    if (Runs(replica.Id))
                    {
                        gateway.InFlight.Add((replica.Id, model));
                    }
                    else
                    {
                        _cutOff++;
                    }
                }
            }
        }

        CutOffTheDead(gateway);
    }

    private void CutOffTheDead(SimulatedGateway gateway) => _cutOff += gateway.InFlight.RemoveAll(request => !Runs(request.Replica));

    private bool Runs(string replica) => _world.Loop.Replicas.Any(known =>
        known.Id == replica && known.State is ReplicaState.Active or ReplicaState.Draining);

    private void Say(SimulatedGateway gateway)
    {
        gateway.LastHeard = Now;
        _world.Loop.Handle(new GatewayReported(gateway.Report(Now)));
    }

    /// <summary>Time passes; gateways that are not cut off report at least every second, with whatever table they have.</summary>
    private void Pass(int milliseconds)
    {
        _world.Tick(TimeSpan.FromMilliseconds(milliseconds));
        foreach (var gateway in _gateways)
        {
            if (gateway.SilentUntil > TimeSpan.Zero && Now >= gateway.SilentUntil)
            {
                // Back on the bus: it hears before it speaks, and its requests at engines that went meanwhile are lost.
                gateway.SilentUntil = TimeSpan.Zero;
                gateway.Routes = _world.Effects.Routes;
                CutOffTheDead(gateway);
                Say(gateway);
            }
            else if (gateway.SilentUntil == TimeSpan.Zero && Now - gateway.LastHeard >= TimeSpan.FromSeconds(1))
            {
                Say(gateway);
            }
        }
    }

    private void PassQuietly(TimeSpan duration)
    {
        for (var until = Now + duration; Now < until;)
        {
            Pass(500);
            Check();
        }
    }

    private void Answer(bool isFault)
    {
        var asked = _world.Effects.Pending[_random.Next(_world.Effects.Pending.Count)];
        _world.Effects.Pending.Remove(asked);
        _answered.Enqueue(asked);
        if (_answered.Count > 64)
        {
            _answered.Dequeue();
        }

        if (isFault && asked.Kind != EffectKind.Stop)
        {
            Count($"{asked.Kind} failed");
        }

        if (asked.Kind == EffectKind.Start && _random.Next(2) == 0)
        {
            // It gets on before it is done, or fails.
            _world.Loop.Handle(new Launched(asked.Target.Replica, asked.Target.Attempt, "http://127.0.0.1:1", "key"));
            _world.Loop.Handle(new PhaseSeen(asked.Target.Replica, asked.Target.Attempt, WarmUpPhases.Weights));
        }

        _world.Loop.Handle(ResultOf(asked, isFault));
    }

    /// <summary>An answer to a question that nobody asks any more.</summary>
    private void AnswerLate()
    {
        foreach (var asked in _answered)
        {
            var replica = _world.Loop.Replicas.FirstOrDefault(replica => replica.Id == asked.Target.Replica);
            if (replica is null || replica.Attempt != asked.Target.Attempt)
            {
                Count("results too late");
                _world.Loop.Handle(ResultOf(asked, isFault: _random.Next(2) == 0));
                return;
            }
        }
    }

    private SchedulerEvent ResultOf(Asked asked, bool isFault)
    {
        var (replica, attempt) = (asked.Target.Replica, asked.Target.Attempt);
        return asked.Kind switch
        {
            EffectKind.Stop => new Stopped(replica, attempt),
            EffectKind.Probe or EffectKind.ProbeTrouble => Probe(asked, isFault),
            _ when isFault => new StepFailed(replica, attempt, $"{asked.Kind} fails"),
            EffectKind.Start => new EngineReady(replica, attempt),
            EffectKind.Canary => new CanaryPassed(replica, attempt),
            EffectKind.Sleep when _jobs.GetValueOrDefault(replica) is > 0 and var jobs => new StillBusy(replica, attempt, jobs),
            EffectKind.Sleep => new FellAsleep(replica, attempt, _random.Next(1, 3) * Make.GiB, TakeHost(asked.Target)),
            _ => new Woke(replica, attempt),
        };
    }

    private Probed Probe(Asked asked, bool isFault)
    {
        var result = !isFault ? ProbeResult.Healthy : _random.Next(2) == 0 ? ProbeResult.Silent : ProbeResult.Unhealthy;
        int? jobs = _random.Next(20) == 0 ? null : _jobs.GetValueOrDefault(asked.Target.Replica);
        long? kept = asked.Target.HostBase is null ? null : _random.Next(2) * Make.GiB;
        return new Probed(asked.Target.Replica, asked.Target.Attempt, result, asked.Kind == EffectKind.ProbeTrouble, "fault", jobs, kept);
    }

    private HostMeasure? TakeHost(EngineTarget target)
    {
        var added = target.SleepLevel == 1 ? target.Model.Gpu.MemoryBytes * target.Gpus.Count / 2 : 0;
        return _random.Next(10) == 0 ? null : new HostMeasure(Make.GiB, added);
    }

    /// <summary>A request is answered; what it asked a video engine for goes on as a job.</summary>
    private void Finish(SimulatedGateway gateway, (string Replica, string Model) request)
    {
        gateway.InFlight.Remove(request);
        _served++;
        // Who is cut off from the bus asks the engine itself, and is not asked for its word: such a job may be lost.
        if (request.Model == "clips" && gateway.SilentUntil == TimeSpan.Zero && Runs(request.Replica))
        {
            _jobs[request.Replica] = _jobs.GetValueOrDefault(request.Replica) + 1;
        }
    }

    private void FinishJob()
    {
        if (_jobs.Count > 0)
        {
            var replica = _jobs.Keys.ElementAt(_random.Next(_jobs.Count));
            if (--_jobs[replica] <= 0)
            {
                _jobs.Remove(replica);
            }
        }
    }

    private void Order()
    {
        var action = (FleetAction)_random.Next(7);
        var isUndo = action is FleetAction.Unpin or FleetAction.UndrainGpu;
        // What lasts is taken back more often than given, so that the fleet is not pinned and drained for good.
        if (!isUndo && action is FleetAction.Pin or FleetAction.DrainGpu && _random.Next(3) > 0)
        {
            return;
        }

        var target = action is FleetAction.DrainGpu or FleetAction.UndrainGpu
            ? $"SIM-{_random.Next(4)}"
            : s_models[_random.Next(s_models.Length)].Id;
        GiveOrder(action, target);
    }

    private void GiveOrder(FleetAction action, string target)
    {
        Count("orders");
        if (_world.Ask(action, target).Accepted && action is FleetAction.DrainGpu)
        {
            _drained.Add(target);
        }
        else if (action is FleetAction.UndrainGpu)
        {
            _drained.Remove(target);
        }
    }

    /// <summary>One model gets a new revision, goes, or comes back.</summary>
    private void ChangeCatalog()
    {
        Count("catalog changes");
        var index = _random.Next(s_models.Length);
        if (_removed.Remove(index) || _random.Next(3) > 0)
        {
            _revisions[index] = ++_revision;
        }
        else
        {
            _removed.Add(index);
            foreach (var gateway in _gateways)
            {
                // An unknown model's requests are refused.
                gateway.Parked.Remove(s_models[index].Id);
            }
        }

        ApplyCatalog();
    }

    private void ApplyCatalog() => _world.Apply(
        [.. s_models.Select((model, index) => (model, index)).Where(pair => !_removed.Contains(pair.index))
            .Select(pair => pair.model with { Revision = _revisions[pair.index] })]);
}
