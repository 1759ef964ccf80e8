using Podvirt.Core.Models;
using Podvirt.Scheduler.Engines;
using Podvirt.Scheduler.Lifecycle;
using Podvirt.Scheduler.Tests.Doubles;
using Podvirt.Testing.Net;

namespace Podvirt.Scheduler.Tests.Engines;

/// <summary>Sleep, wake and start against an engine that answers, and gpus that say, what a test wants.</summary>
public sealed class EngineStepsTests : IAsyncLifetime
{
    private const string Done = """{"status":"SUCCESS","is_sleeping":true}""";
    private const string Awake = """{"is_sleeping":false}""";

    private readonly SchedulerOptions _options = new() { MemoryReturnTimeout = TimeSpan.FromMilliseconds(60) };
    private readonly EngineClient _client = new();
    private FakeEngine _engine = null!;
    private FakeMachine _machine = null!;

    public async ValueTask InitializeAsync()
    {
        _engine = await FakeEngine.StartAsync();
        _engine.Answer = _ => (200, Done);
        _machine = new FakeMachine(_engine.Address);
        _machine.Run("r1");
    }

    [Fact]
    public async Task Sleep_IsOverWhenTheMemoryIsBack_AndNotBefore()
    {
        _options.MemoryReturnTimeout = TimeSpan.FromMinutes(1);
        Queue(_machine.Held, 40, 39, 2);
        Assert.Equal(new FellAsleep("r1", 1, 2 * Make.GiB), await SleepAsync());
    }

    [Fact]
    public async Task MemoryThatStays_IsAFailureWithItsNumber()
    {
        Queue(_machine.Held, 38);
        Assert.Equal("asleep, but 38.0 GiB of gpu memory did not come back", Reason(await SleepAsync()));
    }

    [Fact]
    public async Task DriverThatShowsNoProcess_IsJudgedByWhatCameFree()
    {
        _options.MemoryReturnTimeout = TimeSpan.FromMinutes(1);
        _machine.Held.Enqueue(null);
        Queue(_machine.Free, 38, 45, 76);
        Assert.Equal(new FellAsleep("r1", 1, 2 * Make.GiB), await SleepAsync());
    }

    [Fact]
    public async Task DriverThatShowsNothing_IsAFailure()
    {
        _machine.Held.Enqueue(null);
        Assert.Equal("asleep, but its gpu memory cannot be measured", Reason(await SleepAsync()));
    }

    [Fact]
    public async Task DriverThatShowsNoProcess_AndNothingCameFree_IsAFailure()
    {
        _machine.Held.Enqueue(null);
        Queue(_machine.Free, 38);
        Assert.Equal("asleep, but 40.0 GiB of gpu memory did not come back", Reason(await SleepAsync()));
    }

    [Fact]
    public async Task Sleep_TellsWhatItTookOfHostMemory()
    {
        Queue(_machine.Held, 2);
        Queue(_machine.Host, 5, 33);
        Assert.Equal(new FellAsleep("r1", 1, 2 * Make.GiB, new HostMeasure(5 * Make.GiB, 28 * Make.GiB)), await SleepAsync());
        Assert.Equal(5 * Make.GiB, _machine.HostBases["r1"]);
    }

    [Fact]
    public async Task LaterSleep_IsMeasuredFromBeforeTheFirst()
    {
        // Awake again it keeps its copy, so that the second sleep adds nothing.
        Queue(_machine.Held, 2);
        Queue(_machine.Host, 33);
        var target = Target() with { HostBase = 5 * Make.GiB };
        Assert.Equal(
            new FellAsleep("r1", 1, 2 * Make.GiB, new HostMeasure(5 * Make.GiB, 28 * Make.GiB)),
            await Steps().SleepAsync(target, CancellationToken.None));
    }

    [Fact]
    public async Task Probe_TellsWhatIsKeptOfHostMemory_WhereItIsAsked()
    {
        Queue(_machine.Host, 7);
        var asked = Assert.IsType<Probed>(await Steps().ProbeAsync(Target() with { HostBase = 5 * Make.GiB }, wasTrouble: false, CancellationToken.None));
        Assert.Equal(2 * Make.GiB, asked.HostBytes);
        Assert.Null(Assert.IsType<Probed>(await Steps().ProbeAsync(Target(), wasTrouble: false, CancellationToken.None)).HostBytes);
    }

    [Theory]
    [InlineData(true, Done, true)]
    [InlineData(true, Awake, false)]
    [InlineData(true, "no JSON", null)]
    [InlineData(false, Done, null)]
    public async Task Probe_AsksWhetherItSleeps_WhereAnotherLeaderMayHaveSaidSo(bool electsLeader, string answer, bool? isAsleep)
    {
        _options.ElectsLeader = electsLeader;
        _engine.Answer = _ => (200, answer);
        Assert.Equal(isAsleep, Assert.IsType<Probed>(await Steps().ProbeAsync(Target(), wasTrouble: false, CancellationToken.None)).IsAsleep);
        Assert.Equal(electsLeader, _engine.Requests.Contains("GET /is_sleeping"));
    }

    [Fact]
    public async Task EngineThatResetsConnections_IsUnhealthy()
    {
        using var engine = new ResettingServer();
        for (var probe = 0; probe < ResettingServer.Connections; probe++)
        {
            var probed = Assert.IsType<Probed>(await Steps().ProbeAsync(Target() with { Address = engine.Address }, wasTrouble: false, CancellationToken.None));
            Assert.Equal(ProbeResult.Unhealthy, probed.Result);
        }
    }

    [Fact]
    public async Task EngineThatTakesNoConnections_IsSilent()
    {
        using var engine = new DeafListener(acceptsConnections: false);
        var target = Target() with { Address = engine.Address };
        var asked = Steps().ProbeAsync(target, wasTrouble: false, CancellationToken.None);
        Assert.Equal("canary failed: no connection within 2 s", Reason(await Steps().CanaryAsync(target, CancellationToken.None)));
        var probed = Assert.IsType<Probed>(await asked);
        Assert.Equal((ProbeResult.Silent, "/health: no connection within 2 s"), (probed.Result, probed.Detail));
    }

    [Fact]
    public async Task CallThatMayNotBeMade_IsNotMade()
    {
        using var client = new EngineClient(static () => throw new OperationCanceledException("It leads no more."));
        await Assert.ThrowsAsync<OperationCanceledException>(() => client.SleepAsync(Target(), CancellationToken.None));
        await Assert.ThrowsAsync<OperationCanceledException>(() => client.WakeAsync(Target(), CancellationToken.None));
        Assert.Empty(_engine.Requests);
    }

    [Theory]
    [InlineData("queued")]
    [InlineData("in_progress")]
    public async Task UnfinishedVideoJob_KeepsItAwake(string status)
    {
        _engine.Answer = _ => (200, $$"""{"data":[{"id":"v1","status":"{{status}}"},{"id":"v2","status":"completed"}]}""");
        Assert.Equal(new StillBusy("r1", 1, 1), await SleepAsync(EngineKind.VllmOmni));
        Assert.Equal(["GET /v1/videos?limit=100"], _engine.Requests);
    }

    [Fact]
    public async Task JobsThatCannotBeListed_AreNoReasonToSleep()
    {
        _engine.Answer = _ => (500, "broken");
        Assert.Equal("sleep failed: /v1/videos answered 500 broken", Reason(await SleepAsync(EngineKind.VllmOmni)));
    }

    [Fact]
    public async Task OmniThatSleeps_IsJudgedByItsMemoryAlone()
    {
        _engine.Answer = path => (200, path.Contains("videos", StringComparison.Ordinal) ? """{"data":[]}""" : """{"status":"SKIPPED"}""");
        Queue(_machine.Held, 2);
        Assert.Equal(new FellAsleep("r1", 1, 2 * Make.GiB), await SleepAsync(EngineKind.VllmOmni));
    }

    [Theory]
    [InlineData(40, null)]
    [InlineData(2, "wake failed: the engine skipped it, and holds 2.0 GiB as if asleep")]
    public async Task OmniThatSkipsTheWake_IsAwakeOnlyIfItHoldsItsMemory(int heldGib, string? reason)
    {
        _engine.Answer = _ => (200, """{"status":"SKIPPED"}""");
        Queue(_machine.Held, heldGib);
        var result = await Steps().WakeAsync(Target(EngineKind.VllmOmni), CancellationToken.None);
        Assert.Equal(reason, (result as StepFailed)?.Reason);
        Assert.Equal(reason is null, result is Woke);
    }

    [Fact]
    public async Task EngineThatStillSleepsAfterTheWake_IsAFailure()
    {
        Assert.Equal("wake failed: the engine says that it still sleeps", Reason(await Steps().WakeAsync(Target(), CancellationToken.None)));
        _engine.Answer = _ => (200, Awake);
        Assert.IsType<Woke>(await Steps().WakeAsync(Target(), CancellationToken.None));
    }

    [Fact]
    public async Task Start_GetsItsWholeNeed_WhereThatIsFree()
    {
        Queue(_machine.Free, 40);
        Assert.IsType<EngineReady>(await StartAsync());
        Assert.Equal(40 * Make.GiB, Assert.Single(_machine.Starts).MemoryBytes);
    }

    [Fact]
    public async Task Start_WaitsForMemoryOfThoseThatLeft()
    {
        _options.MemoryReturnTimeout = TimeSpan.FromMinutes(1);
        Queue(_machine.Free, 1, 20, 80);
        Assert.IsType<EngineReady>(await StartAsync());
        Assert.Equal(40 * Make.GiB, Assert.Single(_machine.Starts).MemoryBytes);
    }

    [Fact]
    public async Task Start_GetsALittleLess_WhereALittleLessIsFree()
    {
        Queue(_machine.Free, 38);
        Assert.IsType<EngineReady>(await StartAsync());
        Assert.Equal(38 * Make.GiB, Assert.Single(_machine.Starts).MemoryBytes);
    }

    [Fact]
    public async Task Start_WithoutTheMemory_FailsWithTheNumbers_AndStartsNothing()
    {
        Queue(_machine.Free, 20);
        Assert.Equal(
            "20.0 GiB are free on a gpu where 40.0 GiB are needed: something that Podvirt did not start holds the rest", Reason(await StartAsync()));
        Assert.Empty(_machine.Starts);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        await _engine.DisposeAsync();
    }

    private static void Queue(Queue<long?> answers, params int?[] gibs)
    {
        foreach (var gib in gibs)
        {
            answers.Enqueue(gib * Make.GiB);
        }
    }

    private static string Reason(SchedulerEvent result) => Assert.IsType<StepFailed>(result).Reason;

    private EngineSteps Steps() => new(_options, _machine, _client, _ => _machine, TimeProvider.System);

    private EngineTarget Target(EngineKind kind = EngineKind.Vllm) =>
        new("r1", 1, Make.Model("m", gib: 40, kind: kind), Make.Gpus(1, 80), _engine.Address, "key", 1);

    private Task<SchedulerEvent> SleepAsync(EngineKind kind = EngineKind.Vllm) => Steps().SleepAsync(Target(kind), CancellationToken.None);

    private Task<SchedulerEvent> StartAsync() => Steps().StartAsync(Target(), _ => ValueTask.CompletedTask, CancellationToken.None);
}
