using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Scheduler.Lifecycle;

namespace Podvirt.Scheduler.Tests.Doubles;

internal enum EffectKind
{
    Start,
    Canary,
    Sleep,
    Wake,
    Look,
    Stop,
    Probe,
    ProbeTrouble,
}

internal sealed record Asked(EffectKind Kind, EngineTarget Target);

/// <summary>Writes down what the loop asks for. Nothing happens until a test says that it did.</summary>
internal sealed class FakeEffects : IEffects
{
    public List<Asked> Pending { get; } = [];

    public List<(ModelSpec Model, string ApiKey)> ExternalProbes { get; } = [];

    public RouteTable Routes { get; private set; } = RouteTable.Empty;

    public int Published { get; private set; }

    public Dictionary<string, StartHistory> Histories { get; } = [];

    public IReadOnlyList<Asked> Of(EffectKind kind) => [.. Pending.Where(asked => asked.Kind == kind)];

    public Asked Take(EffectKind kind, string? model = null)
    {
        var found = Pending.First(asked => asked.Kind == kind && (model is null || asked.Target.Model.Id == model));
        Pending.Remove(found);
        return found;
    }

    public void Start(EngineTarget target) => Pending.Add(new Asked(EffectKind.Start, target));

    public void Canary(EngineTarget target) => Pending.Add(new Asked(EffectKind.Canary, target));

    public void Sleep(EngineTarget target) => Pending.Add(new Asked(EffectKind.Sleep, target));

    public void Wake(EngineTarget target) => Pending.Add(new Asked(EffectKind.Wake, target));

    public void Look(EngineTarget target, IntentEffect? underWay) => Pending.Add(new Asked(EffectKind.Look, target));

    public void Stop(EngineTarget target)
    {
        // A stop cancels whatever else its replica was doing.
        Pending.RemoveAll(asked => asked.Target.Replica == target.Replica);
        Pending.Add(new Asked(EffectKind.Stop, target));
    }

    public void Probe(EngineTarget target, bool wasTrouble) =>
        Pending.Add(new Asked(wasTrouble ? EffectKind.ProbeTrouble : EffectKind.Probe, target));

    public void ProbeExternal(ModelSpec model, string apiKey) => ExternalProbes.Add((model, apiKey));

    public void Publish(RouteTable routes)
    {
        Routes = routes;
        Published++;
    }

    public HashSet<string> SleepOrders { get; } = [];

    public void SaveSleepOrder(string model, bool holds) => Assert.True(holds ? SleepOrders.Add(model) : SleepOrders.Remove(model), "written once");

    public void SaveHistory(string model, StartHistory history) => Histories[model] = history;
}
