using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Core.Projects;
using Podvirt.Messaging;
using Podvirt.Messaging.Leases;
using Podvirt.Metering.Invoices;
using Podvirt.Metering.Invoices.ClickHouse;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Ledger.ClickHouse;
using Podvirt.Metering.Tests.Invoices;

namespace Podvirt.Metering.Tests.Ledger.ClickHouse;

/// <summary>What goes when its time has come, and what stays.</summary>
[Collection(ClickHouseCollection.Name)]
public sealed class ClickHouseUpkeepTests(ClickHouseFixture clickHouse)
{
    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public async Task RemovedMinutes_StayRemoved_AndHoursStay()
    {
        using var database = clickHouse.NewDatabase();
        var ledger = new ClickHouseLedger(database);
        await ledger.AppendAsync([At(1, 0), At(2, 1), At(3, 2)], Ended);

        // Rows by project and by model.
        Assert.Equal(2, await ledger.RemoveMinutesBeforeAsync(Sample.Noon.AddMinutes(1).AddSeconds(59), Ended));
        await ledger.RemoveMinutesBeforeAsync(Sample.Noon.AddMinutes(-10), Ended);
        await ledger.AppendAsync([At(4, 0), At(5, 1)], Ended);

        var minutes = new FiguresQuery(Sample.Noon.AddMinutes(1), Sample.Noon.AddMinutes(5));
        Assert.Equal([2, 1], (await ledger.SeriesAsync(minutes, FiguresStep.Minute, FiguresGroup.Model, Ended)).Select(p => p.Figures.Requests));
        await Assert.ThrowsAsync<ArgumentException>(async () => await ledger.SeriesAsync(minutes with { From = Sample.Noon }, FiguresStep.Minute, FiguresGroup.Model, Ended));
        Assert.Equal(5, (await ledger.FiguresAsync(new FiguresQuery(Sample.Noon, Sample.Noon.AddHours(1)), FiguresGroup.None, Ended)).Total.Requests);
        Assert.Empty(await ledger.DifferencesAsync(Ended));
    }

    [Fact]
    public async Task RawMonth_GoesOnlyWhenItIsInvoiced()
    {
        var options = clickHouse.NewOptions();
        options.RawMonthsKept = 2;
        using var database = new ClickHouseDatabase(options);
        await using var accounts = await Accounts.OpenAsync(LedgerRooms.ClickHouse(database), new DateTimeOffset(2026, 6, 1, 0, 0, 0, TimeSpan.Zero));
        await accounts.AppendAsync(1, Sample.Record(1), Sample.Record(2) with { StartedAt = Sample.Noon.AddMonths(2) }, Sample.Record(3) with { StartedAt = Sample.Noon.AddMonths(3) });
        using var upkeep = Upkeep(database, accounts.Time);

        await upkeep.RunOnceAsync(Ended);
        Assert.NotNull(await accounts.Ledger.FindAsync(Sample.IdOf(1), Ended));

        await accounts.FinaliseDueAsync();
        await upkeep.RunOnceAsync(Ended);

        Assert.Null(await accounts.Ledger.FindAsync(Sample.IdOf(1), Ended));
        Assert.NotNull(await accounts.Ledger.FindAsync(Sample.IdOf(3), Ended));
        Assert.Equal(3, (await accounts.Ledger.RequestTotalsAsync(Ended))["m"]);
        Assert.Equal(1, (await accounts.Ledger.FiguresAsync(new FiguresQuery(Sample.Noon, Sample.Noon.AddHours(1)), FiguresGroup.None, Ended)).Total.Requests);
        Assert.Equal(3, (await accounts.ListAsync()).Count);
        Assert.Empty(await accounts.ReconcileAsync());
        Assert.Empty(await accounts.Ledger.DifferencesAsync(Ended));
    }

    [Theory]
    [InlineData("ALTER TABLE hour_by_model DELETE WHERE 1", "hour_by_model")]
    [InlineData("ALTER TABLE usage DELETE WHERE 1", "hour_by_project")]
    [InlineData("INSERT INTO hour_by_key SELECT bucket_us, project, key, model, 1, 0, 0 FROM hour_by_key", "hour_by_key")]
    [InlineData("INSERT INTO minute_by_model (bucket_us, model, revision, counts) SELECT bucket_us, model, revision, initializeAggregation('sumForEachState', [toInt64(0), 1]) FROM minute_by_model", "minute_by_model")]
    public async Task Reconciliation_SeesWhatWasChanged(string change, string where)
    {
        var options = clickHouse.NewOptions();
        using var database = new ClickHouseDatabase(options);
        var ledger = new ClickHouseLedger(database);
        await ledger.AppendAsync([At(1, 0)], Ended);
        Assert.Empty(await ledger.DifferencesAsync(Ended));

        await clickHouse.Server.QueryAsync($"{change} SETTINGS mutations_sync = 2", options.Database);

        Assert.Contains(await ledger.DifferencesAsync(Ended), d => d.StartsWith(where, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Registered_EveryRoomIsInClickHouse_AndNothingIsAskedAtTheStart()
    {
        using var directory = new TempDirectory();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services
            .AddPodvirtEmbeddedMessaging(directory.Path)
            .AddPodvirtClickHouseLedger(new ClickHouseOptions { Url = new Uri("http://127.0.0.1:9") })
            .AddPodvirtClickHouseUpkeep()
            .AddPodvirtBilling(BillingParties.None);
        using var host = builder.Build();
        await host.StartAsync(Ended);

        Assert.IsType<ClickHouseLedger>(host.Services.GetRequiredService<ILedger>());
        Assert.Same(host.Services.GetRequiredService<ILedger>(), host.Services.GetRequiredService<IBatchLedger>());
        Assert.IsType<ClickHouseBillingLedger>(host.Services.GetRequiredService<IBillingLedger>());
        Assert.False(File.Exists(directory.File("ledger.db")));
        await Assert.ThrowsAsync<IOException>(async () => await host.Services.GetRequiredService<ILedger>().ConsumedAsync(UtcMonth.Of(Sample.Noon), Ended));
        await host.StopAsync(Ended);
    }

    private static RatedRecord At(int n, int minute) =>
        new(Sample.Record(n) with { StartedAt = Sample.Noon.AddMinutes(minute), DurationUs = 5 }, 1, new Core.Usage.Cost(1_000));

    private static LedgerUpkeep Upkeep(ClickHouseDatabase database, FakeTimeProvider time) => new(
        new ClickHouseLedger(database), database, new ClickHouseBillingLedger(database),
        new LeaseHolder(new NoLeases(), time, NullLogger<LeaseHolder>.Instance), time, NullLogger<LedgerUpkeep>.Instance);

    /// <summary>Rounds are asked for by the test.</summary>
    private sealed class NoLeases : ILeases
    {
        public TimeSpan Period => TimeSpan.FromHours(1);

        public ValueTask<NamedLease?> TryTakeAsync(string name, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default) => ValueTask.FromResult<NamedLease?>(null);

        public ValueTask<NamedLease?> TryRenewAsync(NamedLease lease, ReadOnlyMemory<byte> value, CancellationToken cancellationToken = default) => ValueTask.FromResult<NamedLease?>(null);

        public ValueTask ReleaseAsync(NamedLease lease, CancellationToken cancellationToken = default) => ValueTask.CompletedTask;

        public ValueTask<IReadOnlyList<HeldLease>> ListAsync(string prefix, CancellationToken cancellationToken = default) => ValueTask.FromResult<IReadOnlyList<HeldLease>>([]);
    }
}
