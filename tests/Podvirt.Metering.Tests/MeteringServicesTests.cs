using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Podvirt.Core.Models;
using Podvirt.Messaging;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Rating;

namespace Podvirt.Metering.Tests;

public sealed class MeteringServicesTests : IDisposable
{
    private readonly TempDirectory _directory = new();

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Host_TakesRecordsFromAppendToLedgerAndAgainAfterARestart()
    {
        for (var round = 0; round < 2; round++)
        {
            using var host = Build();
            await host.StartAsync(Ended);
            await RateWriter.ApplyPriceAsync(host.Services.GetRequiredService<IStateStore>(), "m", new PriceSpec(1m), Sample.Noon.AddHours(-1), Ended);
            var outbox = host.Services.GetRequiredService<IUsageOutbox>();
            await Task.WhenAll(Enumerable.Range(0, 500).Select(i => outbox.AppendAsync(Sample.Record(i), Ended).AsTask()));
            await host.StopAsync(Ended);

            var ledger = host.Services.GetRequiredService<ILedger>();
            Assert.Equal(500, (await ledger.RequestTotalsAsync(Ended))["m"]);
            Assert.Equal(1, (await ledger.FindAsync(Sample.IdOf(499), Ended))!.RateVersion);
        }
    }

    [Fact]
    public async Task ServicesUnusedOrDisposedPlainly_CloseTheirFiles()
    {
        for (var i = 0; i < 2; i++)
        {
            using var provider = new ServiceCollection()
                .AddPodvirtEmbeddedMessaging(_directory.Path)
                .AddPodvirtMetering(new MeteringOptions { DataDirectory = _directory.Path })
                .BuildServiceProvider();
            Assert.NotNull(provider.GetRequiredService<IUsageOutbox>());
            Assert.NotNull(provider.GetRequiredService<RateBook>());
            Assert.Same(provider.GetRequiredService<ILedger>(), provider.GetRequiredService<ILedger>());
        }
    }

    [Fact]
    public async Task DamagedOutbox_StopsTheStartAndNamesTheFile()
    {
        await File.WriteAllTextAsync(_directory.File("outbox.db"), new string('x', 5_000), Ended);
        using var host = Build();

        var error = await Assert.ThrowsAsync<Messaging.Sqlite.DataFileException>(() => host.StartAsync(Ended));

        Assert.Contains("outbox.db", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OptionsOutOfRange_AreRefusedByName()
    {
        var error = Assert.Throws<ValidationException>(() =>
            new ServiceCollection().AddPodvirtMetering(new MeteringOptions { DataDirectory = "data", GroupCommitMax = 0 }));

        Assert.Contains(nameof(MeteringOptions.GroupCommitMax), error.Message, StringComparison.Ordinal);
    }

    private IHost Build()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services
            .AddPodvirtEmbeddedMessaging(_directory.Path)
            .AddPodvirtMetering(new MeteringOptions { DataDirectory = _directory.Path });
        return builder.Build();
    }
}
