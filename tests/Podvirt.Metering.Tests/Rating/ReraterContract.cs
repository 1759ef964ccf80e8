using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Rating;
using Podvirt.Metering.Tests.Invoices;

namespace Podvirt.Metering.Tests.Rating;

/// <summary>Re-rating on every ledger.</summary>
public abstract class ReraterContract : IAsyncLifetime
{
    private static readonly UsageQuery _always = new(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(200));
    private static readonly ReratingOrder _all = new("m", Sample.Noon, Sample.Noon.AddHours(1), 2, "ann", "the price was wrong");

    private Accounts _accounts = null!;

    private protected abstract LedgerRooms Open();

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _accounts = await Accounts.OpenAsync(Open(), Sample.Noon.AddHours(2));

    public async ValueTask DisposeAsync()
    {
        await _accounts.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Rerating_LeavesTheRowsAndAddsTheExactDifference()
    {
        await _accounts.AppendAsync(1, Sample.Record(1), Sample.Record(2) with { Project = "q" }, Sample.Record(3, "n"));

        var made = await RerateAsync(_all);

        var difference = _accounts.Rated(Sample.Record(1), 2).Cost - _accounts.Rated(Sample.Record(1), 1).Cost;
        Assert.Equal((1L, 2L), (made.Id, made.Records));
        Assert.Equal(new ReratedGroup("default", 1, 1, difference), made.Groups[0]);
        var row = (await _accounts.Ledger.FindAsync(Sample.IdOf(1), Ended))!;
        Assert.Equal((1, _accounts.Rated(Sample.Record(1), 1).Cost), (row.RateVersion, row.Cost));
        Assert.Equal(_accounts.Rated(Sample.Record(1), 2).Cost, row.Billed);
        Assert.Equal(Cost.Zero, (await _accounts.Ledger.FindAsync(Sample.IdOf(3), Ended))!.Adjustment);
    }

    [Theory]
    [InlineData(UsageGroup.Model)]
    [InlineData(UsageGroup.Key)]
    [InlineData(UsageGroup.Project)]
    [InlineData(UsageGroup.Outcome)]
    [InlineData(UsageGroup.Hour)]
    public async Task EverySum_TakesTheAdjustmentsAlong(UsageGroup group)
    {
        await _accounts.AppendAsync(
            1,
            Sample.Record(1), Sample.Record(2) with { Project = "q", Key = "k2" }, Sample.Record(3, "n"),
            Sample.Record(4) with { Outcome = UsageOutcome.Cancelled, StartedAt = Sample.Noon.AddMinutes(90) });
        await RerateAsync(_all with { To = Sample.Noon.AddHours(3) });

        foreach (var query in (UsageQuery[])[_always, _always with { Project = "q" }, _always with { To = Sample.Noon.AddHours(1) }])
        {
            var records = await _accounts.Ledger.ListAsync(query, 100, Ended);
            var sums = await _accounts.Ledger.SumAsync(query, group, Ended);
            Assert.Equal(
                records.Aggregate(Cost.Zero, (sum, r) => sum + r.Billed),
                sums.Aggregate(Cost.Zero, (sum, s) => sum + s.Cost));
        }
        var first = (await _accounts.Ledger.SumAsync(_always with { Key = "k2" }, group, Ended))[0];
        Assert.Equal(_accounts.Rated(Sample.Record(2), 2).Cost, first.Cost);
    }

    [Fact]
    public async Task SecondTime_ChangesNothing()
    {
        await _accounts.AppendAsync(1, Sample.Record(1));
        await RerateAsync(_all);

        var again = await RerateAsync(_all);

        Assert.Equal((null, 0L), (again.Id, again.Records));
        Assert.Equal(1, Assert.Single(await _accounts.Rerater.ListAsync(Ended)).Records);
    }

    [Fact]
    public async Task ThereAndBack_BillsWhatWasBilledFirst()
    {
        await _accounts.AppendAsync(1, Sample.Record(1));
        await RerateAsync(_all);
        await RerateAsync(_all with { RateVersion = 3 });
        var back = await RerateAsync(_all with { RateVersion = 1 });

        Assert.Equal(3, Assert.Single(back.Groups).OldRateVersion);
        Assert.Equal(Cost.Zero, (await _accounts.Ledger.FindAsync(Sample.IdOf(1), Ended))!.Adjustment);
    }

    [Fact]
    public async Task DryRun_SaysTheSameAndLeavesNothing()
    {
        await _accounts.AppendAsync(1, Sample.Record(1));

        var dry = (await _accounts.Rerater.RerateAsync(_all, isDryRun: true, Ended))!;

        Assert.Null(dry.Id);
        Assert.Empty(await _accounts.Rerater.ListAsync(Ended));
        Assert.Equal(dry.Groups, (await RerateAsync(_all)).Groups);
    }

    [Fact]
    public async Task Range_HoldsItsFromAndNotItsTo()
    {
        await _accounts.AppendAsync(1, Sample.Record(1), Sample.Record(2), Sample.Record(3));
        var order = _all with { From = Sample.Record(1).EndedAt.AddTicks(1), To = Sample.Record(3).EndedAt };

        Assert.Equal(1, (await RerateAsync(order)).Records);
        Assert.NotEqual(Cost.Zero, (await _accounts.Ledger.FindAsync(Sample.IdOf(2), Ended))!.Adjustment);
    }

    [Fact]
    public async Task RecordWithoutCounts_StaysAtZero()
    {
        await _accounts.AppendAsync(1, Sample.Record(1) with { Source = UsageSource.None, Tokens = default });

        Assert.Equal(0, (await RerateAsync(_all)).Records);
    }

    [Fact]
    public async Task ManyRecords_AreTakenInSteps()
    {
        // Two thousand a step; ids do not go with times, and many end at the same moment.
        var records = Enumerable.Range(1, 4_500).Select(n => Sample.Record(n) with { StartedAt = Sample.Noon.AddMilliseconds((4_500 - n) / 1_000) }).ToArray();
        await _accounts.AppendAsync(1, records);

        Assert.Equal(4_500, (await RerateAsync(_all)).Records);
        Assert.Equal(records.Aggregate(Cost.Zero, (sum, r) => sum + _accounts.Rated(r, 2).Cost), (await _accounts.Billing.BalanceAsync(Ended)).Total);
        Assert.Equal(4_500, Assert.Single(await _accounts.Rerater.ListAsync(Ended)).Records);
    }

    [Fact]
    public async Task UnknownVersion_IsRefused() =>
        Assert.Null(await _accounts.Rerater.RerateAsync(_all with { RateVersion = 9 }, isDryRun: false, Ended));

    [Fact]
    public async Task List_SaysWhoWhenAndWhy()
    {
        await _accounts.AppendAsync(1, Sample.Record(1));
        await RerateAsync(_all);

        var made = Assert.Single(await _accounts.Rerater.ListAsync(Ended));

        Assert.Equal((_all, Sample.Noon.AddHours(2)), (made.Order, made.MadeAt));
        Assert.Equal((await _accounts.Ledger.FindAsync(Sample.IdOf(1), Ended))!.Adjustment, made.Difference);
    }

    private async Task<ReratingResult> RerateAsync(ReratingOrder order) => (await _accounts.Rerater.RerateAsync(order, isDryRun: false, Ended))!;
}
