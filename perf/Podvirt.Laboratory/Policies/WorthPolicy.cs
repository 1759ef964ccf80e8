using Podvirt.Core.Models;
using Podvirt.Laboratory.Simulation;
using Podvirt.Scheduler.Idle;

namespace Podvirt.Laboratory.Policies;

/// <summary>Podvirt's own: the scheduler's classes, fed with what the simulation shows.</summary>
internal sealed class WorthPolicy(double price, int gpus, IdleTuning tuning) : IMemoryPolicy
{
    private readonly FleetGaps _fleet = new();
    private readonly Dictionary<int, ModelMemory> _models = [];

    public void Used(SimulatedModel model, double? idleSeconds)
    {
        if (idleSeconds is { } seconds)
        {
            Of(model).Record(seconds, _fleet);
        }
    }

    public void BecameActive(SimulatedModel model, int level, double seconds, int waiting) =>
        Of(model).BecameActive(level, seconds, waiting);

    public double? Level1Saves(SimulatedModel model, double idleSeconds, double now)
    {
        var memory = Of(model);
        var returns = memory.Curve(_fleet).AtLast(idleSeconds);
        return Worth.OfQuickerWake(returns, memory.Costs(model.Traits, 1), memory.Costs(model.Traits, 2), price);
    }

    public Verdict Judge(SimulatedModel model, bool isAsleep, double idleSeconds, double now, int waiting)
    {
        var memory = Of(model);
        var curve = memory.Curve(_fleet);
        var costs = memory.Costs(model.Traits, model.Replica?.Level ?? 1);
        var current = MemoryPrice.Of(price, waiting, gpus);
        var worth = Worth.Of(curve.At(idleSeconds), costs, price, tuning);
        var decision = Decide(worth);

        // Worth changes at the steps of the curve: the next one that matters, or a doubling of the time.
        var bucket = GapBuckets.Of(idleSeconds);
        var next = Math.Min(bucket + 3, GapBuckets.Count - 1);
        for (var i = bucket + 1; i < next; i++)
        {
            if (Decide(Worth.Of(curve.At(GapBuckets.Start(i)), costs, price, tuning)) != IdleDecision.Stay)
            {
                next = i;
            }
        }

        return new Verdict(
            decision, worth.AgainstOthers(tuning), Math.Max(1, GapBuckets.Start(next) - idleSeconds + 1e-6), curve.ChanceSoon(idleSeconds));

        IdleDecision Decide(Worth at) =>
            IdlePolicy.Decide(IdleSpec.Auto, TimeSpan.FromSeconds(idleSeconds), at, current, isAsleep, canSleep: true);
    }

    private ModelMemory Of(SimulatedModel model)
    {
        if (!_models.TryGetValue(model.Traits.Index, out var memory))
        {
            memory = new ModelMemory(tuning);
            _models.Add(model.Traits.Index, memory);
        }

        return memory;
    }
}
