using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Messaging.InProcess;
using Podvirt.Metering.GpuTime;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Ledger.Sqlite;
using Podvirt.Metering.Tests.Outbox;

namespace Podvirt.Metering.Tests.GpuTime;

public sealed class GpuTimeMeterTests : IAsyncDisposable
{
    private const long Second = 1_000_000;

    private readonly TempDirectory _directory = new();
    private readonly FakeTimeProvider _time = new(Sample.Noon.AddMinutes(-30));
    private readonly InProcessBus _bus = new();
    private readonly SqliteLedger _sqlite;
    private readonly FlakyLedger _ledger;

    public GpuTimeMeterTests()
    {
        _sqlite = SqliteLedger.Open(_directory.File("ledger.db"), _time);
        _ledger = new FlakyLedger(_sqlite, _time);
    }

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _sqlite.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task KilledAndStartedAgain_CountsEachSecondOnceAndMissesWhatNobodySaw()
    {
        // The first one is killed: what it wrote last is what is known.
        var reachable = new FlakyLedger(_sqlite, _time);
        using var killed = new GpuTimeMeter(_bus, reachable, _time, NullLogger<GpuTimeMeter>.Instance);
        await killed.StartAsync(Ended);
        await GoAsync(killed, ReplicaState.Active);
        _time.Advance(TimeSpan.FromSeconds(100));
        await killed.WriteAsync(Ended);
        reachable.Fails = true;
        _time.Advance(TimeSpan.FromSeconds(3));

        using var next = NewMeter();
        await next.StartAsync(Ended);
        _time.Advance(TimeSpan.FromSeconds(7));
        await GoAsync(next, ReplicaState.Active);
        _time.Advance(TimeSpan.FromSeconds(50));
        await next.StopAsync(Ended);

        Assert.Equal(2 * 150 * Second, Assert.Single(await SecondsAsync()).GpuMicroseconds);
    }

    [Fact]
    public async Task HourThatEnds_HasItsOwnSeconds()
    {
        using var meter = NewMeter();
        await meter.StartAsync(Ended);
        _time.Advance(TimeSpan.FromMinutes(29));
        await GoAsync(meter, ReplicaState.Starting);
        _time.Advance(TimeSpan.FromSeconds(90));
        await meter.StopAsync(Ended);

        Assert.Equal(
            [(Sample.Noon.AddHours(-1), GpuUse.Warming, 2 * 60 * Second), (Sample.Noon, GpuUse.Warming, 2 * 30 * Second)],
            (await SecondsAsync()).Select(s => (s.Hour, s.Use, s.GpuMicroseconds)));
        var cut = Assert.Single(await _sqlite.GpuSecondsAsync(new GpuTimeQuery(Sample.Noon.AddSeconds(-10), Sample.Noon), Ended));
        Assert.Equal(2 * 10 * Second, cut.GpuMicroseconds);
        Assert.Empty(await _sqlite.GpuSecondsAsync(new GpuTimeQuery(Sample.Noon.AddHours(-2), Sample.Noon.AddHours(2), Model: "other"), Ended));
    }

    [Fact]
    public async Task LedgerThatIsAway_GetsItLater()
    {
        using var meter = NewMeter();
        await meter.StartAsync(Ended);
        await GoAsync(meter, ReplicaState.Sleeping);
        _ledger.Fails = true;
        _time.Advance(TimeSpan.FromSeconds(10));
        await meter.WriteAsync(Ended);
        _time.Advance(TimeSpan.FromSeconds(10));
        _ledger.Fails = false;
        await meter.StopAsync(Ended);

        Assert.Equal((GpuUse.Sleeping, 2 * 20 * Second), Assert.Single((await SecondsAsync()).Select(s => (s.Use, s.GpuMicroseconds))));
    }

    private GpuTimeMeter NewMeter() => new(_bus, _ledger, _time, NullLogger<GpuTimeMeter>.Instance);

    private async Task<IReadOnlyList<GpuSeconds>> SecondsAsync() =>
        await _sqlite.GpuSecondsAsync(new GpuTimeQuery(Sample.Noon.AddDays(-1), Sample.Noon.AddDays(1)), Ended);

    // Heard is what the next write would write.
    private async Task GoAsync(GpuTimeMeter meter, ReplicaState to)
    {
        await _bus.PublishAsync(Subjects.Transitions, new ReplicaTransition(
            1, 1, _time.GetUtcNow(), "m", 1, "r1", ["GPU-1", "GPU-2"], null, "Test", to, TransitionCause.Demand, "", 0, null), Ended);
        await Eventually.TrueAsync(() => meter.Holds == 1);
    }
}
