using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Core.Models;
using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Messaging.Sqlite;
using Podvirt.Metering.Ledger.Sqlite;
using Podvirt.Metering.Outbox;
using Podvirt.Metering.Rating;
using Podvirt.Metering.Tests.Ledger;
using Podvirt.Metering.Tests.Outbox;

namespace Podvirt.Metering.Tests;

public sealed class ConsumptionReaderTests : IAsyncDisposable
{
    private static readonly UtcMonth _january = UtcMonth.Of(Sample.Noon);

    private readonly TempDirectory _directory = new();
    private readonly MeteringMetrics _metrics = new();
    private readonly FakeTimeProvider _time = new(Sample.Noon.AddMinutes(1));
    private readonly MeteringOptions _options;
    private readonly SqliteStateStore _store;
    private readonly SqliteUsageOutbox _outbox;
    private readonly FlakyOutbox _queue;
    private readonly SqliteLedger _ledger;
    private readonly RateBook _rates;
    private readonly ConsumptionReader _reader;

    public ConsumptionReaderTests()
    {
        _options = new MeteringOptions { DataDirectory = _directory.Path, LedgerBatchMax = 10 };
        _store = SqliteStateStore.Open(_directory.File("state.db"), TimeProvider.System);
        _outbox = SqliteUsageOutbox.Open(_options, _metrics, _time, NullLogger<SqliteUsageOutbox>.Instance);
        _queue = new FlakyOutbox(_outbox);
        _ledger = SqliteLedger.Open(_directory.File("ledger.db"), _time);
        _rates = new RateBook(_store, TimeProvider.System, NullLogger<RateBook>.Instance);
        _reader = new ConsumptionReader(_queue, _ledger, _rates, _options);
    }

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _rates.DisposeAsync();
        await _ledger.DisposeAsync();
        await _outbox.DisposeAsync();
        await _store.DisposeAsync();
        _metrics.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task RecordsAnywhereOnTheirWay_CountOnce()
    {
        await RateWriter.ApplyPriceAsync(_store, "m", new PriceSpec(Prompt: 1, Cached: 0.5m, Completion: 2), Sample.Noon.AddDays(-40), Ended);
        await _rates.RefreshAsync(["m"], Ended);
        using var pump = NewPump();
        await AppendAsync(0, 25);
        var expected = await SumAsync();
        Assert.Equal((25 * 120) + Enumerable.Range(0, 25).Sum(), expected.Tokens);
        Assert.True(expected.Cost.Pico > 0);

        // On the ledger, and still in the outbox: a crash between the two.
        _queue.RemovalFails = true;
        await Assert.ThrowsAsync<IOException>(async () => await pump.MoveBatchAsync(Ended));
        Assert.Equal(expected, await SumAsync());
        _queue.RemovalFails = false;
        while (await pump.MoveBatchAsync(Ended))
        {
            Assert.Equal(expected, await SumAsync());
        }
        Assert.Equal(expected, await SumAsync());
    }

    [Fact]
    public async Task RecordsMovingMeanwhile_CountOnce()
    {
        using var pump = NewPump();
        await AppendAsync(0, 400);
        var expected = await SumAsync();
        var moving = Task.Run(
            async () =>
            {
                while (await pump.MoveBatchAsync(Ended))
                {
                }
            },
            Ended);
        do
        {
            Assert.Equal(expected, await SumAsync());
        }
        while (!moving.IsCompleted);
        await moving;
        Assert.Equal(expected, await SumAsync());
    }

    [Fact]
    public async Task OtherMonthsAndWhatIsNotBilled_DoNotCount()
    {
        var records = new[]
        {
            Sample.Record(1) with { StartedAt = _january.End.AddMicroseconds(-5_001) },
            Sample.Record(2) with { StartedAt = _january.End.AddMicroseconds(-5_000) },
            Sample.Record(3) with { StartedAt = _january.Start.AddMicroseconds(-5_000) },
            Sample.Record(4) with { StartedAt = _january.Start.AddMicroseconds(-5_001) },
            Sample.Record(5) with { Source = UsageSource.Quarantined },
            Sample.Record(6) with { Tokens = new TokenCounts(-1, 0, 0, 0) },
            Sample.Record(7) with { Key = "other", VideoUs = 0 },
        };
        foreach (var record in records)
        {
            await _outbox.AppendAsync(record, Ended);
        }
        using var pump = NewPump();
        for (var step = 0; step < 2; step++)
        {
            var january = (await _reader.ReadAsync(_january, Ended)).GroupBy(c => c.Key).ToDictionary(g => g.Key, g => (g.Sum(c => c.Tokens), g.Sum(c => c.VideoUs)));
            Assert.Equal((121 + 123, 500_000), january["key-1"]);
            Assert.Equal((127, 0), january["other"]);
            Assert.Equal(122, (await _reader.ReadAsync(_january.Next, Ended)).Sum(c => c.Tokens));
            Assert.Equal(124, (await _reader.ReadAsync(_january.Before, Ended)).Sum(c => c.Tokens));
            await pump.MoveBatchAsync(Ended);
        }
        Assert.Empty(await _ledger.DifferencesAsync(Ended));
    }

    private OutboxPump NewPump() => new(_queue, _ledger, _rates, _options, _metrics, _time, NullLogger<OutboxPump>.Instance);

    private async Task AppendAsync(int from, int count)
    {
        for (var n = from; n < from + count; n++)
        {
            await _outbox.AppendAsync(Sample.Record(n), Ended);
        }
    }

    private async Task<(long Tokens, Cost Cost)> SumAsync()
    {
        var consumed = await _reader.ReadAsync(_january, Ended);
        return (consumed.Sum(c => c.Tokens), consumed.Aggregate(Cost.Zero, (sum, c) => sum + c.Cost));
    }
}
