using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Core.Usage;
using Podvirt.Metering.Outbox;
using Podvirt.Metering.Streams;
using Podvirt.Metering.Tests.Streams;
using Podvirt.Testing.Nats;

namespace Podvirt.Metering.Tests.Outbox;

[Collection(NatsCollection.Name)]
public sealed class StreamPumpTests : IAsyncDisposable
{
    private readonly NatsFixture _nats;
    private readonly GatewayFiles _files = new();
    private readonly SentRows _sent = new(1_000);
    private readonly StreamWaits _waits;

    public StreamPumpTests(NatsFixture nats)
    {
        _nats = nats;
        _waits = new StreamWaits(_files.Outbox, _sent, TimeProvider.System);
    }

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _files.DisposeAsync();

    [Fact]
    public async Task Rows_MoveToTheStream_AndStayUntilTheLedgerHasThem()
    {
        await using var bench = await StreamBench.StartAsync(_nats.Server, Options());
        using var pump = Pump(bench);
        await pump.StartAsync(Ended);

        var records = await AppendAsync(1, 25);

        await Eventually.TrueAsync(() => _sent.Count == 25);
        await pump.StopAsync(Ended);
        Assert.Equal(0, _waits.Now.Waiting);
        Assert.Equal(25, _files.Outbox.Rows);
        var messages = await bench.Reader.ReadAsync(1, 25, Ended);
        Assert.Equal(records, messages.Select(m => m.Record));
        Assert.All(messages, m => Assert.Equal(_files.Outbox.Id, m.Outbox));
    }

    [Fact]
    public async Task StartAgain_PublishesWhatNobodyConfirmed_AndTheStreamHasEachOnce()
    {
        await using var bench = await StreamBench.StartAsync(_nats.Server, Options());
        await AppendAsync(1, 25);
        for (var start = 1; start <= 2; start++)
        {
            var sent = new SentRows(1_000);
            using var pump = Pump(bench, sent);
            while (await pump.MoveAsync(Ended))
            {
                // Until it is empty.
            }
            Assert.Equal(25, sent.Count);
        }

        Assert.Equal(25, _files.Outbox.Rows);
        Assert.Equal(25, (await bench.Stream.FactsAsync(Ended)).Last);
    }

    [Fact]
    public async Task StreamIsFull_RowsStayAndShow_AndMoveWhenThereIsRoom()
    {
        await using var bench = await StreamBench.StartAsync(_nats.Server, Options());
        await FillAsync(bench);
        using var pump = Pump(bench);
        await pump.StartAsync(Ended);
        await AppendAsync(1, 25);

        await Eventually.TrueAsync(() => _waits.Now.Trouble.Contains("maximum bytes", StringComparison.Ordinal));
        Assert.Equal(25, _waits.Now.Waiting);
        Assert.NotNull(_waits.Now.Since);
        await bench.Stream.PurgeAsync((await bench.Stream.FactsAsync(Ended)).Last, Ended);

        await Eventually.TrueAsync(() => _waits.Now is { Waiting: 0, Trouble: "" });
        await pump.StopAsync(Ended);
    }

    [Fact]
    public async Task ServerIsAway_RowsStay_AndMoveWhenItIsBack()
    {
        await using var server = await NatsServer.StartAsync();
        await using var bench = await StreamBench.StartAsync(server, Options());
        using var pump = Pump(bench);
        await pump.StartAsync(Ended);
        await AppendAsync(1, 5);
        await Eventually.TrueAsync(() => _waits.Now.Waiting == 0);

        await server.KillAsync();
        await AppendAsync(6, 20);
        await Eventually.TrueAsync(() => _waits.IsStuck);
        Assert.Equal(20, _waits.Now.Waiting);
        await server.StartAgainAsync();

        await Eventually.TrueAsync(() => _waits.Now.Waiting == 0);
        await pump.StopAsync(Ended);
        Assert.Equal(25, (await bench.Stream.FactsAsync(Ended)).Last);
    }

    [Fact]
    public async Task StreamDurability_AppendReturnsWhenTheStreamHasIt()
    {
        await using var bench = await StreamBench.StartAsync(_nats.Server, Options());
        using var metrics = new MetricRecorder(_files.Metrics);
        using var pump = Pump(bench);
        await pump.StartAsync(Ended);
        var outbox = new StreamedOutbox(_files.Outbox, _waits, TimeSpan.FromSeconds(30), _files.Metrics);

        for (var n = 1; n <= 5; n++)
        {
            await outbox.AppendAsync(Sample.Record(n), Ended);
            Assert.Equal(n, (await bench.Stream.FactsAsync(Ended)).Last);
        }
        Assert.Empty(metrics.Of("podvirt.usage.unconfirmed"));
        await pump.StopAsync(Ended);
    }

    [Fact]
    public async Task StreamDurabilityWithoutAStreamThatTakes_AppendReturnsAllTheSame_AndLaterOnesDoNotWait()
    {
        await using var bench = await StreamBench.StartAsync(_nats.Server, Options());
        await FillAsync(bench);
        using var metrics = new MetricRecorder(_files.Metrics);
        using var pump = Pump(bench);
        await pump.StartAsync(Ended);
        // An hour: only the refusal can end the first wait.
        var outbox = new StreamedOutbox(_files.Outbox, _waits, TimeSpan.FromHours(1), _files.Metrics);

        await outbox.AppendAsync(Sample.Record(1), Ended);
        Assert.True(_waits.IsStuck);
        await outbox.AppendAsync(Sample.Record(2), Ended);

        Assert.Equal(2, metrics.Of("podvirt.usage.unconfirmed").Count);
        Assert.Equal(2, _files.Outbox.Rows);
        await pump.StopAsync(Ended);
    }

    [Fact]
    public async Task StreamDurabilityAndSilence_AppendReturnsAfterTheLimit()
    {
        using var metrics = new MetricRecorder(_files.Metrics);
        var outbox = new StreamedOutbox(_files.Outbox, _waits, TimeSpan.FromMilliseconds(20), _files.Metrics);

        await outbox.AppendAsync(Sample.Record(1), Ended);

        Assert.Single(metrics.Of("podvirt.usage.unconfirmed"));
    }

    private static async Task FillAsync(StreamBench bench)
    {
        var outcome = new PublishOutcome([], "");
        for (var n = 0; outcome.Error.Length == 0; n += 1_000)
        {
            outcome = await bench.Stream.PublishAsync([.. Enumerable.Range(100_000 + n, 1_000).Select(i => Sample.Record(i))], StreamBench.Outbox, Ended);
        }
    }

    private static UsageStreamOptions Options() => new() { BytesMax = 1 << 20, PublishesMax = 10, Linger = TimeSpan.FromMilliseconds(2) };

    private StreamPump Pump(StreamBench bench, SentRows? sent = null) => new(
        _files.Outbox, bench.Stream, sent ?? _sent,
        new Confirmations(
            _files.Outbox, bench.Stream, bench.Chain, bench.News, _files.Ledger, sent ?? _sent, bench.Options, _files.Metrics, TimeProvider.System, NullLogger<Confirmations>.Instance),
        _waits, bench.Options, _files.Metrics, TimeProvider.System, NullLogger<StreamPump>.Instance);

    private async Task<UsageRecord[]> AppendAsync(int from, int count)
    {
        var records = Enumerable.Range(from, count).Select(n => Sample.Record(n)).ToArray();
        await Task.WhenAll(records.Select(r => _files.Outbox.AppendAsync(r, Ended).AsTask()));
        return records;
    }
}
