using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;
using Podvirt.Messaging.InProcess;
using Podvirt.Messaging.Sqlite;
using Podvirt.Metering.GpuTime;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Ledger.Sqlite;
using Podvirt.Metering.Tests.Outbox;

namespace Podvirt.Metering.Tests.GpuTime;

public sealed class GpuTimeLeaderTests : IAsyncDisposable
{
    private const long Second = 1_000_000;

    private readonly TempDirectory _directory = new();
    private readonly FakeTimeProvider _time = new(Sample.Noon);
    private readonly InProcessBus _bus = new();
    private readonly SqliteStateStore _store;
    private readonly SqliteLedger _sqlite;
    private readonly FlakyLedger _ledger;
    private readonly GpuTimeLeader _a;
    private readonly GpuTimeLeader _b;
    private long _sequence;

    public GpuTimeLeaderTests()
    {
        _store = SqliteStateStore.Open(_directory.File("state.db"), TimeProvider.System);
        _sqlite = SqliteLedger.Open(_directory.File("ledger.db"), _time);
        _ledger = new FlakyLedger(_sqlite, _time);
        _a = new GpuTimeLeader(_bus, _store, _ledger, _time, NullLogger<GpuTimeLeader>.Instance);
        _b = new GpuTimeLeader(_bus, _store, _sqlite, _time, NullLogger<GpuTimeLeader>.Instance);
    }

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _a.DisposeAsync();
        await _b.DisposeAsync();
        await _store.DisposeAsync();
        await _sqlite.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task LeaderDies_TheNextGoesOnWithTheSameIntervals_AlsoThroughChangesInBetween()
    {
        await StartAsync();
        var first = await _a.BeginAsync(Ended);
        await GoAsync(ReplicaState.Starting, heard: 1);
        Pass(10);
        Assert.True(await _a.WriteAsync(first, Ended));
        // In between nobody leads, and the replica goes through two states.
        Pass(3);
        await GoAsync(ReplicaState.Active, heard: 2, at: _b);
        Pass(4);
        await GoAsync(ReplicaState.Draining, heard: 3, at: _b);
        Pass(5);

        var second = await _b.BeginAsync(Ended);
        Assert.True(await _b.WriteAsync(second, Ended));

        Assert.Equal([(GpuUse.Active, 2 * 9 * Second), (GpuUse.Warming, 2 * 13 * Second)], await UsesAsync());
    }

    [Fact]
    public async Task LeaderDiesBetweenStoreAndLedger_NothingIsMissing()
    {
        await StartAsync();
        var first = await _a.BeginAsync(Ended);
        await GoAsync(ReplicaState.Active, heard: 1);
        Pass(10);
        await GoAsync(null, heard: 2);
        _ledger.Fails = true;
        await Assert.ThrowsAsync<IOException>(() => _a.WriteAsync(first, Ended));

        Assert.True(await _b.WriteAsync(await _b.BeginAsync(Ended), Ended));

        Assert.Equal([(GpuUse.Active, 2 * 10 * Second)], await UsesAsync());
    }

    [Fact]
    public async Task FormerLeaderWakesUp_ItIsTold_AndWhatItAppendsLateChangesNothing()
    {
        await StartAsync();
        var first = await _a.BeginAsync(Ended);
        await GoAsync(ReplicaState.Active, heard: 1);
        Pass(10);
        Assert.True(await _a.WriteAsync(first, Ended));
        var second = await _b.BeginAsync(Ended);
        Pass(10);
        await ReportAsync(_b);
        Assert.True(await _b.WriteAsync(second, Ended));

        Assert.False(await _a.WriteAsync(first, Ended));
        // What it had kept and not appended when it was paused.
        await _sqlite.AppendGpuTimeAsync([new GpuInterval("m", 1, "r1", GpuUse.Active, 2, Sample.Noon, Sample.Noon.AddSeconds(10))], Ended);

        Assert.Equal([(GpuUse.Active, 2 * 20 * Second)], await UsesAsync());
    }

    [Fact]
    public async Task NobodySawTheReplicaAgain_ItsTimeEndsWhereItWasSeenLast()
    {
        await StartAsync();
        var first = await _a.BeginAsync(Ended);
        await GoAsync(ReplicaState.Active, heard: 1);
        Pass(10);
        Assert.True(await _a.WriteAsync(first, Ended));
        await using var late = new GpuTimeLeader(_bus, _store, _sqlite, _time, NullLogger<GpuTimeLeader>.Instance);
        Pass(3_000);

        var turn = await late.BeginAsync(Ended);
        Pass(5);
        Assert.True(await late.WriteAsync(turn, Ended));

        Assert.Equal([(GpuUse.Active, 2 * 10 * Second)], await UsesAsync());
    }

    private async Task StartAsync()
    {
        await _a.StartAsync(Ended);
        await _b.StartAsync(Ended);
    }

    private void Pass(int seconds) => _time.Advance(TimeSpan.FromSeconds(seconds));

    private async Task GoAsync(ReplicaState? to, int heard, GpuTimeLeader? at = null)
    {
        await _bus.PublishAsync(Subjects.Transitions, new ReplicaTransition(
            1, ++_sequence, _time.GetUtcNow(), "m", 1, "r1", ["GPU-1", "GPU-2"], null, "Test", to, TransitionCause.Demand, "", 0, null), Ended);
        await Eventually.TrueAsync(() => (at ?? _a).Heard == heard);
    }

    private async Task ReportAsync(GpuTimeLeader heardBy)
    {
        var replica = new ReplicaReport(
            "r1", "m", 1, ReplicaState.Active, Sample.Noon, Sample.Noon, null, ["GPU-1", "GPU-2"], "simulated", 0, null, TransitionCause.Demand, "");
        await _bus.PublishAsync(Subjects.Fleet, new FleetReport(1, 1, [], [replica]), Ended);
        await Eventually.TrueAsync(() => heardBy.HasReport);
    }

    private async Task<IEnumerable<(GpuUse, long)>> UsesAsync() =>
        (await _sqlite.GpuSecondsAsync(new GpuTimeQuery(Sample.Noon.AddDays(-1), Sample.Noon.AddDays(1)), Ended))
            .Select(s => (s.Use, s.GpuMicroseconds)).OrderBy(s => s.Use);
}
