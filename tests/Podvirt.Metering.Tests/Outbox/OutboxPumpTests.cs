using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Core.Models;
using Podvirt.Core.Usage;
using Podvirt.Messaging.Sqlite;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Ledger.Sqlite;
using Podvirt.Metering.Outbox;
using Podvirt.Metering.Rating;
using Podvirt.Metering.Tests.Ledger;

namespace Podvirt.Metering.Tests.Outbox;

public sealed class OutboxPumpTests : IAsyncDisposable
{
    private static readonly UsageQuery _always = new(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));

    private readonly TempDirectory _directory = new();
    private readonly MeteringMetrics _metrics = new();
    private readonly FakeTimeProvider _time = new(Sample.Noon.AddMinutes(1));
    private readonly MeteringOptions _options;
    private readonly SqliteStateStore _store;
    private readonly SqliteUsageOutbox _outbox;
    private readonly FlakyOutbox _queue;
    private readonly SqliteLedger _sqlite;
    private readonly FlakyLedger _ledger;
    private readonly RateBook _rates;

    public OutboxPumpTests()
    {
        _options = new MeteringOptions { DataDirectory = _directory.Path, LedgerBatchMax = 10 };
        _store = SqliteStateStore.Open(_directory.File("state.db"), TimeProvider.System);
        _outbox = SqliteUsageOutbox.Open(_options, _metrics, _time, NullLogger<SqliteUsageOutbox>.Instance);
        _queue = new FlakyOutbox(_outbox);
        _sqlite = SqliteLedger.Open(_directory.File("ledger.db"), _time);
        _ledger = new FlakyLedger(_sqlite, _time);
        _rates = new RateBook(_store, TimeProvider.System, NullLogger<RateBook>.Instance);
    }

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _rates.DisposeAsync();
        await _sqlite.DisposeAsync();
        await _outbox.DisposeAsync();
        await _store.DisposeAsync();
        _metrics.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task Batch_IsMovedInOrderAndRemoved()
    {
        using var pump = NewPump();
        await AppendAsync(0, 25);

        Assert.True(await pump.MoveBatchAsync(Ended));
        Assert.Equal(15, _outbox.Rows);
        Assert.Equal(Enumerable.Range(0, 10).Reverse().Select(Sample.IdOf), (await _sqlite.ListAsync(_always, 100, Ended)).Select(r => r.Record.Id));
        Assert.True(await pump.MoveBatchAsync(Ended));
        Assert.True(await pump.MoveBatchAsync(Ended));
        Assert.False(await pump.MoveBatchAsync(Ended));
        Assert.Equal(25, await RequestsAsync());
    }

    [Fact]
    public async Task RemovalInterruptedAfterTheLedgersCommit_NeitherLosesNorDoubles()
    {
        using var pump = NewPump();
        await AppendAsync(0, 5);
        _queue.RemovalFails = true;
        await Assert.ThrowsAsync<IOException>(async () => await pump.MoveBatchAsync(Ended));
        Assert.Equal((5L, 5L), (await RequestsAsync(), _outbox.Rows));

        // More arrive before the batch is repeated.
        await AppendAsync(5, 3);
        _queue.RemovalFails = false;
        await pump.MoveBatchAsync(Ended);

        Assert.Equal((8L, 0L), (await RequestsAsync(), _outbox.Rows));
        Assert.Empty(await _sqlite.DifferencesAsync(Ended));
    }

    [Fact]
    public async Task SameRequestAppendedAgainLater_CountsOnce()
    {
        using var pump = NewPump();
        for (var i = 0; i < 2; i++)
        {
            await AppendAsync(0, 1);
            await pump.MoveBatchAsync(Ended);
        }

        Assert.Equal(1, await RequestsAsync());
    }

    [Fact]
    public async Task Records_AreRatedByTheMomentOfTheirEnd()
    {
        using var pump = NewPump();
        var change = Sample.Noon.AddSeconds(30);
        await RateWriter.ApplyPriceAsync(_store, "m", new PriceSpec(1m, 0.5m, 2m), Sample.Noon, Ended);
        await RateWriter.ApplyPriceAsync(_store, "m", new PriceSpec(10m, 5m, 20m), change, Ended);
        var tokens = new TokenCounts(100, 40, 20, 5);
        UsageRecord EndingAt(int n, DateTimeOffset end) => Sample.Record(n) with { Tokens = tokens, StartedAt = end.AddMicroseconds(-5_000) };

        await _outbox.AppendAsync(EndingAt(1, Sample.Noon.AddMicroseconds(-1)), Ended);
        await _outbox.AppendAsync(EndingAt(2, change.AddMicroseconds(-1)), Ended);
        await _outbox.AppendAsync(EndingAt(3, change), Ended);
        await pump.MoveBatchAsync(Ended);

        Assert.Equal((0, "0.000000000000"), await RatingOfAsync(1));
        Assert.Equal((1, "0.000120000000"), await RatingOfAsync(2));
        Assert.Equal((2, "0.001200000000"), await RatingOfAsync(3));
    }

    [Fact]
    public async Task PriceAppliedBeforeTheAppend_HoldsHoweverLateTheWatchIs()
    {
        using var pump = NewPump();
        await _rates.CaughtUpAsync(Ended);
        for (var i = 1; i <= 20; i++)
        {
            await RateWriter.ApplyPriceAsync(_store, "m", new PriceSpec(i), Sample.Noon.AddMicroseconds(-i), Ended);
            await AppendAsync(i, 1);
            await pump.MoveBatchAsync(Ended);

            Assert.Equal(i, (await _sqlite.FindAsync(Sample.IdOf(i), Ended))!.RateVersion);
        }
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 2)]
    [InlineData(0, 0)]
    [InlineData(9, 2)]
    [InlineData(null, 2)]
    public async Task VersionByWhichAClientWasToldItsCost_HoldsForItsRecord(int? quoted, int rated)
    {
        using var pump = NewPump();
        await RateWriter.ApplyPriceAsync(_store, "m", new PriceSpec(1m), Sample.Noon.AddHours(-2), Ended);
        await RateWriter.ApplyPriceAsync(_store, "m", new PriceSpec(2m), Sample.Noon.AddHours(-1), Ended);
        await _outbox.AppendAsync(Sample.Record(1) with { QuotedRate = quoted }, Ended);
        await pump.MoveBatchAsync(Ended);

        var found = (await _sqlite.FindAsync(Sample.IdOf(1), Ended))!;
        Assert.Equal((rated, quoted), (found.RateVersion, found.Record.QuotedRate));
    }

    [Fact]
    public async Task ImpossibleCounts_AreBilledAtZeroAndKept()
    {
        using var pump = NewPump();
        using var recorder = new MetricRecorder(_metrics);
        await RateWriter.ApplyPriceAsync(_store, "m", new PriceSpec(1m, 1m, 1m), Sample.Noon, Ended);
        var negative = Sample.Record(1) with { Tokens = new TokenCounts(-5, 0, long.MaxValue, 0) };
        await _outbox.AppendAsync(negative, Ended);
        await AppendAsync(2, 1);
        await pump.MoveBatchAsync(Ended);

        var billed = (await _sqlite.FindAsync(Sample.IdOf(1), Ended))!;
        Assert.Equal(negative with { Tokens = default, VideoUs = 0, Source = UsageSource.Quarantined, Reason = "invalid_usage" }, billed.Record);
        Assert.Equal(Cost.Zero, billed.Cost);
        Assert.NotEqual(Cost.Zero, (await _sqlite.FindAsync(Sample.IdOf(2), Ended))!.Cost);
        Assert.Equal(negative, Assert.Single(await _outbox.ReadInvalidAsync(10, Ended)).Record);
        Assert.Equal((1d, 0d, 2d), (recorder.Of("podvirt.usage.invalid").Sum(), recorder.Of("podvirt.usage.unreported").Sum(), recorder.Of("podvirt.usage.records").Sum()));
    }

    [Fact]
    public async Task CountsWithoutASource_CostNothing()
    {
        using var pump = NewPump();
        await RateWriter.ApplyPriceAsync(_store, "m", new PriceSpec(1m, 1m, 1m), Sample.Noon, Ended);
        await _outbox.AppendAsync(Sample.Record(1) with { Source = UsageSource.None }, Ended);
        await pump.MoveBatchAsync(Ended);

        Assert.Equal((1, "0.000000000000"), await RatingOfAsync(1));
    }

    [Fact]
    public async Task RunningPump_MovesWhatArrivesAfterTheLinger()
    {
        using var pump = NewPump();
        await pump.StartAsync(Ended);
        await AppendAsync(0, 3);

        await AdvanceUntilAsync(() => _outbox.Rows == 0, TimeSpan.FromMilliseconds(50));
        Assert.Equal(3, await RequestsAsync());
        await pump.StopAsync(Ended);
    }

    [Fact]
    public async Task LedgerOutage_IsRetriedWithGrowingPausesAndLosesNothing()
    {
        using var pump = NewPump();
        using var recorder = new MetricRecorder(_metrics);
        _ledger.Fails = true;
        await AppendAsync(0, 3);
        await pump.StartAsync(Ended);
        await AdvanceUntilAsync(() => _ledger.Attempts.Count == 1, TimeSpan.FromMilliseconds(50));
        await AdvanceUntilAsync(() => _ledger.Attempts.Count == 4, TimeSpan.FromMilliseconds(100));
        Assert.True(_outbox.IsHealthy);
        Assert.Equal(3, recorder.Gauge("podvirt.outbox.depth"));
        Assert.True(recorder.Gauge("podvirt.ledger.lag") >= 60);
        await Eventually.TrueAsync(() => recorder.Of("podvirt.ledger.failures").Count == 4);

        _ledger.Fails = false;
        await AdvanceUntilAsync(() => _outbox.Rows == 0, TimeSpan.FromMilliseconds(100));
        var attempts = _ledger.Attempts.ToList();
        var pauses = attempts.Skip(1).Zip(attempts, (later, earlier) => (later - earlier).TotalMilliseconds).ToList();
        Assert.Equal(4, pauses.Count);
        Assert.All(pauses.Zip((double[])[100, 200, 400, 800]), p => Assert.True(p.First >= p.Second, $"{p.First} ms is before {p.Second} ms"));
        Assert.Equal(3, await RequestsAsync());
        Assert.Equal(0, recorder.Gauge("podvirt.ledger.lag"));
        await pump.StopAsync(Ended);
    }

    [Fact]
    public async Task Stop_MovesWhatIsLeftWithoutTheLinger()
    {
        using var pump = NewPump();
        await pump.StartAsync(Ended);
        await AppendAsync(0, 30);

        await pump.StopAsync(Ended);

        Assert.Equal((30L, 0L), (await RequestsAsync(), _outbox.Rows));
    }

    [Fact]
    public async Task StopDuringAnOutage_LeavesTheRowsForTheNextStart()
    {
        _ledger.Fails = true;
        using (var pump = NewPump())
        {
            await pump.StartAsync(Ended);
            await AppendAsync(0, 3);
            await pump.StopAsync(Ended);
        }
        Assert.Equal((0L, 3L), (await RequestsAsync(), _outbox.Rows));

        _ledger.Fails = false;
        using var next = NewPump();
        await next.StartAsync(Ended);
        await next.StopAsync(Ended);
        Assert.Equal((3L, 0L), (await RequestsAsync(), _outbox.Rows));
    }

    [Fact]
    public async Task OldMinutes_GoAfterTwoDays()
    {
        using var pump = new OutboxPump(_queue, _sqlite, _rates, _options, _metrics, _time, NullLogger<OutboxPump>.Instance);
        await pump.StartAsync(Ended);
        await AppendAsync(0, 1);
        await AdvanceUntilAsync(() => _outbox.Rows == 0, TimeSpan.FromMilliseconds(50));
        var minute = new FiguresQuery(Sample.Noon, Sample.Noon.AddMinutes(1));
        Assert.Single(await _sqlite.SeriesAsync(minute, FiguresStep.Minute, FiguresGroup.None, Ended));

        _time.Advance(TimeSpan.FromHours(49));
        await _outbox.AppendAsync(Sample.Record(1) with { StartedAt = _time.GetUtcNow() }, Ended);
        await AdvanceUntilAsync(() => _outbox.Rows == 0, TimeSpan.FromMilliseconds(50));
        await Eventually.TrueAsync(() => Record.Exception(() => ReadMinutes(minute)) is ArgumentException);

        Assert.Empty(await _sqlite.DifferencesAsync(Ended));
        Assert.Equal(2, await RequestsAsync());
        await pump.StopAsync(Ended);
    }

    private void ReadMinutes(FiguresQuery query) => _sqlite.SeriesAsync(query, FiguresStep.Minute, FiguresGroup.None, Ended).AsTask().GetAwaiter().GetResult();

    private OutboxPump NewPump() => new(_queue, _ledger, _rates, _options, _metrics, _time, NullLogger<OutboxPump>.Instance);

    private async Task AppendAsync(int first, int count)
    {
        for (var i = first; i < first + count; i++)
        {
            await _outbox.AppendAsync(Sample.Record(i), Ended);
        }
    }

    private async Task<long> RequestsAsync() => (await _sqlite.SumAsync(_always, UsageGroup.Model, Ended)).Sum(s => s.Requests);

    private async Task<(int Version, string Cost)> RatingOfAsync(int n)
    {
        var rated = (await _sqlite.FindAsync(Sample.IdOf(n), Ended))!;
        return (rated.RateVersion, rated.Cost.ToString());
    }

    private Task AdvanceUntilAsync(Func<bool> condition, TimeSpan step) => Eventually.TrueAsync(() =>
    {
        if (condition())
        {
            return true;
        }
        _time.Advance(step);
        return false;
    });
}
