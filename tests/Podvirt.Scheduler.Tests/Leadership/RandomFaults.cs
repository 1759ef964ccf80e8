using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Leadership;

/// <summary>
/// Three schedulers under random pauses, cuts, kills and hand-overs, and changing demand. It begins the same for a seed; which thread is first
/// no seed decides.
/// </summary>
internal sealed class RandomFaults(int seed) : IAsyncDisposable
{
    /// <summary>What may be under way on a thread of ours that waits for a processor when another leader begins.</summary>
    private static readonly TimeSpan Leeway = TimeSpan.FromSeconds(2);

    /// <summary>A stray is found within two looks, a sleeper that is awake within one, each five seconds, and is then stopped.</summary>
    private static readonly TimeSpan HealMax = TimeSpan.FromSeconds(20);

    private static readonly ModelSpec[] s_models =
    [
        Model("a", 50), Model("b", 40), Model("c", 30) with { Replicas = new ReplicaRange(0, 2, 2) }, Model("d", 20), Model("e", 60),
    ];

    private readonly Random _random = new(seed);
    private readonly LeadershipWorld _world = new(2, s_models);
    private readonly PriorityQueue<Action, TimeSpan> _later = new();
    private readonly Lock _gate = new();
    private readonly HashSet<long> _frozen = [];
    private (long Epoch, TimeSpan At) _takenOver;
    private TimeSpan _lateUntil;
    private string? _violation;
    private int _names;

    public string Summary => $"seed {seed}: epoch {_world.Routes.Epoch}, {_world.Engines.Done.Count} effects, {_world.Now.TotalSeconds:0} s";

    public async Task RunAsync(int steps)
    {
        _world.Engines.TakenOver = NoteTakeOver;
        _world.Engines.Begins = CheckFence;
        for (var i = 0; i < 3; i++)
        {
            await AddAsync();
        }

        for (var step = 0; step < steps; step++)
        {
            await FaultAsync();
            while (_later.TryPeek(out var action, out var at) && at <= _world.Now)
            {
                _later.Dequeue();
                action();
            }

            await _world.StepAsync();
            CheckMemory();
            Assert.True(_violation is null, $"{Summary}: {_violation}");
        }

        await SettleAsync();
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    private static ModelSpec Model(string id, int gib) => Make.Model(id, gib, sleepAfter: TimeSpan.FromSeconds(4), stopAfter: TimeSpan.FromSeconds(25));

    private Candidate Any()
    {
        var alive = _world.Candidates.Where(candidate => !candidate.IsDead).ToList();
        // Mostly whoever leads: that is where it hurts.
        return _world.Leader is { } leader && _random.Next(2) == 0 ? leader : alive[_random.Next(alive.Count)];
    }

    private Task<Candidate> AddAsync() => _world.AddAsync($"s{++_names}");

    private void Later(Action action) => _later.Enqueue(action, _world.Now + TimeSpan.FromSeconds(_random.Next(1, 15)));

    private async Task FaultAsync()
    {
        var candidate = Any();
        switch (_random.Next(200))
        {
            case < 3 when !candidate.Gate.IsPaused:
                candidate.Gate.Pause();
                Later(candidate.Resume);
                break;
            case < 4 when !candidate.Gate.IsPaused:
                candidate.Gate.Pause();
                Later(() => ResumeFrozen(candidate));
                break;
            case < 7:
                candidate.Gate.CutOff((CandidateGate.Cut)_random.Next(1, 3));
                Later(() => candidate.Gate.CutOff(CandidateGate.Cut.None));
                break;
            case < 9:
                candidate.Gate.HoldTheLastMoment();
                Later(() => ReleaseLate(candidate));
                break;
            case < 10 when !candidate.Gate.IsPaused:
                candidate.Kill();
                await AddAsync();
                break;
            case < 30:
                _world.Demand = [.. s_models.Where(_ => _random.Next(3) == 0).Select(model => new ModelDemand(model.Id, _random.Next(0, 3), 10, _random.Next(0, 3)))];
                break;
            default:
                break;
        }
    }

    /// <summary>No fence holds against a clock that stood still together with the process; the epoch does, for what is not yet confirmed.</summary>
    private void ResumeFrozen(Candidate candidate)
    {
        lock (_gate)
        {
            _frozen.Add(candidate.Service.Current.Epoch);
        }

        _lateUntil = _world.Now + HealMax;
        candidate.ResumeFrozen();
    }

    private void ReleaseLate(Candidate candidate)
    {
        _lateUntil = _world.Now + HealMax;
        candidate.Gate.ReleaseTheLastMoment();
    }

    private void NoteTakeOver(long epoch)
    {
        lock (_gate)
        {
            _takenOver = epoch > _takenOver.Epoch ? (epoch, _world.Now) : _takenOver;
        }
    }

    private void CheckFence(long epoch)
    {
        lock (_gate)
        {
            if (_takenOver.Epoch > epoch && _world.Now - _takenOver.At > Leeway && !_frozen.Contains(epoch))
            {
                _violation ??= $"an effect of epoch {epoch} begins at {_world.Now}, and {_takenOver.Epoch} took over at {_takenOver.At}";
            }
        }
    }

    private void CheckMemory()
    {
        foreach (var gpu in _world.Gpus)
        {
            var held = _world.Engines.All.Where(engine => engine.Gpus.Contains(gpu)).Sum(engine => engine.HeldBytes);
            Assert.True(held <= gpu.MemoryBytes || _world.Now < _lateUntil, $"{Summary}: {gpu.Id} holds {held >> 30} GiB");
        }
    }

    /// <summary>The faults cease: one leads, everybody is served, and every engine is what its leader takes it for.</summary>
    private async Task SettleAsync()
    {
        while (_later.TryDequeue(out var action, out _))
        {
            action();
        }

        await _world.PassAsync(HealMax + _world.Leases.Period);
        Assert.Single(_world.Candidates, candidate => candidate.Leads);
        foreach (var model in s_models)
        {
            _world.Demand = [new ModelDemand(model.Id, 1, 10, 0)];
            await _world.UntilServesAsync(model.Id, seconds: 120);
        }

        _world.Demand = [];
        await _world.UntilAsync(IsKnown, $"{Summary}: every engine is known as what it is", seconds: 30);
        _lateUntil = TimeSpan.Zero;
        CheckMemory();
    }

    private bool IsKnown()
    {
        var known = _world.Routes.Models.SelectMany(route => route.Replicas).ToDictionary(replica => replica.Id);
        return _world.Engines.All.All(engine => known.TryGetValue(engine.Running.Replica, out var replica)
            && (replica.State == ReplicaState.Sleeping) == engine.IsAsleep);
    }
}
