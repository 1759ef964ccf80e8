using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Podvirt.Messaging;
using Podvirt.Messaging.Nats;
using Podvirt.Messaging.Sqlite;
using Podvirt.Metering.Invoices;
using Podvirt.Metering.Invoices.Sqlite;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Ledger.Sqlite;
using Podvirt.Metering.Streams;
using Podvirt.Metering.Tests.Streams;

namespace Podvirt.Metering.Tests;

[Collection(NatsCollection.Name)]
public sealed class UsageStreamServicesTests(NatsFixture nats) : IDisposable
{
    private readonly TempDirectory _directory = new();
    private readonly UsageStreamOptions _stream = new() { BytesMax = 16 << 20, Linger = TimeSpan.FromMilliseconds(5) };

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task GatewayAndWorkers_BringARecordFromTheOutboxToTheLedger()
    {
        await using (await StreamBench.StartAsync(nats.Server))
        {
            // Clears what the test before has left.
        }
        await using var ledger = SqliteLedger.Open(_directory.File("ledger.db"), TimeProvider.System);
        using var gateway = Host(ledger, (services, options) => services.AddPodvirtUsageOutbox(options, _stream));
        using var worker = Host(ledger, (services, _) => services.AddPodvirtMeteringWorker(_stream));
        using var other = Host(ledger, (services, _) => services.AddPodvirtMeteringWorker(_stream));
        IHost[] hosts = [gateway, worker, other];
        await Task.WhenAll(hosts.Select(h => h.StartAsync(Ended)));

        await gateway.Services.GetRequiredService<IUsageOutbox>().AppendAsync(Sample.Record(), Ended);

        await Eventually.TrueAsync(() => ledger.FindAsync(Sample.Record().Id, Ended).AsTask().GetAwaiter().GetResult() is not null);
        var flow = gateway.Services.GetRequiredService<IUsageFlow>();
        await Eventually.TrueAsync(() => flow.Now.Waiting == 0);
        Assert.Equal("", flow.Now.Trouble);
        var leases = gateway.Services.GetRequiredService<ILeases>();
        Assert.Equal(2, (await leases.ListAsync(UsageWorker.LeasePrefix, Ended)).Count);
        Assert.Single(await leases.ListAsync(MeteringLeader.LeaseName, Ended));
        await Task.WhenAll(hosts.Select(h => h.StopAsync(Ended)));
    }

    [Fact]
    public void OptionsOutOfRange_AreRefused() => Assert.Throws<ValidationException>(() =>
        new ServiceCollection().AddPodvirtMeteringWorker(new UsageStreamOptions { Lanes = 0 }));

    private IHost Host(SqliteLedger ledger, Action<IServiceCollection, MeteringOptions> add)
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        var options = new MeteringOptions { DataDirectory = _directory.Path };
        builder.Services.AddPodvirtNatsMessaging(new NatsOptions { Url = nats.Server.Url, LeasePeriod = TimeSpan.FromSeconds(1) });
        // An instance: the container does not close it.
        builder.Services.AddSingleton<ILedger>(ledger);
        builder.Services.AddSingleton<IBatchLedger>(new SqliteBatchLedger(ledger));
        builder.Services.AddSingleton<IBillingLedger>(new SqliteBillingLedger(ledger));
        builder.Services.AddSingleton<IColdStartTimes>(new SqliteColdStartTimes(ledger));
        builder.Services.AddPodvirtBilling(BillingParties.None);
        add(builder.Services, options);
        return builder.Build();
    }
}
