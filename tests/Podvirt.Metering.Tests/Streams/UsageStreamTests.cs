using Podvirt.Metering.Streams;

namespace Podvirt.Metering.Tests.Streams;

[Collection(NatsCollection.Name)]
public sealed class UsageStreamTests(NatsFixture nats)
{
    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SameRecordTwice_StandsOnTheStreamOnce()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);

        await bench.PublishAsync(1, 10);
        await bench.PublishAsync(5, 10);

        Assert.Equal(14, (await bench.Stream.FactsAsync(Ended)).Last);
    }

    [Fact]
    public async Task FullStream_TakesNothingMore_AndKeepsWhatItHas()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server, new UsageStreamOptions { BytesMax = 1 << 20 });
        var records = Enumerable.Range(1, 10_000).Select(n => Sample.Record(n)).ToArray();

        var taken = 0;
        var error = "";
        foreach (var chunk in records.Chunk(500))
        {
            var outcome = await bench.Stream.PublishAsync(chunk, StreamBench.Outbox, Ended);
            taken += outcome.Places.Count(p => p > 0);
            error = outcome.Error;
        }

        Assert.InRange(taken, 1_000, 9_999);
        Assert.Contains("maximum bytes", error, StringComparison.Ordinal);
        var facts = await bench.Stream.FactsAsync(Ended);
        Assert.Equal((1, taken), (facts.First, facts.Last));
    }

    [Fact]
    public async Task StreamIsGone_TheNextAttemptMakesItAnew()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);
        await bench.PublishAsync(1, 1);
        await bench.DeleteStreamsAsync();

        Assert.NotEqual("", (await bench.Stream.PublishAsync([Sample.Record(2)], StreamBench.Outbox, Ended)).Error);
        await bench.PublishAsync(2, 1);

        Assert.Equal(1, (await bench.Stream.FactsAsync(Ended)).Last);
    }

    [Fact]
    public async Task NewBound_IsGivenToTheStreamThatIsThere()
    {
        await using (await StreamBench.StartAsync(nats.Server))
        {
            // Made with the bench's own bound.
        }
        await using var client = StreamBench.NewClient(nats.Server);
        var stream = new UsageStream(client, new UsageStreamOptions { BytesMax = 32 << 20 });

        await stream.OpenAsync(Ended);

        Assert.Equal(32 << 20, (await stream.FactsAsync(Ended)).BytesMax);
    }

    [Fact]
    public async Task Range_IsReadInOrderWhateverItsSize_AndWhatWasPurgedIsLeftOut()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server, new UsageStreamOptions { PublishesMax = 5_000 });
        var records = await bench.PublishAsync(1, 20_000);

        var all = await bench.Reader.ReadAsync(1, 20_000, Ended);
        Assert.Equal(records, all.Select(m => m.Record));
        Assert.Equal(Enumerable.Range(1, 20_000).Select(n => (long)n), all.Select(m => m.Sequence));
        Assert.Equal(all[16].StoredNs, await bench.Stream.StoredNsAsync(17, Ended));

        await bench.Stream.PurgeAsync(before: 11, Ended);
        Assert.Equal(records[10..20], (await bench.Reader.ReadAsync(5, 20, Ended)).Select(m => m.Record));
        Assert.Null(await bench.Stream.StoredNsAsync(10, Ended));
    }
}
