using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Metering.Streams;

namespace Podvirt.Metering.Tests.Streams;

[Collection(NatsCollection.Name)]
public sealed class StreamedConsumptionTests(NatsFixture nats) : IAsyncDisposable
{
    private static readonly UtcMonth s_month = UtcMonth.Of(Sample.Noon);

    private readonly GatewayFiles _files = new();

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _files.DisposeAsync();

    [Fact]
    public async Task RecordsAnywhereOnTheirWay_CountOnce()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);
        var lane = bench.Lane("a/1", new SqliteBatchLedger(_files.Ledger));
        Assert.Equal(0, await SumAsync(bench));
        for (var n = 1; n <= 25; n++)
        {
            await _files.Outbox.AppendAsync(Sample.Record(n), Ended);
        }
        var expected = await SumAsync(bench);
        Assert.True(expected > 0);

        // Published, and in the outbox still: a crash between the two.
        var records = await bench.PublishAsync(1, 25);
        Assert.Equal(expected, await SumAsync(bench));
        await _files.Outbox.RemoveAsync((await _files.Outbox.ReadAsync(100, Ended))[^1].Seq, [], Ended);
        Assert.Equal(expected, await SumAsync(bench));

        while (await lane.StepAsync(Ended))
        {
            Assert.Equal(expected, await SumAsync(bench));
        }
        Assert.NotNull(await _files.Ledger.FindAsync(records[^1].Id, Ended));
        Assert.Equal(expected, await SumAsync(bench));
    }

    [Fact]
    public async Task BatchThatTheLedgerHasAndTheChainHolds_CountsOnce()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);
        var records = await bench.PublishAsync(1, 20);
        var expected = await SumAsync(bench);
        var store = new HookedStore(bench.Store);
        var lane = bench.Lane("a/1", new SqliteBatchLedger(_files.Ledger), store: store);
        async Task FailWhenAppendedAsync()
        {
            store.BeforeUpdate = FailWhenAppendedAsync;
            if (await _files.Ledger.FindAsync(records[0].Id, Ended) is not null)
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
        Assert.NotNull(await _files.Ledger.FindAsync(records[0].Id, Ended));
        Assert.Equal(expected, await SumAsync(bench));
    }

    [Fact]
    public async Task RecordsMovingMeanwhile_CountOnce()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);
        await bench.PublishAsync(1, 1_000);
        var expected = await SumAsync(bench);
        var lane = bench.Lane("a/1", new SqliteBatchLedger(_files.Ledger));
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
        await using var bench = await StreamBench.StartAsync(nats.Server);
        await bench.DeleteStreamsAsync();

        Assert.Equal(0, await SumAsync(bench));
    }

    private async Task<long> SumAsync(StreamBench bench)
    {
        var underway = new StreamUnderway(bench.Stream, bench.Chain, bench.Reader, NullLogger<StreamUnderway>.Instance);
        var consumption = new StreamedConsumption(_files.Outbox, underway, _files.Ledger, bench.Rates, _files.Options);
        return (await consumption.ReadAsync(s_month, Ended)).Sum(c => c.Tokens);
    }
}
