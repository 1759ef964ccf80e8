using System.Globalization;
using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Metering.Invoices;
using Podvirt.Metering.Rating;

namespace Podvirt.Metering.Tests.Invoices;

/// <summary>Invoices on every ledger.</summary>
public abstract class InvoiceBookContract : IAsyncLifetime
{
    private Accounts _accounts = null!;

    private protected Accounts Accounts => _accounts;

    private protected abstract LedgerRooms Open();

    private protected static CancellationToken Ended => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _accounts = await Invoices.Accounts.OpenAsync(Open(), Time("2026-02-10"));

    public async ValueTask DisposeAsync()
    {
        await _accounts.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Draft_HasALineForEachModelKindAndVersion()
    {
        _accounts.ColdStarts.Times.Add(new ColdStartTime("p", "m", 90_000_000));
        await _accounts.AppendAsync(
            1,
            Record(1, "2026-02-01") with { Tokens = new TokenCounts(100, 40, 20, 5) },
            Record(2, "2026-02-02") with { Tokens = new TokenCounts(10, 0, 5, 0), VideoUs = 2_000_000 },
            Record(3, "2026-02-02") with { Surface = "embeddings", Tokens = new TokenCounts(7, 7, 0, 0) },
            Record(4, "2026-02-03") with { Source = UsageSource.None, Tokens = default });
        await _accounts.AppendAsync(2, Record(5, "2026-02-03") with { Tokens = new TokenCounts(1, 0, 3, 0) });

        var invoice = Assert.Single(await _accounts.ListAsync());

        Assert.Equal(("draft-2026-02-p", null, "Seller", "Customer"), (invoice.Id, invoice.Number, invoice.Seller.Name, invoice.Customer.Name));
        Assert.Equal((5L, 1L, 0L), (invoice.Requests, invoice.Unreported, invoice.LateRequests));
        Assert.Equal(
            [
                "Usage Prompt 1: 70 × 100000", "Usage Cached 1: 40 × 20000", "Usage Completion 1: 25 × 300000", "Usage Embedding 1: 7 × 70000",
                "Usage Video 1: 2000000 × 1234", "Usage Prompt 2: 1 × 1", "Usage Completion 2: 3 × 999999", "ColdStart  0: 90000000 × 0",
            ],
            invoice.Lines.Select(Show));
        Assert.Equal(new Cost((70 * 100_000) + (40 * 20_000) + (25 * 300_000) + (7 * 70_000) + (2_000_000L * 1_234) + 1 + (3 * 999_999)), invoice.Exact);
    }

    [Fact]
    public async Task Total_IsTheSumOfTheRoundedLines()
    {
        // Two lines of 0.6 cents each: each is one cent, though together they are nearer to one.
        await _accounts.AppendAsync(1, Record(1, "2026-02-01") with { Tokens = new TokenCounts(60_000, 0, 20_000, 0) });

        var invoice = Assert.Single(await _accounts.ListAsync());

        Assert.Equal([1L, 1L], invoice.Lines.Select(l => l.Cents));
        Assert.Equal((2L, "0.012000000000"), (invoice.Cents, invoice.Exact.ToString()));
    }

    [Theory]
    [InlineData("2026-01-31T23:59:59.999999", "2026-01", "2026-02-01T23:59:59.999999", "2026-02-02T00:00:00")]
    [InlineData("2026-02-01T00:00:00", "2026-02", "2026-03-01T23:59:59.999999", "2026-03-02T00:00:00")]
    [InlineData("2028-02-29T23:59:59.999999", "2028-02", "2028-03-01T23:59:59.999999", "2028-03-02T00:00:00")]
    [InlineData("2027-03-01T00:00:00", "2027-03", "2027-04-01T23:59:59.999999", "2027-04-02T00:00:00")]
    [InlineData("2026-12-31T23:59:59.999999", "2026-12", "2027-01-01T23:59:59.999999", "2027-01-02T00:00:00")]
    [InlineData("2027-01-01T00:00:00", "2027-01", "2027-02-01T23:59:59.999999", "2027-02-02T00:00:00")]
    public async Task Record_FallsInItsUtcMonthAndThatIsFinalADayAfterItsEnd(string ended, string month, string draftAt, string finalAt)
    {
        await _accounts.AppendAsync(1, Record(1, ended));

        _accounts.SetClock(Time(draftAt));
        await _accounts.FinaliseDueAsync();
        Assert.Equal((null, month), NumberAndMonth(Assert.Single(await _accounts.ListAsync())));

        _accounts.SetClock(Time(finalAt));
        await _accounts.FinaliseDueAsync();
        var final = Assert.Single(await _accounts.ListAsync());
        Assert.Equal((1L, month), NumberAndMonth(final));
        Assert.Equal(Time(finalAt), final.IssuedAt);
    }

    [Fact]
    public async Task RecordWithAnotherOffset_FallsInItsUtcMonth()
    {
        await _accounts.AppendAsync(1, Record(1, "2026-02-01") with { StartedAt = new DateTimeOffset(2026, 2, 1, 1, 0, 0, TimeSpan.FromHours(5)) });

        Assert.Equal("2026-01", Assert.Single(await _accounts.ListAsync()).Month.ToString());
    }

    [Fact]
    public async Task MonthsThatBecameDueInAPause_AreFinalInOrderAndNumberedWithoutAGap()
    {
        await _accounts.AppendAsync(1, Record(1, "2026-04-05"), Record(2, "2026-01-05"), Record(3, "2026-01-06") with { Project = "a" });
        _accounts.SetClock(Time("2026-06-01"));

        await _accounts.FinaliseDueAsync();
        await _accounts.FinaliseDueAsync();

        Assert.Equal(
            [(3, "2026-04", "p"), (2, "2026-01", "p"), (1, "2026-01", "a")],
            (await _accounts.ListAsync()).Select(i => (i.Number, i.Month.ToString(), i.Project)).Select(i => ((int)i.Number!, i.Item2, i.Project)));
        Assert.Empty(await _accounts.ReconcileAsync());
    }

    [Fact]
    public async Task RecordOfAFinalMonth_IsOnTheNextInvoiceWithItsMonth()
    {
        await _accounts.AppendAsync(1, Record(1, "2026-01-05"));
        await _accounts.FinaliseDueAsync();
        var january = Assert.Single(await _accounts.ListAsync());
        await _accounts.AppendAsync(1, Record(2, "2026-01-06"), Record(3, "2026-02-06"));

        var (february, before) = Split(await _accounts.ListAsync());
        Assert.Equal(InvoiceDocument.Write(january), InvoiceDocument.Write(before));
        Assert.Equal((1L, 1L), (february.Requests, february.LateRequests));
        Assert.Equal(["Usage 2026-02", "LateUsage 2026-01"], february.Lines.Select(l => $"{l.Type} {l.Month}").Distinct());

        _accounts.SetClock(Time("2026-03-02"));
        await _accounts.FinaliseDueAsync();
        Assert.Equal(february.Lines, (await _accounts.Book.FindAsync("2", Ended))!.Lines);
        Assert.Empty(await _accounts.ReconcileAsync());
    }

    [Fact]
    public async Task LateRecordAndNoUsageSince_StillGetsAnInvoice()
    {
        await _accounts.AppendAsync(1, Record(1, "2026-01-05"));
        await _accounts.FinaliseDueAsync();
        await _accounts.AppendAsync(1, Record(2, "2026-01-06"));
        _accounts.SetClock(Time("2026-03-02"));
        await _accounts.FinaliseDueAsync();

        var second = (await _accounts.Book.FindAsync("000002", Ended))!;

        Assert.Equal(("2026-02", 0L, 1L), (second.Month.ToString(), second.Requests, second.LateRequests));
    }

    [Fact]
    public async Task Rerating_LeavesTheFinalInvoiceAndStandsOnTheNext()
    {
        await _accounts.AppendAsync(1, Record(1, "2026-01-05"), Record(2, "2026-02-05"));
        await _accounts.FinaliseDueAsync();

        await RerateAsync("2026-01-01", "2026-03-01", 3);

        var (february, january) = Split(await _accounts.ListAsync());
        Assert.True(january.Exact.Pico > 0);
        Assert.Equal(["2026-01", "2026-02"], february.Lines.Where(l => l.Type == InvoiceLineType.Rerating).Select(l => l.Month.ToString()).Distinct());
        Assert.All(february.Lines.Where(l => l.Type == InvoiceLineType.Rerating), l => Assert.Equal((1, 3), (l.OldRateVersion!.Value, l.RateVersion)));
        Assert.Equal(Cost.Zero, january.Exact + february.Exact);
        Assert.Empty(await _accounts.ReconcileAsync());
    }

    [Fact]
    public async Task RecordsThatTheOutboxStillHolds_AreWaitedFor()
    {
        await _accounts.AppendAsync(1, Record(1, "2026-01-05"));
        _accounts.Waiting.Add(Record(2, "2026-01-31T23:59:59.999999"));
        await _accounts.FinaliseDueAsync();
        Assert.Null(Assert.Single(await _accounts.ListAsync()).Number);

        _accounts.Waiting[0] = Record(2, "2026-02-01");
        await _accounts.FinaliseDueAsync();
        Assert.Equal(1, Assert.Single(await _accounts.ListAsync()).Number);
    }

    [Fact]
    public async Task CrashBetweenClosingAndIssuing_IsMadeGoodWithTheSameInvoice()
    {
        await _accounts.AppendAsync(1, Record(1, "2026-01-05"));
        var draft = Assert.Single(await _accounts.ListAsync());
        Assert.True(UtcMonth.TryParse("2026-01", out var january));
        await _accounts.Billing.CloseAsync(january, _accounts.Time.GetUtcNow(), Ended);
        await _accounts.AppendAsync(1, Record(2, "2026-01-06"));
        await RerateAsync("2026-01-01", "2026-02-01", 2);

        await _accounts.FinaliseDueAsync();

        Assert.Equal(draft.Lines, (await _accounts.Book.FindAsync("1", Ended))!.Lines);
        Assert.Empty(await _accounts.ReconcileAsync());
    }

    [Fact]
    public async Task ClockSetBack_BillsWhatComesThenOnce()
    {
        await _accounts.AppendAsync(1, Record(1, "2026-02-05"));
        _accounts.SetClock(Time("2027-01-01"));
        await _accounts.FinaliseDueAsync();
        _accounts.SetClock(Time("2026-02-06"));
        await _accounts.AppendAsync(1, Record(2, "2026-02-06"), Record(3, "2026-03-06"));
        _accounts.SetClock(Time("2026-04-02"));
        await _accounts.FinaliseDueAsync();

        Assert.Equal([("2026-03", 1L, 1L), ("2026-02", 1L, 0L)], (await _accounts.ListAsync()).Select(i => (i.Month.ToString(), i.Requests, i.LateRequests)));
        Assert.Empty(await _accounts.ReconcileAsync());
    }

    [Fact]
    public async Task DraftsId_FindsTheFinalInvoiceLater()
    {
        await _accounts.AppendAsync(1, Record(1, "2026-01-05"));
        Assert.Null((await _accounts.Book.FindAsync("draft-2026-01-p", Ended))!.Number);
        await _accounts.FinaliseDueAsync();

        Assert.Equal(1, (await _accounts.Book.FindAsync("draft-2026-01-p", Ended))!.Number);
        Assert.Null(await _accounts.Book.FindAsync("draft-2026-01-q", Ended));
        Assert.Null(await _accounts.Book.FindAsync("draft-2026-13-p", Ended));
        Assert.Null(await _accounts.Book.FindAsync("2", Ended));
        Assert.Null(await _accounts.Book.FindAsync("nonsense", Ended));
    }

    [Fact]
    public async Task CostThatIsNotQuantityTimesPrice_MakesNoInvoice()
    {
        await _accounts.Ledger.AppendAsync([_accounts.Rated(Record(1, "2026-01-05"), 1) with { Cost = new Cost(1) }], Ended);

        await Assert.ThrowsAsync<InvoiceException>(async () => await _accounts.FinaliseDueAsync());
    }

    private protected async Task RerateAsync(string from, string to, int version) =>
        Assert.NotNull(await _accounts.Rerater.RerateAsync(new ReratingOrder("m", Time(from), Time(to), version, "ann", "why"), isDryRun: false, Ended));

    private static (Invoice Newest, Invoice Before) Split(IReadOnlyList<Invoice> invoices)
    {
        Assert.Equal(2, invoices.Count);
        return (invoices[0], invoices[1]);
    }

    private static (long?, string) NumberAndMonth(Invoice invoice) => (invoice.Number, invoice.Month.ToString());

    private static string Show(InvoiceLine line) => $"{line.Type} {line.Kind} {line.RateVersion}: {line.Quantity} × {line.UnitPico}";

    private protected static UsageRecord Record(int n, string ended) =>
        Sample.Record(n) with { Project = "p", StartedAt = Time(ended), DurationUs = 0, VideoUs = 0, FirstTokenUs = null };

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
}
