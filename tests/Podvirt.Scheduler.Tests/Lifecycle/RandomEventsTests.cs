using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Lifecycle;

/// <summary>
/// Thousands of events in a random order, with two gateways that lag behind and engines that fail. After each one: no gpu
/// is over-committed, no gpu sees two memory transitions, and no engine is asleep while a gateway could send to it.
/// In the end the faults cease, and all demand is served.
/// </summary>
public class RandomEventsTests(ITestOutputHelper output)
{
    private const int Events = 20_000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(null)]
    public void Invariants_HoldAfterEveryEvent(int? fixedSeed)
    {
        var seed = fixedSeed ?? Random.Shared.Next();
        output.WriteLine($"seed {seed}");
        var simulation = new Simulation(seed);
        for (var i = 0; i < Events; i++)
        {
            simulation.Step(withFaults: true);
            simulation.Check(i);
        }

        simulation.ServeEverybody();
        output.WriteLine(simulation.Summary);
    }

    private sealed class SimulatedGateway(string id)
    {
        public string Id => id;

        public RouteTable Routes { get; set; } = RouteTable.Empty;

        public Dictionary<string, List<TimeSpan>> Parked { get; } = [];

        /// <summary>Requests at an engine: replica, model.</summary>
        public List<(string Replica, string Model)> InFlight { get; } = [];

        public GatewayReport Report(TimeSpan now) => new(
            id, Routes.Epoch, Routes.Revision,
            [
                .. Parked.Keys.Union(InFlight.Select(request => request.Model)).Select(model => new ModelDemand(
                    model, Parked.GetValueOrDefault(model)?.Count ?? 0,
                    Parked.TryGetValue(model, out var parked) && parked.Count > 0 ? (long)(now - parked[0]).TotalMilliseconds : 0,
                    InFlight.Count(request => request.Model == model))),
            ],
            [.. InFlight.GroupBy(request => request.Replica).Select(group => new ReplicaLoad(group.Key, group.Count()))]);
    }

    private sealed class Simulation
    {
        private static readonly ModelSpec[] Models =
        [
            Make.Model("small", gib: 20, max: 3, slots: 2, sleepAfter: TimeSpan.FromSeconds(20), stopAfter: TimeSpan.FromSeconds(90)),
            Make.Model("large", gib: 70, sleepAfter: TimeSpan.FromSeconds(30)),
            Make.Model("other", gib: 60, max: 2, slots: 2),
            Make.Model("wide", gib: 50, count: 2, sleepAfter: TimeSpan.FromSeconds(15), stopAfter: TimeSpan.FromSeconds(40)),
            Make.Model("kept", gib: 8, min: 1, max: 2),
            Make.Model("plain", gib: 30, kind: EngineKind.Command, sleepAfter: TimeSpan.FromSeconds(25)),
        ];

        private readonly Random _random;
        private readonly int _seed;
        private readonly LoopWorld _world = new(Make.Gpus(3, 80));
        private readonly SimulatedGateway[] _gateways = [new("g1"), new("g2")];
        private readonly DateTimeOffset _began;
        private int _revision = 1;
        private int _served;
        private int _cutOff;

        public Simulation(int seed)
        {
            _seed = seed;
            _random = new Random(seed);
            _began = _world.Time.GetUtcNow();
            _world.Apply(Models);
        }

        public string Summary =>
            $"{_served} requests served, {_cutOff} cut off by faults, routes revision {_world.Effects.Routes.Revision}";

        private TimeSpan Now => _world.Time.GetUtcNow() - _began;

        public void Step(bool withFaults)
        {
            var gateway = _gateways[_random.Next(2)];
            switch (_random.Next(withFaults ? 100 : 92))
            {
                case < 12:
                    Arrive(gateway);
                    break;
                case < 27:
                    gateway.Routes = _world.Effects.Routes;
                    break;
                case < 42:
                    Dispatch(gateway);
                    break;
                case < 57:
                    _world.Loop.Handle(new GatewayReported(gateway.Report(Now)));
                    break;
                case < 67 when gateway.InFlight.Count > 0:
                    gateway.InFlight.RemoveAt(_random.Next(gateway.InFlight.Count));
                    _served++;
                    break;
                case < 82 when _world.Effects.Pending.Count > 0:
                    Finish(fail: withFaults && _random.Next(12) == 0);
                    break;
                case < 92:
                    Pass(_random.Next(10, 700));
                    break;
                case 92 when _world.Loop.Replicas.Count > 0:
                    // A process dies.
                    var victim = _world.Loop.Replicas.ElementAt(_random.Next(_world.Loop.Replicas.Count));
                    _world.Loop.Handle(new ProcessExited(victim.Id, "killed by signal 9"));
                    break;
                case 93 when _random.Next(20) == 0:
                    Change();
                    break;
                default:
                    break;
            }
        }

        public void Check(int step)
        {
            foreach (var gpu in _world.Loop.Gpus)
            {
                var here = _world.Loop.Replicas
                    .Where(replica => replica.GpuIds.Contains(gpu.Id) && replica.State != ReplicaState.Failed).ToList();
                var held = here.Sum(Held);
                Assert.True(held <= gpu.MemoryBytes, $"seed {_seed}, step {step}: {gpu.Id} holds {held >> 30} GiB");
                var changing = here.Count(replica => replica.State.IsMemoryTransition());
                Assert.True(changing <= 1, $"seed {_seed}, step {step}: {changing} transitions on {gpu.Id}");
            }

            foreach (var replica in _world.Loop.Replicas)
            {
                var isDown = replica.State is ReplicaState.FallingAsleep or ReplicaState.Sleeping or ReplicaState.Waking;
                var admitted = _gateways.Any(gateway => IsHeard(gateway)
                    && gateway.Routes.Models.Any(route => route.Replicas.Any(known => known.Id == replica.Id && known.Admits)));
                Assert.False(
                    isDown && admitted, $"seed {_seed}, step {step}: {replica.Id} is {replica.State} while a gateway may send to it");
                var inFlight = _gateways.Any(gateway => IsHeard(gateway)
                    && gateway.InFlight.Any(request => request.Replica == replica.Id));
                Assert.False(isDown && inFlight, $"seed {_seed}, step {step}: {replica.Id} is {replica.State} with a request in flight");
            }

            foreach (var model in _world.Loop.Replicas.GroupBy(replica => replica.Model.Id))
            {
                var serving = model.Count(replica => replica.State == ReplicaState.Active || replica.State.IsWarming());
                Assert.True(serving <= 2 * model.First().Model.Replicas.Max, $"seed {_seed}, step {step}: {serving} of {model.Key}");
            }
        }

        /// <summary>No more faults and no new requests: everything parked has to be served, in bounded time.</summary>
        public void ServeEverybody()
        {
            for (var i = 0; i < 40_000; i++)
            {
                foreach (var gateway in _gateways)
                {
                    gateway.Routes = _world.Effects.Routes;
                    Dispatch(gateway);
                    gateway.InFlight.Clear();
                    _world.Loop.Handle(new GatewayReported(gateway.Report(Now)));
                }

                if (_gateways.All(gateway => gateway.Parked.Values.All(parked => parked.Count == 0)))
                {
                    return;
                }

                while (_world.Effects.Pending.Count > 0)
                {
                    Finish(fail: false);
                }

                Pass(100);
                Check(Events + i);
            }

            var waiting = _gateways.SelectMany(gateway => gateway.Parked)
                .Where(parked => parked.Value.Count > 0).Select(parked => parked.Key).Distinct();
            var replicas = _world.Loop.Replicas
                .Select(replica => $"{replica.Model.Id} {replica.State} on {string.Join(',', replica.GpuIds)}");
            Assert.Fail($"seed {_seed}: never served: {string.Join(", ", waiting)}; there is {string.Join("; ", replicas)}");
        }

        /// <summary>A sleeper, and one that is being stopped from sleep, holds its residue; all others all that they reserved.</summary>
        private static long Held(Replica replica) => replica.State switch
        {
            ReplicaState.Sleeping => replica.ResidueBytes,
            ReplicaState.Stopping when replica.ResidueBytes > 0 => replica.ResidueBytes,
            _ => replica.Model.Gpu.MemoryBytes,
        };

        private bool IsHeard(SimulatedGateway gateway) =>
            !_lastHeard.TryGetValue(gateway.Id, out var at) || Now - at < _world.Options.GatewayLease;

        private readonly Dictionary<string, TimeSpan> _lastHeard = [];

        private void Pass(int milliseconds)
        {
            _world.Tick(TimeSpan.FromMilliseconds(milliseconds));
            foreach (var gateway in _gateways)
            {
                // Live gateways report at least every second: here they do so with whatever table they have.
                if (!_lastHeard.TryGetValue(gateway.Id, out var at) || Now - at >= TimeSpan.FromSeconds(1))
                {
                    _lastHeard[gateway.Id] = Now;
                    _world.Loop.Handle(new GatewayReported(gateway.Report(Now)));
                }
            }
        }

        private void Arrive(SimulatedGateway gateway)
        {
            var model = Models[_random.Next(Models.Length)].Id;
            if (!gateway.Parked.TryGetValue(model, out var parked))
            {
                gateway.Parked[model] = parked = [];
            }

            if (parked.Count < 20)
            {
                parked.Add(Now);
            }
        }

        /// <summary>Sends what is parked to replicas that this gateway's own table admits. Dead ones cut the request off.</summary>
        private void Dispatch(SimulatedGateway gateway)
        {
            foreach (var (model, parked) in gateway.Parked)
            {
                var route = gateway.Routes.Models.FirstOrDefault(route => route.Model.Id == model);
                foreach (var replica in route?.Replicas.Where(replica => replica.Admits) ?? [])
                {
                    while (parked.Count > 0 && gateway.InFlight.Count(request => request.Replica == replica.Id) < replica.Slots)
                    {
                        parked.RemoveAt(0);
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

            _cutOff += gateway.InFlight.RemoveAll(request => !Runs(request.Replica));
        }

        private bool Runs(string replica) => _world.Loop.Replicas.Any(known =>
            known.Id == replica && known.State is ReplicaState.Active or ReplicaState.Draining);

        private void Finish(bool fail)
        {
            var asked = _world.Effects.Pending[_random.Next(_world.Effects.Pending.Count)];
            _world.Effects.Pending.Remove(asked);
            var target = asked.Target;
            if (fail && asked.Kind is not (EffectKind.Stop or EffectKind.Probe or EffectKind.ProbeTrouble))
            {
                _world.Loop.Handle(new StepFailed(target.Replica, target.Attempt, "fault"));
                return;
            }

            _world.Loop.Handle(asked.Kind switch
            {
                EffectKind.Start => new EngineReady(target.Replica, target.Attempt),
                EffectKind.Canary => new CanaryPassed(target.Replica, target.Attempt),
                EffectKind.Sleep => new FellAsleep(target.Replica, target.Attempt, _random.Next(1, 3) * Make.GiB),
                EffectKind.Wake => new Woke(target.Replica, target.Attempt),
                EffectKind.Stop => new Stopped(target.Replica, target.Attempt),
                _ => new Probed(target.Replica, target.Attempt, fail ? ProbeResult.Unhealthy : ProbeResult.Healthy, asked.Kind == EffectKind.ProbeTrouble, ""),
            });
        }

        /// <summary>One model gets a new revision.</summary>
        private void Change()
        {
            var index = _random.Next(Models.Length);
            _revision++;
            _current[index] = _revision;
            _world.Apply([.. Models.Select((model, i) => model with { Revision = _current.GetValueOrDefault(i, 1) })]);
        }

        private readonly Dictionary<int, int> _current = [];
    }
}
