using Podvirt.Core.Models;
using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Ledger.Sqlite;
using Podvirt.Metering.Rating;
using Podvirt.Metering.Streams;

namespace Podvirt.Metering.Tests.Streams;

[Collection(NatsCollection.Name)]
public sealed class StreamLaneTests(NatsFixture nats)
{
    private readonly TokenLedger _ledger = new();

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Records_ReachTheLedgerOnce_AndLeaveTheStreamButForTheLast()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);
        var records = await bench.PublishAsync(1, 250);

        await DrainAsync(bench.Lane("a/1", _ledger));

        _ledger.HasExactly(records.Select(r => r.Id));
        Assert.Equal(3, _ledger.Tokens.Count);
        Assert.Equal((250, 250), await FirstAndLastAsync(bench));
        Assert.Equal(0, (await bench.Chain.ReadAsync(Ended))!.Backlog(250));
    }

    [Fact]
    public async Task WorkerDiesAfterTheAppend_AnotherRepeatsTheSameBatchUnderTheSameToken()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);
        var records = await bench.PublishAsync(1, 50);
        await KilledStepAsync(bench.Lane("dead/1", _ledger), when: _ => true);
        // New ones came meanwhile: they do not move its bounds.
        var more = await bench.PublishAsync(51, 20);

        await DrainAsync(bench.Lane("alive/1", _ledger));

        _ledger.HasExactly([.. records.Select(r => r.Id), .. more.Select(r => r.Id)]);
        Assert.Equal(2, _ledger.Tokens.Count);
        Assert.Equal(3, _ledger.Attempts.Count);
    }

    [Fact]
    public async Task OwnerLives_NobodyElseTakesItsRange()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);
        Assert.NotNull(await bench.Leases.TryTakeAsync(UsageWorker.LeaseOf("busy/1"), default, Ended));
        await bench.PublishAsync(1, 50);
        await bench.Chain.ChangeAsync(_ => new ChainState("", 1, 0, 0, []), Ended);
        var facts = await bench.Stream.FactsAsync(Ended);
        await bench.Chain.ChangeAsync(s => (s! with { Incarnation = facts.Incarnation }).Extend("busy/1", 30, 100), Ended);

        await DrainAsync(bench.Lane("other/1", _ledger));

        Assert.Equal(20, _ledger.Ids.Count);
        Assert.Equal("busy/1", Assert.Single((await bench.Chain.ReadAsync(Ended))!.Open).Worker);
        Assert.Equal(1, (await bench.Stream.FactsAsync(Ended)).First);
    }

    [Fact]
    public async Task RangeIsFinishedByItsFormerOwnerWhileItIsRead_NothingOfItIsAppendedAgain()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);
        var records = await bench.PublishAsync(1, 50);
        await KilledStepAsync(bench.Lane("paused/1", _ledger), when: _ => true);
        var store = new HookedStore(bench.Store);
        var next = bench.Lane("next/1", _ledger, store: store);
        store.BeforeUpdate = () =>
        {
            // The first is the take-over, the second the seal. In between the former owner wakes up, and what it has brought is purged.
            store.BeforeUpdate = async () =>
            {
                await bench.Chain.ChangeAsync(s => s!.Done(1, s.Open[0].Last, s.Open[0].Seal!), Ended);
                await bench.Stream.PurgeAsync(before: 50, Ended);
            };
            return Task.CompletedTask;
        };

        Assert.True(await next.StepAsync(Ended));

        Assert.Single(_ledger.Attempts);
        _ledger.HasExactly(records.Select(r => r.Id));
    }

    [Fact]
    public async Task StreamIsMadeAnew_ItsPlacesAreNotTakenForTheOldOnes()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);
        var lane = bench.Lane("a/1", _ledger);
        var before = await bench.PublishAsync(1, 120);
        await DrainAsync(lane);
        await bench.DeleteStreamsAsync();
        await bench.Stream.OpenAsync(Ended);
        var after = await bench.PublishAsync(1_001, 130);

        await DrainAsync(lane);

        _ledger.HasExactly([.. before.Select(r => r.Id), .. after.Select(r => r.Id)]);
    }

    [Fact]
    public async Task ChainBeginsAnewWhileARangeIsBrought_WhatIsHandedOutFromTheSamePlaceIsBroughtToo()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);
        await bench.PublishAsync(1, 20);
        var store = new HookedStore(bench.Store);
        var lane = bench.Lane("slow/1", _ledger, store: store);
        // Only makes the chain.
        Assert.True(await lane.StepAsync(Ended));
        store.BeforeUpdate = () =>
        {
            // The first is the claim, the second the seal, the third says that all of it is on the ledger.
            store.BeforeUpdate = () =>
            {
                store.BeforeUpdate = BeginAnewAsync;
                return Task.CompletedTask;
            };
            return Task.CompletedTask;
        };

        Assert.True(await lane.StepAsync(Ended));
        await DrainAsync(bench.Lane("next/1", _ledger));

        Assert.Equal(Enumerable.Range(1, 30).Select(Sample.IdOf).Order(), _ledger.Ids.Distinct().Order());

        async Task BeginAnewAsync()
        {
            await bench.PublishAsync(21, 10);
            var facts = await bench.Stream.FactsAsync(Ended);
            await bench.Chain.ChangeAsync(_ => ChainState.Begin(facts).Extend("gone/1", facts.Last, 100), Ended);
        }
    }

    [Fact]
    public async Task ServersLostTheEndOfTheStream_WhatCameInItsPlacesIsRead()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);
        await bench.PublishAsync(1, 10);
        await DrainAsync(bench.Lane("a/1", _ledger));
        // As if another message had stood there when it was read, and the servers had forgotten it.
        await bench.Chain.ChangeAsync(s => s! with { TailNs = s.TailNs - 100, Next = 6, TailSequence = 10 }, Ended);
        await bench.PublishAsync(11, 5);

        // The first of these only notices it.
        await DrainAsync(bench.Lane("a/1", _ledger));
        await DrainAsync(bench.Lane("a/1", _ledger));

        // The tenth stands twice for a ledger that knows no ids; none is missing.
        Assert.Equal(Enumerable.Range(1, 15).Select(Sample.IdOf).Order(), _ledger.Ids.Distinct().Order());
    }

    [Fact]
    public async Task Poison_IsParkedAndHoldsNothingUp()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);
        await bench.PublishAsync(1, 5);
        await bench.PublishRawAsync([1, 2, 3]);
        await bench.PublishRawAsync([]);
        var impossible = Sample.Record(7) with { Tokens = new TokenCounts(-1, 0, 0, 0) };
        await bench.Stream.PublishAsync([impossible, Sample.Record(8)], StreamBench.Outbox, Ended);

        await DrainAsync(bench.Lane("a/1", _ledger));

        _ledger.HasExactly(new[] { 1, 2, 3, 4, 5, 7, 8 }.Select(Sample.IdOf));
        var (total, parked) = await bench.Parking.ReadAsync(10, Ended);
        Assert.Equal(3, total);
        Assert.Equal([impossible, null, null], parked.Select(p => p.Record));
        Assert.Equal([1, 2, 3], parked[2].Bytes!.Value.ToArray());
        Assert.Contains("no usage record", parked[2].Why, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LedgerRefusesABatch_ThePoisonIsFoundAndTheRestIsKept()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);
        var records = await bench.PublishAsync(1, 100);
        _ledger.Refuses = r => r.Record.Id == Sample.IdOf(37) || r.Record.Id == Sample.IdOf(38);

        await DrainAsync(bench.Lane("a/1", _ledger));

        _ledger.HasExactly(records.Select(r => r.Id).Except([Sample.IdOf(37), Sample.IdOf(38)]));
        Assert.Equal([Sample.IdOf(38), Sample.IdOf(37)], (await bench.Parking.ReadAsync(10, Ended)).Latest.Select(p => p.Record!.Id));
    }

    [Fact]
    public async Task WorkerDiesAmongTheParts_AnotherBringsTheSameParts()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);
        var records = await bench.PublishAsync(1, 100);
        _ledger.Refuses = r => r.Record.Id == Sample.IdOf(60);
        await KilledStepAsync(bench.Lane("dead/1", _ledger), when: token => token.EndsWith("/62+13", StringComparison.Ordinal));
        // A ledger that would take all of it by now still gets the parts.
        _ledger.Refuses = _ => false;

        await DrainAsync(bench.Lane("alive/1", _ledger));

        _ledger.HasExactly(records.Select(r => r.Id));
    }

    [Fact]
    public async Task LedgerRefusesEverything_NothingIsParked_AndAllOfItComesWhenItIsMended()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server, new UsageStreamOptions { BytesMax = 64 << 20 });
        var lane = bench.Lane("a/1", _ledger);
        await lane.StepAsync(Ended);
        var records = await bench.PublishAsync(1, 400);
        // Some of it is taken before it shows that the ledger is to blame.
        _ledger.Refuses = r => r.Record.Tokens.Prompt > 130;

        var error = await Assert.ThrowsAsync<IOException>(async () => await lane.StepAsync(Ended));
        Assert.Contains("more than 100", error.Message, StringComparison.Ordinal);
        Assert.Equal(0, (await bench.Parking.ReadAsync(10, Ended)).Total);
        Assert.NotEmpty(_ledger.Ids);
        _ledger.Refuses = _ => false;
        await DrainAsync(lane);

        _ledger.HasExactly(records.Select(r => r.Id));
    }

    [Fact]
    public async Task LedgerRefusesManyAndTakesMore_AllOfThemAreParked()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server, new UsageStreamOptions { BytesMax = 64 << 20 });
        var lane = bench.Lane("a/1", _ledger);
        await lane.StepAsync(Ended);
        var records = await bench.PublishAsync(1, 400);
        // The first ones: nothing else has been taken when they are found, unless large parts are tried before.
        _ledger.Refuses = r => r.Record.Tokens.Prompt < 250;
        var refused = records.Where(r => r.Tokens.Prompt < 250).Select(r => r.Id).ToList();
        Assert.InRange(refused.Count, 101, 199);

        await DrainAsync(lane);

        _ledger.HasExactly(records.Select(r => r.Id).Except(refused));
        Assert.Equal(refused.AsEnumerable().Reverse(), (await bench.Parking.ReadAsync(1_000, Ended)).Latest.Select(p => p.Record!.Id));
    }

    [Fact]
    public async Task ManyMessagesThatAreNoRecords_AreParked()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server, new UsageStreamOptions { BytesMax = 64 << 20 });
        var lane = bench.Lane("a/1", _ledger);
        await lane.StepAsync(Ended);
        await Task.WhenAll(Enumerable.Range(0, 101).Select(_ => bench.PublishRawAsync([1, 2, 3])));
        var records = await bench.PublishAsync(1, 5);

        await DrainAsync(lane);

        _ledger.HasExactly(records.Select(r => r.Id));
        Assert.Equal(101, (await bench.Parking.ReadAsync(10, Ended)).Total);
    }

    [Fact]
    public async Task RateChangesBeforeABatchIsRepeated_ItIsBilledAsTheFirstTime()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server);
        var model = $"m-{Guid.NewGuid():N}";
        await RateWriter.ApplyPriceAsync(bench.Store, model, new PriceSpec { Prompt = 1 }, Sample.Noon.AddDays(-1), Ended);
        var record = Sample.Record(1, model);
        Assert.Equal("", (await bench.Stream.PublishAsync([record], StreamBench.Outbox, Ended)).Error);
        var dead = new FirstLedger();
        using var kill = new CancellationTokenSource();
        dead.Taken = _ => kill.Cancel();
        // The first one begins the chain.
        await bench.Lane("dead/1", dead).StepAsync(Ended);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await bench.Lane("dead/1", dead).StepAsync(kill.Token));
        // It holds from before the record ended: whose clock is behind, and who is slow to write, makes such a one.
        await RateWriter.ApplyPriceAsync(bench.Store, model, new PriceSpec { Prompt = 2 }, Sample.Noon.AddHours(-1), Ended);
        var alive = new FirstLedger();

        await DrainAsync(bench.Lane("alive/1", alive));

        Assert.Equal(dead.Records, alive.Records);
        Assert.Equal(1, Assert.Single(alive.Records).RateVersion);
        await bench.Rates.RefreshAsync([model], Ended);
        Assert.Equal(2, bench.Rates.Rated(record).RateVersion);
    }

    [Fact]
    public async Task RecordsOfANewerVersion_StayOnTheStreamUntilAWorkerKnowsThem()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server, new UsageStreamOptions { BytesMax = 64 << 20 });
        var lane = bench.Lane("a/1", _ledger);
        await lane.StepAsync(Ended);
        await Task.WhenAll(Enumerable.Range(0, 101).Select(_ => bench.PublishRawAsync([0x91, 0x02])));

        var error = await Assert.ThrowsAsync<IOException>(async () => await lane.StepAsync(Ended));

        Assert.Contains("version 2", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, (await bench.Stream.FactsAsync(Ended)).First);
    }

    [Fact]
    public async Task SameRecordLongAfter_IsOneOnALedgerThatKnowsIds()
    {
        await using var bench = await StreamBench.StartAsync(nats.Server, new UsageStreamOptions { BytesMax = 64 << 20, DuplicateWindow = TimeSpan.FromSeconds(1) });
        using var directory = new TempDirectory();
        await using var ledger = SqliteLedger.Open(directory.File("ledger.db"), TimeProvider.System);
        var lane = bench.Lane("a/1", new SqliteBatchLedger(ledger));
        await bench.PublishAsync(1, 30);
        await DrainAsync(lane);
        // The servers have forgotten the ids.
        await bench.DeleteStreamsAsync();
        await bench.Stream.OpenAsync(Ended);
        await bench.PublishAsync(11, 30);

        await DrainAsync(lane);

        Assert.Equal(40, (await ledger.RequestTotalsAsync(Ended))["m"]);
        await Reconciled(ledger);
    }

    private static async Task Reconciled(SqliteLedger ledger)
    {
        await foreach (var step in ledger.ReconcileAsync(Ended))
        {
            Assert.Empty(step.Differences);
        }
    }

    private static async Task DrainAsync(StreamLane lane)
    {
        while (await lane.StepAsync(Ended))
        {
            // Until there is nothing.
        }
    }

    /// <summary>A step that ends, as in a kill, where the ledger has just taken a batch.</summary>
    private async Task KilledStepAsync(StreamLane lane, Func<string, bool> when)
    {
        using var kill = new CancellationTokenSource();
        _ledger.Fault = (token, isTaken) =>
        {
            if (isTaken && when(token))
            {
                kill.Cancel();
                kill.Token.ThrowIfCancellationRequested();
            }
        };
        // The first one begins the chain.
        await lane.StepAsync(Ended);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await lane.StepAsync(kill.Token));
        _ledger.Fault = null;
    }

    private static async Task<(long First, long Last)> FirstAndLastAsync(StreamBench bench)
    {
        var facts = await bench.Stream.FactsAsync(Ended);
        return (facts.First, facts.Last);
    }

    /// <summary>Keeps what came, and says so before it answers.</summary>
    private sealed class FirstLedger : IBatchLedger
    {
        public List<RatedRecord> Records { get; } = [];

        public Action<string>? Taken { get; set; }

        public ValueTask AppendBatchAsync(string token, IReadOnlyList<RatedRecord> records, CancellationToken cancellationToken = default)
        {
            Records.AddRange(records);
            Taken?.Invoke(token);
            cancellationToken.ThrowIfCancellationRequested();
            return ValueTask.CompletedTask;
        }
    }
}
