using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Metering.Outbox;
using Podvirt.Metering.Streams;
using Podvirt.Metering.Tests.Streams;
using Podvirt.Testing.Nats;

namespace Podvirt.Metering.Tests.Outbox;

[Collection(NatsCollection.Name)]
public sealed class ConfirmationsTests(NatsFixture nats) : IAsyncDisposable
{
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);
    private readonly SentRows _sent = new(1_000);
    private readonly GatewayFiles _files = new();

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _files.DisposeAsync();

    [Fact]
    public async Task LedgerHasThem_TheyLeaveTheOutbox()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);
        using var confirmations = Confirmations(bench);
        await confirmations.StartAsync(Ended);
        await HearsAsync(bench, confirmations);
        await PublishAsync(bench, confirmations, 1, 25);
        Assert.Equal(25, _files.Outbox.Rows);

        await BringAsync(bench);

        await Eventually.TrueAsync(() => _files.Outbox.Rows == 0);
        Assert.Equal(0, _sent.Count);
        await confirmations.StopAsync(Ended);
    }

    [Fact]
    public async Task StreamIsGoneWithWhatItAcknowledged_TheyArePublishedAgain_AndTheLedgerHasEachOnce()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);
        using var confirmations = Confirmations(bench);
        await PublishAsync(bench, confirmations, 1, 10);
        await BringAsync(bench);
        await PublishAsync(bench, confirmations, 11, 10);
        await bench.DeleteStreamsAsync();
        await bench.Stream.OpenAsync(Ended);

        _time.Advance(TimeSpan.FromSeconds(10));
        await confirmations.LookAsync(Ended);
        await BringAsync(bench);

        for (var n = 1; n <= 20; n++)
        {
            Assert.NotNull(await _files.Ledger.FindAsync(Sample.IdOf(n), Ended));
        }
        Assert.Equal(20, (await _files.Ledger.RequestTotalsAsync(Ended)).Values.Sum());
    }

    [Fact]
    public async Task OthersStandWhereTheyStood_TheyArePublishedAgain()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);
        using var confirmations = Confirmations(bench);
        await PublishAsync(bench, confirmations, 1, 10);
        await bench.DeleteStreamsAsync();
        await bench.Stream.OpenAsync(Ended);
        await bench.PublishAsync(1_001, 30);
        await BringAsync(bench);
        Assert.Null(await _files.Ledger.FindAsync(Sample.IdOf(1), Ended));

        _time.Advance(TimeSpan.FromSeconds(10));
        await confirmations.LookAsync(Ended);
        await BringAsync(bench);

        Assert.NotNull(await _files.Ledger.FindAsync(Sample.IdOf(1), Ended));
        Assert.Equal(40, (await _files.Ledger.RequestTotalsAsync(Ended)).Values.Sum());
    }

    [Fact]
    public async Task ServerLosesTheEndAndGivesItsPlacesAgain_TheLedgerHasEachOnce()
    {
        await using var server = await NatsServer.StartAsync();
        await using var bench = await StreamBench.StartAsync(server);
        using var confirmations = Confirmations(bench);
        await PublishAsync(bench, confirmations, 1, 10);
        await BringAsync(bench);
        await server.LoseEndAsync(() => PublishAsync(bench, confirmations, 11, 10));
        await bench.PublishAsync(1_001, 10);
        Assert.Equal(20, (await bench.Stream.FactsAsync(Ended)).Last);
        await BringAsync(bench);
        Assert.Null(await _files.Ledger.FindAsync(Sample.IdOf(11), Ended));

        _time.Advance(TimeSpan.FromSeconds(10));
        await confirmations.LookAsync(Ended);
        await BringAsync(bench);

        Assert.NotNull(await _files.Ledger.FindAsync(Sample.IdOf(11), Ended));
        Assert.Equal(30, (await _files.Ledger.RequestTotalsAsync(Ended)).Values.Sum());
    }

    [Fact]
    public async Task LedgerIsAway_NothingIsPublishedAgain()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);
        using var metrics = new MetricRecorder(_files.Metrics);
        using var confirmations = Confirmations(bench);
        await PublishAsync(bench, confirmations, 1, 10);

        _time.Advance(TimeSpan.FromHours(1));
        await confirmations.LookAsync(Ended);

        Assert.Empty(metrics.Of("podvirt.usage.resent"));
        Assert.Equal(10, _files.Outbox.Rows);
        Assert.Equal(10, (await bench.Stream.FactsAsync(Ended)).Last);
    }

    [Fact]
    public async Task NewsIsLost_TheLedgerIsAskedAndNothingIsPublishedAgain()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);
        using var metrics = new MetricRecorder(_files.Metrics);
        using var confirmations = Confirmations(bench);
        await PublishAsync(bench, confirmations, 1, 10);
        await BringAsync(bench);

        _time.Advance(TimeSpan.FromSeconds(10));
        await confirmations.LookAsync(Ended);

        Assert.Equal(0, _files.Outbox.Rows);
        Assert.Empty(metrics.Of("podvirt.usage.resent"));
    }

    [Fact]
    public async Task NeverOnTheLedger_IsPublishedSixTimes_ThenTheRowsGo()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);
        using var metrics = new MetricRecorder(_files.Metrics);
        using var confirmations = Confirmations(bench);
        await PublishAsync(bench, confirmations, 1, 3);
        for (var looks = 0; _files.Outbox.Rows > 0; looks++)
        {
            Assert.InRange(looks, 0, 6);
            // As if workers had brought all of it.
            var facts = await bench.Stream.FactsAsync(Ended);
            await bench.Chain.ChangeAsync(_ => new ChainState(facts.Incarnation, facts.Last + 1, 0, 0, []), Ended);
            _time.Advance(TimeSpan.FromMinutes(6));
            await confirmations.LookAsync(Ended);
        }

        Assert.Equal(15, metrics.Of("podvirt.usage.resent").Sum());
    }

    private Confirmations Confirmations(StreamBench bench) => new(
        _files.Outbox, bench.Stream, bench.Chain, bench.News, _files.Ledger, _sent, bench.Options, _files.Metrics, _time, NullLogger<Confirmations>.Instance);

    /// <summary>A subscription begins some time after it is asked for: a record that is told of until it goes shows that it has.</summary>
    private async Task HearsAsync(StreamBench bench, Confirmations confirmations)
    {
        await PublishAsync(bench, confirmations, 999, 1);
        var done = new StreamMessage(1, 0, Sample.Record(999), "", default) { Outbox = _files.Outbox.Id };
        var telling = Task.CompletedTask;
        await Eventually.TrueAsync(() =>
        {
            if (telling.IsCompleted)
            {
                telling = bench.News.TellAsync([done], Ended).AsTask();
            }
            return _files.Outbox.Rows == 0;
        });
        await telling;
    }

    /// <summary>As the pump does.</summary>
    private async Task PublishAsync(StreamBench bench, Confirmations confirmations, int from, int count)
    {
        await Task.WhenAll(Enumerable.Range(from, count).Select(n => _files.Outbox.AppendAsync(Sample.Record(n), Ended).AsTask()));
        using var pump = new StreamPump(
            _files.Outbox, bench.Stream, _sent, confirmations, new StreamWaits(_files.Outbox, _sent, _time), bench.Options, _files.Metrics, _time, NullLogger<StreamPump>.Instance);
        while (await pump.MoveAsync(Ended))
        {
            // Until it is empty.
        }
    }

    /// <summary>All that the stream has, to the ledger.</summary>
    private async Task BringAsync(StreamBench bench)
    {
        var lane = bench.Lane("a/1", new SqliteBatchLedger(_files.Ledger));
        while (await lane.StepAsync(Ended))
        {
            // Until there is nothing.
        }
    }
}
