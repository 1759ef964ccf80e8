using Podvirt.Core.Messages;
using Podvirt.Core.Models;
using Podvirt.Core.Replicas;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Leadership;

/// <summary>
/// A leader that is stopped between its last look at the lease and its call: the call comes through when the next one leads, and nothing
/// can refuse it. The next one finds out and heals it.
/// </summary>
public sealed class LateEffectTests : IAsyncDisposable
{
    private readonly LeadershipWorld _world = new(
        1, Make.Model("a", gib: 40, sleepAfter: TimeSpan.FromSeconds(3)), Make.Model("b", gib: 30, sleepAfter: TimeSpan.FromHours(1)));

    private Candidate _first = null!;
    private Candidate _second = null!;

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task LateSleep_IsFound_AndTheEngineIsWokenForThoseWhoWait()
    {
        await ServeAsync("a");
        _first.Gate.HoldTheLastMoment();
        // It falls idle, and its sleep is held at the last moment; then somebody wants it again.
        _world.Demand = [];
        await HeldAsync();
        await ReplaceFirstAsync();
        _world.Demand = [new ModelDemand("a", 0, 0, 1)];
        await _world.UntilServesAsync("a");
        await _world.PassAsync(TimeSpan.FromSeconds(3));

        _first.Gate.ReleaseTheLastMoment();
        await _world.UntilAsync(() => _world.Engines.Only("a").IsAsleep, "the late sleep");
        await _world.UntilAsync(() => !_world.Engines.Only("a").IsAsleep && _world.Route("a").Status == ModelStatus.Active, "a is healed", 10);
        Assert.Contains(_second.Log.Lines, line => line.Contains("its engine says otherwise", StringComparison.Ordinal));
        Assert.Equal([IntentEffect.Start, IntentEffect.Sleep, IntentEffect.Wake], _world.Engines.Done.Select(done => done.Effect));
    }

    [Fact]
    public async Task LateStart_IsFound_AndRemoved()
    {
        await ServeAsync("a");
        _first.Gate.HoldTheLastMoment();
        _world.Demand = [new ModelDemand("a", 0, 0, 1), new ModelDemand("b", 1, 0, 0)];
        await HeldAsync();
        await ReplaceFirstAsync();
        await _world.UntilServesAsync("b");
        var own = _world.Engines.Only("b");

        _first.Gate.ReleaseTheLastMoment();
        await _world.UntilAsync(() => _world.Engines.All.Count == 3, "the late start");
        await _world.UntilAsync(() => _world.Engines.All.Count == 2, "the stray is removed", 15);
        Assert.Equal(own, _world.Engines.Only("b"));
    }

    [Fact]
    public async Task LateStop_IsFound_AndTheReplicaReplaced()
    {
        await ServeAsync("b");
        // Long enough for it to know all gateways.
        await _world.PassAsync(TimeSpan.FromSeconds(6));
        _first.Gate.HoldTheLastMoment();
        _world.Demand = [];
        await _world.StepAsync();
        var asked = _first.Service.Control.DoAsync(FleetAction.Stop, "b", CancellationToken.None);
        await HeldAsync();
        Assert.True((await asked).Accepted);
        await ReplaceFirstAsync();
        // An intent to stop it stood there: the next one has stopped it itself.
        await _world.UntilAsync(() => _world.Engines.All.All(engine => engine.Running.Replica != Done(0).Replica), "it is stopped");
        _world.Demand = [new ModelDemand("b", 1, 0, 0)];
        await _world.UntilServesAsync("b");
        var replaced = _world.Engines.Only("b");

        _first.Gate.ReleaseTheLastMoment();
        await _world.PassAsync(TimeSpan.FromSeconds(5));
        Assert.Equal(replaced, _world.Engines.Only("b"));
        Assert.Contains(_world.Route("b").Replicas, replica => replica.Admits);
    }

    [Fact]
    public async Task LateWake_IsFound_AndTheEngineThatNobodyWantsIsRemoved()
    {
        await ServeAsync("a");
        _world.Demand = [];
        await _world.UntilAsync(() => _world.Engines.Only("a").IsAsleep && _world.Route("a").Status == ModelStatus.Sleeping, "a sleeps");
        _first.Gate.HoldTheLastMoment();
        _world.Demand = [new ModelDemand("a", 1, 0, 0)];
        await HeldAsync();
        _world.Demand = [];
        await ReplaceFirstAsync();
        await _world.UntilAsync(() => _world.Routes.Epoch == 2, "the second's routes");
        Assert.Equal(ModelStatus.Sleeping, _world.Route("a").Status);

        _first.Gate.ReleaseTheLastMoment();
        await _world.UntilAsync(() => _world.Engines.All.Count == 0, "the engine that nobody has woken is removed", 15);
        await _world.UntilAsync(() => _world.Route("a").Status == ModelStatus.Cold, "a is cold");
    }

    private Done Done(int index) => _world.Engines.Done[index];

    private Task<TimeSpan> HeldAsync() => _world.UntilAsync(() => _first.Gate.Waiting > 0, "an effect is held at the last moment");

    /// <summary>The first one is stopped where it stands, and the second one takes over.</summary>
    private async Task ReplaceFirstAsync()
    {
        _first.Gate.Pause();
        await _world.UntilLeadsAsync(_second);
        _first.Resume();
    }

    private async Task ServeAsync(string model)
    {
        _first = await _world.AddAsync("first");
        await _world.UntilLeadsAsync(_first, seconds: 1);
        _second = await _world.AddAsync("second");
        _world.Demand = [new ModelDemand(model, 0, 0, 1)];
        await _world.UntilServesAsync(model);
    }
}
