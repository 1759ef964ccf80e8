using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger.Sqlite;
using Podvirt.Metering.Outbox;
using Podvirt.Metering.Streams;

namespace Podvirt.Metering.Tests.Streams;

[Collection(NatsFixture.Collection)]
public sealed class StreamedConsumptionTests : IAsyncDisposable
{
    private static readonly UtcMonth s_month = UtcMonth.Of(Sample.Noon);

    private readonly NatsFixture _nats;
    private readonly TempDirectory _directory = new();
    private readonly MeteringMetrics _metrics = new();
    private readonly MeteringOptions _options;
    private readonly SqliteUsageOutbox _outbox;
    private readonly SqliteLedger _ledger;

    public StreamedConsumptionTests(NatsFixture nats)
    {
        _nats = nats;
        _options = new MeteringOptions { DataDirectory = _directory.Path, LedgerBatchMax = 10 };
        _outbox = SqliteUsageOutbox.Open(_options, _metrics, TimeProvider.System, NullLogger<SqliteUsageOutbox>.Instance);
        _ledger = SqliteLedger.Open(_directory.File("ledger.db"), TimeProvider.System);
    }

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _ledger.DisposeAsync();
        await _outbox.DisposeAsync();
        _metrics.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task RecordsAnywhereOnTheirWay_CountOnce()
    {
        await using var bench = await StreamBench.StartAsync(_nats.Server);
        var lane = bench.Lane("a/1", new SqliteBatchLedger(_ledger));
        Assert.Equal(0, await SumAsync(bench));
        for (var n = 1; n <= 25; n++)
        {
            await _outbox.AppendAsync(Sample.Record(n), Ended);
        }
        var expected = await SumAsync(bench);
        Assert.True(expected > 0);

        // Published, and in the outbox still: a crash between the two.
        var records = await bench.PublishAsync(1, 25);
        Assert.Equal(expected, await SumAsync(bench));
        await _outbox.RemoveAsync((await _outbox.ReadAsync(100, Ended))[^1].Seq, [], Ended);
        Assert.Equal(expected, await SumAsync(bench));

        while (await lane.StepAsync(Ended))
        {
            Assert.Equal(expected, await SumAsync(bench));
        }
        Assert.NotNull(await _ledger.FindAsync(records[^1].Id, Ended));
        Assert.Equal(expected, await SumAsync(bench));
    }

    [Fact]
    public async Task BatchThatTheLedgerHasAndTheChainHolds_CountsOnce()
    {
        await using var bench = await StreamBench.StartAsync(_nats.Server);
        var records = await bench.PublishAsync(1, 20);
        var expected = await SumAsync(bench);
        var store = new HookedStore(bench.Store);
        var lane = bench.Lane("a/1", new SqliteBatchLedger(_ledger), store: store);
        async Task FailWhenAppendedAsync()
        {
            store.BeforeUpdate = FailWhenAppendedAsync;
            if (await _ledger.FindAsync(records[0].Id, Ended) is not null)
            {
                throw new IOException("the store is away");
            }
        }
        store.BeforeUpdate = FailWhenAppendedAsync;
        await Assert.ThrowsAsync<IOException>(async () =>
        {
            while (await lane.StepAsync(Ended))
            {
            }
        });

        Assert.NotEmpty((await bench.Chain.ReadAsync(Ended))!.Open);
        Assert.NotNull(await _ledger.FindAsync(records[0].Id, Ended));
        Assert.Equal(expected, await SumAsync(bench));
    }

    [Fact]
    public async Task RecordsMovingMeanwhile_CountOnce()
    {
        await using var bench = await StreamBench.StartAsync(_nats.Server);
        await bench.PublishAsync(1, 1_000);
        var expected = await SumAsync(bench);
        var lane = bench.Lane("a/1", new SqliteBatchLedger(_ledger));
        var moving = Task.Run(
            async () =>
            {
                while (await lane.StepAsync(Ended))
                {
                }
            },
            Ended);
        long sum;
        do
        {
            sum = await SumAsync(bench);
            // A batch may count twice where one fell into each of five readings, and none is ever missed.
            Assert.InRange(sum, expected, 2 * expected);
        }
        while (!moving.IsCompleted);
        await moving;
        Assert.Equal(expected, await SumAsync(bench));
    }

    [Fact]
    public async Task NobodyHasPublishedYet_TheLedgerIsAll()
    {
        await using var bench = await StreamBench.StartAsync(_nats.Server);
        await bench.DeleteStreamsAsync();

        Assert.Equal(0, await SumAsync(bench));
    }

    private async Task<long> SumAsync(StreamBench bench)
    {
        var underway = new StreamUnderway(bench.Stream, bench.Chain, bench.Reader, NullLogger<StreamUnderway>.Instance);
        var consumption = new StreamedConsumption(_outbox, underway, _ledger, bench.Rates, _options);
        return (await consumption.ReadAsync(s_month, Ended)).Sum(c => c.Tokens);
    }
}
