using CsCheck;
using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Ledger.ClickHouse;

namespace Podvirt.Metering.Tests.Ledger.ClickHouse;

/// <summary>The same records again: under the same token, in other batches, a day later, and at the same time.</summary>
[Collection(ClickHouseCollection.Name)]
public sealed class ClickHouseReplayTests(ClickHouseFixture clickHouse) : IAsyncDisposable
{
    private static readonly UsageQuery s_always = new(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));

    private readonly ClickHouseDatabase _database = clickHouse.NewDatabase();

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await clickHouse.Server.FailAsync();
        _database.Dispose();
    }

    [Fact]
    public async Task AnyReplays_CountEachRecordOnce() =>
        await Gen.Select(Gen.Int[0, 200], Gen.Int[1, 60], Gen.Int[1, 8]).Array[2, 8].SampleAsync(
            async batches =>
            {
                using var database = clickHouse.NewDatabase();
                var ledger = new ClickHouseLedger(database);
                foreach (var (first, count, times) in batches)
                {
                    for (var i = 0; i < Math.Min(times, 2); i++)
                    {
                        await ledger.AppendBatchAsync($"{first}+{count}", Records(first, count), Ended);
                    }
                }
                await AssertHoldsAsync(ledger, batches.SelectMany(b => Enumerable.Range(b.Item1, b.Item2)).Distinct().Count());
            },
            iter: 3, threads: 1);

    [Fact]
    public async Task BatchesWithTheSameRecordsAtTheSameTime_CountEachOnce_AndAreRolledUpAnew()
    {
        var ledger = new ClickHouseLedger(_database);
        await ledger.AppendBatchAsync("first", Records(0, 10), Ended);
        // Each statement waits: all have asked what is there before any has inserted.
        await clickHouse.Server.FailAsync(slowMs: 300);
        await Task.WhenAll(
            ledger.AppendBatchAsync("a", Records(10, 40), Ended).AsTask(),
            ledger.AppendBatchAsync("b", Records(30, 40), Ended).AsTask(),
            ledger.AppendBatchAsync("c", Records(5, 30), Ended).AsTask());
        await clickHouse.Server.FailAsync();

        var store = await _database.OpenAsync(Ended);
        Assert.NotEmpty((await LedgerState.ReadAsync(store, Ended)).StaleHours);
        await AssertHoldsAsync(ledger, 70);

        Assert.Equal(0, await new HourRebuild(store, TimeSpan.FromHours(1), TimeProvider.System).RunAsync(Ended));
        Assert.NotEqual(0, await new HourRebuild(store, TimeSpan.Zero, TimeProvider.System).RunAsync(Ended));
        Assert.Empty((await LedgerState.ReadAsync(store, Ended)).StaleHours);
        await AssertHoldsAsync(ledger, 70);
        await ledger.AppendBatchAsync("d", Records(60, 20), Ended);
        await AssertHoldsAsync(ledger, 80);
    }

    [Fact]
    public async Task CopiesThatAreNotMergedYet_TakeNoPlaceOnAPage()
    {
        var options = clickHouse.NewOptions();
        using var database = new ClickHouseDatabase(options);
        var ledger = new ClickHouseLedger(database);
        await ledger.AppendBatchAsync("first", Records(0, 10), Ended);
        await clickHouse.Server.QueryAsync("SYSTEM STOP MERGES usage", options.Database);
        for (var i = 0; i < 3; i++)
        {
            await clickHouse.Server.QueryAsync("INSERT INTO usage SELECT * FROM usage", options.Database);
        }
        Assert.Equal("40\n", await clickHouse.Server.QueryAsync("SELECT count() FROM usage", options.Database));

        Assert.Equal(Enumerable.Range(3, 7).Reverse().Select(Sample.IdOf), (await ledger.ListAsync(s_always, 7, Ended)).Select(r => r.Record.Id));
        Assert.Equal(10, (await ledger.ListAsync(s_always, 100, Ended)).Count);
    }

    /// <summary>A record a second: some hundred of them lie around an hour's and a month's end.</summary>
    private static RatedRecord[] Records(int first, int count)
    {
        var start = new DateTimeOffset(2026, 1, 31, 23, 59, 0, TimeSpan.Zero);
        return
        [
            .. Enumerable.Range(first, count).Select(n => new RatedRecord(
                Sample.Record(n) with { StartedAt = start.AddSeconds(n - 1), DurationUs = 1_000_000, Key = $"k{n % 3}" }, 1, new Cost(1_000 + n))),
        ];
    }

    private static async Task AssertHoldsAsync(ClickHouseLedger ledger, int requests)
    {
        var all = await ledger.ListAsync(s_always, 1_000, Ended);
        var cost = all.Aggregate(Cost.Zero, (sum, r) => sum + r.Cost);
        Assert.Equal(requests, all.Count);
        foreach (var group in (UsageGroup[])[UsageGroup.Model, UsageGroup.Key, UsageGroup.Hour])
        {
            var sums = await ledger.SumAsync(s_always, group, Ended);
            Assert.Equal((requests, cost), (sums.Sum(s => s.Requests), sums.Aggregate(Cost.Zero, (sum, s) => sum + s.Cost)));
        }
        var day = new FiguresQuery(Sample.Noon, Sample.Noon.AddDays(1));
        Assert.Equal((requests, cost), ((await ledger.FiguresAsync(day, FiguresGroup.None, Ended)).Total.Requests, (await ledger.FiguresAsync(day, FiguresGroup.None, Ended)).Total.Cost));
        Assert.Equal(requests, (await ledger.SeriesAsync(day, FiguresStep.Minute, FiguresGroup.Model, Ended)).Sum(p => p.Figures.Latency.Count));
        Assert.Equal(requests, (await ledger.RequestTotalsAsync(Ended))["m"]);
        var january = Core.Projects.UtcMonth.Of(Sample.Noon);
        var consumed = (await ledger.ConsumedAsync(january, Ended)).Concat(await ledger.ConsumedAsync(january.Next, Ended));
        Assert.Equal(cost, consumed.Aggregate(Cost.Zero, (sum, c) => sum + c.Cost));
        Assert.Empty(await ledger.DifferencesAsync(Ended));
    }
}
