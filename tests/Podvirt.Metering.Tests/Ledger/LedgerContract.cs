using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Messaging;
using Podvirt.Metering.Ledger;

namespace Podvirt.Metering.Tests.Ledger;

/// <summary>What every ledger does. A derived class opens an empty one.</summary>
public abstract partial class LedgerContract : IAsyncDisposable
{
    private static readonly UsageQuery _always = new(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));

    protected static CancellationToken Ended => TestContext.Current.CancellationToken;

    protected abstract ILedger Ledger { get; }

    /// <summary>An empty ledger beside it; disposed of by its user where it can be.</summary>
    protected abstract ILedger OpenAnother();

    public abstract ValueTask DisposeAsync();

    [Fact]
    public async Task AppendedRecord_IsFoundAsItWas()
    {
        var rated = Rated(1) with { RateVersion = 3, Cost = new Cost((Int128)123_456_789_012_345_678 * 1_000_000_007) };
        await Ledger.AppendAsync([rated], Ended);

        Assert.Equal(rated, await Ledger.FindAsync(rated.Record.Id, Ended));
        Assert.Null(await Ledger.FindAsync(Sample.IdOf(999), Ended));
    }

    [Fact]
    public async Task Known_AreThoseThatAreThere()
    {
        var late = Rated(2) with { Record = Sample.Record(2) with { StartedAt = Sample.Noon.AddDays(-40) } };
        await Ledger.AppendAsync([Rated(1), late], Ended);

        var known = await Ledger.KnownAsync([.. new[] { Rated(1), late, Rated(3) }.Select(r => RecordPlace.Of(r.Record))], Ended);
        Assert.Equal([Sample.IdOf(1), Sample.IdOf(2)], known.Order());
        Assert.Empty(await Ledger.KnownAsync([RecordPlace.Of(Sample.Record(3))], Ended));
        Assert.Empty(await Ledger.KnownAsync([], Ended));
    }

    [Fact]
    public async Task SameBatchAgain_ChangesNothing()
    {
        RatedRecord[] batch = [Rated(1), Rated(2), Rated(1)];
        await Ledger.AppendAsync(batch, Ended);
        await Ledger.AppendAsync(batch, Ended);
        await Ledger.AppendAsync([Rated(2) with { Cost = new Cost(1) }, Rated(3)], Ended);

        var sum = Assert.Single(await Ledger.SumAsync(_always, UsageGroup.Model, Ended));
        Assert.Equal((3L, new Cost(3_000)), (sum.Requests, sum.Cost));
        Assert.Equal(3, (await Ledger.RequestTotalsAsync(Ended))["m"]);
    }

    [Fact]
    public async Task EmptyBatch_IsFine()
    {
        await Ledger.AppendAsync([], Ended);

        Assert.Empty(await Ledger.ListAsync(_always, 10, Ended));
        Assert.Empty(await Ledger.SumAsync(_always, UsageGroup.Hour, Ended));
        Assert.Empty(await Ledger.RequestTotalsAsync(Ended));
    }

    [Fact]
    public async Task Consumed_SumsTheMonthByProjectKeyAndModel()
    {
        var cost = new Cost((Int128)999_999_999_999 * 3);
        await Ledger.AppendAsync([Rated(1) with { Cost = cost }, Rated(2) with { Cost = cost }, Rated(1) with { Cost = cost }], Ended);
        await Ledger.AppendAsync([new RatedRecord(Sample.Record(3) with { Project = "p", Key = "", Model = "n" }, 1, cost)], Ended);
        await Ledger.AppendAsync([Rated(4) with { Record = Sample.Record(4) with { StartedAt = new DateTimeOffset(2026, 2, 1, 0, 0, 0, TimeSpan.Zero) } }], Ended);

        var january = await Ledger.ConsumedAsync(UtcMonth.Of(Sample.Noon), Ended);
        Assert.Equal(
            [new Consumed("default", "key-1", "m", 121 + 122, 500_000, cost + cost), new Consumed("p", "", "n", 123, 250_000, cost)],
            january.OrderBy(c => c.Project, StringComparer.Ordinal));
        Assert.Equal(124, Assert.Single(await Ledger.ConsumedAsync(UtcMonth.Of(Sample.Noon).Next, Ended)).Tokens);
        Assert.Empty(await Ledger.ConsumedAsync(UtcMonth.Of(Sample.Noon).Before, Ended));
    }

    [Fact]
    public async Task List_IsNewestFirstAndLimited()
    {
        await Ledger.AppendAsync([Rated(2), Rated(5), Rated(1), Rated(4), Rated(3)], Ended);

        Assert.Equal([5, 4, 3], (await Ledger.ListAsync(_always, 3, Ended)).Select(NumberOf));
    }

    [Fact]
    public async Task RecordsThatEndedAtOneMoment_AreEachOnOnePage()
    {
        var batch = Enumerable.Range(1, 7).Select(n => Rated(n) with { Record = Sample.Record(n) with { StartedAt = Sample.Noon } }).ToList();
        await Ledger.AppendAsync(batch, Ended);

        var paged = new List<RatedRecord>();
        for (RecordPlace? after = null; ; after = RecordPlace.Of(paged[^1].Record))
        {
            var page = await Ledger.ListAsync(_always with { After = after }, 3, Ended);
            paged.AddRange(page);
            if (page.Count < 3)
            {
                break;
            }
        }
        Assert.Equal(batch.AsEnumerable().Reverse(), paged);
    }

    [Fact]
    public async Task Query_HoldsItsFromAndNotItsTo()
    {
        await Ledger.AppendAsync([Rated(1), Rated(2), Rated(3)], Ended);
        var query = new UsageQuery(Rated(1).Record.EndedAt, Rated(3).Record.EndedAt.ToOffset(TimeSpan.FromHours(5)));

        Assert.Equal([2, 1], (await Ledger.ListAsync(query, 10, Ended)).Select(NumberOf));
        Assert.Equal(2, Assert.Single(await Ledger.SumAsync(query, UsageGroup.Model, Ended)).Requests);
        Assert.Equal([2], (await Ledger.ListAsync(query with { From = query.From.AddTicks(1) }, 10, Ended)).Select(NumberOf));
    }

    [Fact]
    public async Task Filters_NarrowTogether()
    {
        await Ledger.AppendAsync(
            [
                Rated(1, r => r with { Model = "a", Key = "k", Project = "p" }),
                Rated(2, r => r with { Model = "b", Key = "k", Project = "p" }),
                Rated(3, r => r with { Model = "a", Key = "l", Project = "p" }),
                Rated(4, r => r with { Model = "a", Key = "k", Project = "q" }),
            ],
            Ended);

        Assert.Equal([4, 3, 1], (await Ledger.ListAsync(_always with { Model = "a" }, 10, Ended)).Select(NumberOf));
        Assert.Equal([4, 2, 1], (await Ledger.ListAsync(_always with { Key = "k" }, 10, Ended)).Select(NumberOf));
        Assert.Equal([3, 2, 1], (await Ledger.ListAsync(_always with { Project = "p" }, 10, Ended)).Select(NumberOf));
        Assert.Equal([1], (await Ledger.ListAsync(_always with { Model = "a", Key = "k", Project = "p" }, 10, Ended)).Select(NumberOf));
        Assert.Empty(await Ledger.ListAsync(_always with { Model = "a' OR '1'='1" }, 10, Ended));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(10_001)]
    public async Task LimitOutOfRange_IsRefused(int limit) =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await Ledger.ListAsync(_always, limit, Ended));

    [Fact]
    public async Task Sums_CountOutcomesUnreportedAndQuarantined()
    {
        await Ledger.AppendAsync(
            [
                Rated(1), Rated(2),
                Rated(3, r => r with { Outcome = UsageOutcome.Cancelled }),
                Rated(4, r => r with { Outcome = UsageOutcome.Truncated }),
                Rated(5, r => r with { Outcome = UsageOutcome.Failed, Source = UsageSource.None, Tokens = default }),
                Rated(6, r => r with { Source = UsageSource.Quarantined, Tokens = default }),
            ],
            Ended);

        Assert.Equal(
            new UsageSum("m", 6, 3, 1, 1, 1, 1, new TokenCounts(410, 160, 80, 20), new Cost(6_000), 0, 1_500_000) { Quarantined = 1 },
            Assert.Single(await Ledger.SumAsync(_always, UsageGroup.Model, Ended)));
        Assert.Equal(
            ["cancelled", "completed", "failed", "truncated"],
            (await Ledger.SumAsync(_always, UsageGroup.Outcome, Ended)).Select(s => s.Group));
    }

    [Fact]
    public async Task Hours_AreNamedInUtcAndSplitAtTheHour()
    {
        var midnight = new DateTimeOffset(2026, 2, 1, 0, 0, 0, TimeSpan.Zero);
        await Ledger.AppendAsync(
            [
                Rated(1, r => r with { StartedAt = midnight.AddMicroseconds(-1), DurationUs = 0 }),
                Rated(2, r => r with { StartedAt = midnight.AddMicroseconds(-1), DurationUs = 1 }),
                Rated(3, r => r with { StartedAt = midnight.AddMinutes(59) }),
            ],
            Ended);

        Assert.Equal(
            [("2026-01-31T23:00:00Z", 1L), ("2026-02-01T00:00:00Z", 2L)],
            (await Ledger.SumAsync(_always, UsageGroup.Hour, Ended)).Select(s => (s.Group, s.Requests)));
    }

    [Fact]
    public async Task Groups_AreSortedByName()
    {
        await Ledger.AppendAsync([.. ((string[])["b", "B", "a/b", "a"]).Select((model, i) => Rated(i, r => r with { Model = model, Project = model, Key = model }))], Ended);

        foreach (var group in (UsageGroup[])[UsageGroup.Model, UsageGroup.Key, UsageGroup.Project])
        {
            Assert.Equal(["B", "a", "a/b", "b"], (await Ledger.SumAsync(_always, group, Ended)).Select(s => s.Group));
        }
    }

    [Fact]
    public async Task CostsBeyondSixtyFourBits_AddExactly()
    {
        // 10¹² tokens at a million USD per million tokens, each way.
        var rate = new Rate("m", 1, DateTimeOffset.UnixEpoch, 1_000_000_000_001, 0, 999_999_999_999);
        var records = Enumerable.Range(0, 50)
            .Select(i => Rated(i, r => r with { Tokens = new TokenCounts(1_000_000_000_000, 0, 1_000_000_000_000 - i, 0) }))
            .Select(r => r with { Cost = rate.CostOf(r.Record) })
            .ToList();
        await Ledger.AppendAsync(records, Ended);

        var expected = records.Aggregate(Int128.Zero, (sum, r) => checked(sum + r.Cost.Pico));
        Assert.Equal(expected, Assert.Single(await Ledger.SumAsync(_always, UsageGroup.Model, Ended)).Cost.Pico);
    }

    [Fact]
    public async Task RequestTotals_AreOfAllTimeByModel()
    {
        await Ledger.AppendAsync([Rated(1), Rated(2, r => r with { StartedAt = Sample.Noon.AddYears(-3) }), Rated(3, r => r with { Model = "n" })], Ended);

        var totals = await Ledger.RequestTotalsAsync(Ended);
        Assert.Equal(2, totals.Count);
        Assert.Equal((2L, 1L), (totals["m"], totals["n"]));
    }

    protected static RatedRecord Rated(int n, Func<UsageRecord, UsageRecord>? change = null)
    {
        var record = Sample.Record(n);
        return new RatedRecord(change is null ? record : change(record), 1, new Cost(1_000));
    }

    private static int NumberOf(RatedRecord rated) => BitConverter.ToInt32(rated.Record.Id.ToByteArray());
}
