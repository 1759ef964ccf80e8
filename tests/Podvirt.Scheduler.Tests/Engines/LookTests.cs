using Podvirt.Core.Models;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Engines;

/// <summary>What an engine of an earlier run is taken for.</summary>
public sealed class LookTests : IAsyncLifetime
{
    private readonly SchedulerOptions _options = new()
    {
        ProbeTimeout = TimeSpan.FromSeconds(10),
        MemoryReturnTimeout = TimeSpan.FromMilliseconds(500),
        AdoptionTimeout = TimeSpan.FromSeconds(20),
    };

    private readonly EngineClient _client = new();
    private readonly ModelSpec _model = Make.Model("m", gib: 40, kind: EngineKind.Vllm);
    private FakeEngine _engine = null!;
    private FakeMachine _machine = null!;

    public async ValueTask InitializeAsync()
    {
        _engine = await FakeEngine.StartAsync();
        _machine = new FakeMachine(_engine.Address);
        _machine.Run("r1");
    }

    [Fact]
    public async Task EngineThatServes_IsServing()
    {
        Answer(isSleeping: false);
        Assert.Equal(new LookedAt("r1", 3, IsAsleep: false, 0, null), await LookAsync());
        Assert.Contains(_engine.Requests, request => request.StartsWith("POST /v1/chat/completions", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Sleep")]
    public async Task EngineThatSleeps_SleepsOn_AndGetsNoCanary(string? underWay)
    {
        Answer(isSleeping: true);
        _machine.Held.Enqueue(2 * Make.GiB);
        Assert.Equal(new LookedAt("r1", 3, IsAsleep: true, 2 * Make.GiB, null), await LookAsync(underWay));
        Assert.Equal(["GET /health", "GET /is_sleeping"], _engine.Requests);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task EngineThatSlept_TellsWhatItHoldsOfHostMemory(bool isSleeping)
    {
        Answer(isSleeping);
        _machine.Held.Enqueue(2 * Make.GiB);
        _machine.Host.Enqueue(17 * Make.GiB);
        Assert.Equal(12 * Make.GiB, Assert.IsType<LookedAt>(await LookAsync(hostBase: 5 * Make.GiB)).HostBytes);
    }

    [Fact]
    public async Task EngineThatIsFallingAsleep_SleepsOnceItsMemoryIsBack()
    {
        Answer(isSleeping: true);
        _machine.Held.Enqueue(38 * Make.GiB);
        _machine.Held.Enqueue(20 * Make.GiB);
        _machine.Held.Enqueue(2 * Make.GiB);
        Assert.Equal(new LookedAt("r1", 3, IsAsleep: true, 2 * Make.GiB, null), await LookAsync("Sleep"));
    }

    [Fact]
    public async Task EngineThatFallsAsleepOverTheCanary_Sleeps()
    {
        var asked = 0;
        _engine.Answer = path => (200, path == "/is_sleeping" && ++asked > 3 ? """{"is_sleeping":true}""" : """{"is_sleeping":false}""");
        _engine.Hangs = path => path.StartsWith("/v1/", StringComparison.Ordinal);
        _machine.Held.Enqueue(38 * Make.GiB);
        _machine.Held.Enqueue(2 * Make.GiB);
        Assert.Equal(new LookedAt("r1", 3, IsAsleep: true, 2 * Make.GiB, null), await LookAsync("Sleep"));
    }

    [Theory]
    [InlineData("Sleep")]
    [InlineData("Wake")]
    public async Task EngineWhoseChangeNeverBeganOrIsOver_ServesIfItHoldsItsMemory(string underWay)
    {
        Answer(isSleeping: false);
        _machine.Held.Enqueue(38 * Make.GiB);
        Assert.Equal(new LookedAt("r1", 3, IsAsleep: false, 0, null), await LookAsync(underWay));
    }

    [Theory]
    [InlineData("Sleep", "its sleep was under way, and it holds 2.0 GiB as if asleep")]
    [InlineData("Wake", "its wake was under way, and it holds 2.0 GiB as if asleep")]
    public async Task EngineThatSaysItIsAwake_AndHoldsNothing_FailsWhereItWasBeingChanged(string underWay, string reason)
    {
        Answer(isSleeping: false);
        _machine.Held.Enqueue(2 * Make.GiB);
        Assert.Equal(Failed(reason), await LookAsync(underWay));
    }

    [Fact]
    public async Task EngineThatIsStillWaking_IsWaitedFor()
    {
        var asked = 0;
        _engine.Answer = path => (200, path == "/is_sleeping" && ++asked < 4 ? """{"is_sleeping":true}""" : """{"is_sleeping":false}""");
        _machine.Held.Enqueue(2 * Make.GiB);
        _machine.Held.Enqueue(2 * Make.GiB);
        _machine.Held.Enqueue(38 * Make.GiB);
        Assert.Equal(new LookedAt("r1", 3, IsAsleep: false, 0, null), await LookAsync("Wake"));
        Assert.Equal(4, asked);
    }

    [Fact]
    public async Task EngineThatWasBeingWoken_IsNeverTakenForASleeper()
    {
        Answer(isSleeping: true);
        _machine.Held.Enqueue(2 * Make.GiB);
        Assert.Equal(Failed("its wake was under way, and it still sleeps"), await LookAsync("Wake"));
    }

    [Fact]
    public async Task EngineThatIsHalfAwake_Fails()
    {
        // A wake of level 2 that ended after the weights: it says that it sleeps, and would never answer.
        Answer(isSleeping: true);
        _machine.Held.Enqueue(30 * Make.GiB);
        Assert.Equal(Failed("it says that it sleeps, and holds 30.0 GiB"), await LookAsync());
    }

    [Fact]
    public async Task SleeperWhoseMemoryCannotBeMeasured_Fails()
    {
        Answer(isSleeping: true);
        Assert.Equal(Failed("its gpu memory cannot be measured"), await LookAsync("Sleep"));
    }

    [Theory]
    [InlineData(2, true)]
    [InlineData(40, false)]
    public async Task Omni_IsWhatItsMemorySays(int heldGib, bool isAsleep)
    {
        _machine.Held.Enqueue(heldGib * Make.GiB);
        var omni = Make.Model("m", gib: 40, kind: EngineKind.VllmOmni) with { Type = ModelType.VideoGeneration };
        Assert.Equal(isAsleep, Assert.IsType<LookedAt>(await LookAsync(model: omni)).IsAsleep);
    }

    [Fact]
    public async Task EngineThatAnotherLeaderWasStarting_IsWaitedFor()
    {
        _options.ElectsLeader = true;
        _options.AdoptionTimeout = TimeSpan.Zero;
        var asked = 0;
        _engine.Answer = path => path == "/health" ? (++asked < 3 ? 503 : 200, "") : (200, """{"is_sleeping":false}""");
        Assert.Equal(new LookedAt("r1", 3, IsAsleep: false, 0, null), await LookAsync("Start"));
        Assert.Equal(3, asked);
    }

    [Fact]
    public async Task EngineThatIsIll_Fails()
    {
        _engine.Answer = _ => (503, "");
        Assert.Equal(Failed("/health answered 503"), await LookAsync());
    }

    [Fact]
    public async Task EngineWhoseCanaryFails_Fails()
    {
        _engine.Answer = path => path.StartsWith("/v1", StringComparison.Ordinal) ? (500, "broken") : (200, """{"is_sleeping":false}""");
        Assert.Equal(Failed("a look at it failed: /v1/chat/completions answered 500 broken"), await LookAsync());
    }

    [Fact]
    public async Task EngineThatDoesNotListen_Fails() => Assert.IsType<StepFailed>(await LookAsync(address: "http://127.0.0.1:1"));

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _engine.DisposeAsync();
    }

    private void Answer(bool isSleeping) => _engine.Answer = _ => (200, isSleeping ? """{"is_sleeping":true}""" : """{"is_sleeping":false}""");

    private static StepFailed Failed(string reason) => new("r1", 3, reason);

    private Task<SchedulerEvent> LookAsync(string? underWay = null, ModelSpec? model = null, string? address = null, long? hostBase = null) =>
        new EngineSteps(_options, _machine, _client, _ => _machine, TimeProvider.System).LookAsync(
            new EngineTarget("r1", 3, model ?? _model, Make.Gpus(1, 80), address ?? _engine.Address, "key", 1, hostBase),
            underWay is null ? null : Enum.Parse<IntentEffect>(underWay), CancellationToken.None);
}
