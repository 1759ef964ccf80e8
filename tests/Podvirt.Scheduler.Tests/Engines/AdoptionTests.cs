using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Core.Models;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Runtimes;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Engines;

/// <summary>Which engines of an earlier run are taken over, and as what.</summary>
public sealed class AdoptionTests : IAsyncLifetime
{
    private readonly SchedulerOptions _options = new() { ProbeTimeout = TimeSpan.FromMilliseconds(300), AdoptionTimeout = TimeSpan.FromSeconds(1) };
    private readonly EngineClient _client = new();
    private readonly ModelSpec _model = Make.Model("m", gib: 40, kind: EngineKind.Vllm);
    private FakeEngine _engine = null!;
    private FakeMachine _machine = null!;

    public async ValueTask InitializeAsync()
    {
        _engine = await FakeEngine.StartAsync();
        _machine = new FakeMachine(_engine.Address);
        _machine.Left.Add(Left(_model));
    }

    [Fact]
    public async Task EngineThatServes_IsServing()
    {
        Answer(isSleeping: false);
        var adopted = Assert.Single(await RunAsync());
        Assert.Equal((false, "r1", _engine.Address, "key"), (adopted.IsAsleep, adopted.Target.Replica, adopted.Target.Address, adopted.Target.ApiKey));
        Assert.Equal("SIM-0", Assert.Single(adopted.Target.Gpus).Id);
        Assert.Contains(_engine.Requests, request => request.StartsWith("POST /v1/chat/completions", StringComparison.Ordinal));
        Assert.Empty(_machine.Stopped);
    }

    [Fact]
    public async Task EngineThatSleeps_SleepsOnAtItsLevel_AndGetsNoCanary()
    {
        Answer(isSleeping: true);
        _machine.Held.Enqueue(2 * Make.GiB);
        _machine.Left[0] = _machine.Left[0] with { SleepLevel = 2 };
        var adopted = Assert.Single(await RunAsync());
        Assert.Equal((true, 2 * Make.GiB, 2), (adopted.IsAsleep, adopted.ResidueBytes, adopted.Target.SleepLevel));
        Assert.Equal(["GET /health", "GET /is_sleeping"], _engine.Requests);
    }

    [Fact]
    public async Task EngineThatIsHalfAwake_IsRemoved()
    {
        // A wake of level 2 that ended after the weights: it says that it sleeps, and would never answer.
        Answer(isSleeping: true);
        _machine.Held.Enqueue(30 * Make.GiB);
        await RemovesAsync();
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(40, false)]
    public async Task Omni_IsWhatItsMemorySays(int heldGib, bool isAsleep)
    {
        var omni = Make.Model("m", gib: 40, kind: EngineKind.VllmOmni) with { Type = ModelType.VideoGeneration };
        _machine.Left[0] = Left(omni);
        _machine.Held.Enqueue(heldGib * Make.GiB);
        Assert.Equal(isAsleep, Assert.Single(await RunAsync(omni)).IsAsleep);
    }

    [Fact]
    public async Task EngineThatIsIll_IsRemoved()
    {
        _engine.Answer = _ => (503, "");
        await RemovesAsync();
    }

    [Fact]
    public async Task EngineWhoseCanaryFails_IsRemoved()
    {
        _engine.Answer = path => path.StartsWith("/v1", StringComparison.Ordinal) ? (500, "broken") : (200, """{"is_sleeping":false}""");
        await RemovesAsync();
    }

    [Fact]
    public async Task EngineThatDoesNotListen_IsRemoved()
    {
        _machine.Left[0] = _machine.Left[0] with { Running = _machine.Left[0].Running with { Address = "http://127.0.0.1:1" } };
        await RemovesAsync();
    }

    [Fact]
    public async Task OtherRevision_IsRemoved() => await RemovesAsync(_model with { Revision = 2 });

    [Fact]
    public async Task ModelThatIsGone_IsRemoved() => await RemovesAsync(Make.Model("other"));

    [Fact]
    public async Task OtherSettings_AreRemoved()
    {
        _machine.Left[0] = _machine.Left[0] with { Settings = "of an older release" };
        await RemovesAsync();
    }

    [Fact]
    public async Task GpuThatIsGone_IsRemoved()
    {
        _machine.Left[0] = _machine.Left[0] with { Gpus = ["SIM-7"] };
        await RemovesAsync();
    }

    [Fact]
    public async Task ReplicaThatWasChanging_IsRemovedWithoutAQuestion()
    {
        Answer(isSleeping: false);
        var adopted = await Adoption().RunAsync(Make.Catalog(_model), Make.Gpus(1, 80), replica => replica == "r1", CancellationToken.None);
        Assert.Empty(adopted);
        Assert.Equal(["r1"], _machine.Stopped);
        Assert.Empty(_engine.Requests);
    }

    [Fact]
    public async Task OneThatIsRemoved_SparesTheOthers()
    {
        Answer(isSleeping: false);
        _machine.Left.Add(Left(_model, "r2") with { Settings = "others" });
        Assert.Equal("r1", Assert.Single(await RunAsync()).Target.Replica);
        Assert.Equal(["r2"], _machine.Stopped);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _engine.DisposeAsync();
    }

    private void Answer(bool isSleeping) => _engine.Answer = _ => (200, isSleeping ? """{"is_sleeping":true}""" : """{"is_sleeping":false}""");

    private LeftReplica Left(ModelSpec model, string replica = "r1") => new(
        new RunningReplica(replica, "m", _engine.Address, "key", 1234), 1, ["SIM-0"], 39 * Make.GiB,
        _machine.SettingsOf(model, Make.Gpus(1, 80), 39 * Make.GiB), 0);

    private Adoption Adoption() => new(
        _machine, new EngineSteps(_options, _machine, _client, _ => _machine, TimeProvider.System), NullLogger.Instance);

    private Task<IReadOnlyList<Adopted>> RunAsync(ModelSpec? model = null) =>
        Adoption().RunAsync(Make.Catalog(model ?? _model), Make.Gpus(1, 80), _ => false, CancellationToken.None);

    private async Task RemovesAsync(ModelSpec? model = null)
    {
        Assert.Empty(await RunAsync(model));
        Assert.Equal(["r1"], _machine.Stopped);
    }
}
