using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Podvirt.Messaging;
using Podvirt.Messaging.Nats;
using Podvirt.Metering.Invoices;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Streams;
using Podvirt.Metering.Tests.Ledger;
using Podvirt.Metering.Tests.Streams;
using Podvirt.Testing.Nats;

namespace Podvirt.Metering.Tests;

/// <summary>A process that appends and moves records is killed, again and again: what it was told is kept must be in the ledger, once.</summary>
public sealed class KilledProcessTests
{
    private const string ChildDirectory = "PODVIRT_TEST_APPEND_TO";
    private const string ChildFirst = "PODVIRT_TEST_APPEND_FROM";
    private const string ChildNats = "PODVIRT_TEST_APPEND_OVER";
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(20);
    private const string Acknowledged = "acknowledged ";

    [Fact(Timeout = 60_000)]
    public Task KilledProcess_LosesAndDoublesNothing() => LosesAndDoublesNothingAsync(natsUrl: null, TestContext.Current.CancellationToken);

    /// <summary>Gateway and worker in one process, so that it is killed everywhere between the outbox and the ledger.</summary>
    [Fact(Timeout = 60_000)]
    public async Task KilledProcessOfACluster_LosesAndDoublesNothing()
    {
        await using var server = await NatsServer.StartAsync();
        await LosesAndDoublesNothingAsync(server.Url, TestContext.Current.CancellationToken);
    }

    private static async Task LosesAndDoublesNothingAsync(string? natsUrl, CancellationToken ended)
    {
        using var directory = new TempDirectory();
        var acknowledged = new HashSet<int>();
        for (var round = 0; round < (natsUrl is null ? 3 : 2); round++)
        {
            await AppendUntilKilledAsync(directory.Path, acknowledged, first: round * 1_000_000, count: 200 + (round * 133), natsUrl, ended);
        }

        using var host = Build(directory.Path, natsUrl);
        await host.StartAsync(ended);
        var ledger = host.Services.GetRequiredService<ILedger>();
        while (natsUrl is not null && (await ledger.RequestTotalsAsync(ended)).GetValueOrDefault("m") < acknowledged.Count)
        {
            // A claim of the killed process is taken over once its lease has ended.
            await Task.Delay(s_pause, ended);
        }
        await host.StopAsync(ended);

        foreach (var n in acknowledged)
        {
            Assert.NotNull(await ledger.FindAsync(Sample.IdOf(n), ended));
        }
        Assert.Empty(await ledger.DifferencesAsync(ended));
    }

    /// <summary>Not a test: what the child runs. It writes each number once its append returned, and goes with its parent.</summary>
    [Fact(Explicit = true)]
    public async Task Child_AppendsUntilItIsKilled()
    {
        if (Environment.GetEnvironmentVariable(ChildDirectory) is { Length: > 0 } directory)
        {
            var first = int.Parse(Environment.GetEnvironmentVariable(ChildFirst)!, CultureInfo.InvariantCulture);
            await Task.WhenAny(AppendForEverAsync(directory, Environment.GetEnvironmentVariable(ChildNats), first), Console.In.ReadToEndAsync(TestContext.Current.CancellationToken));
        }
    }

    private static async Task AppendForEverAsync(string directory, string? natsUrl, int first)
    {
        using var host = Build(directory, natsUrl is { Length: > 0 } ? natsUrl : null);
        await host.StartAsync();
        var outbox = host.Services.GetRequiredService<IUsageOutbox>();
        for (var n = first; ; n += 8)
        {
            await Task.WhenAll(Enumerable.Range(n, 8).Select(async i =>
            {
                await outbox.AppendAsync(Sample.Record(i));
                Console.Out.WriteLine(Acknowledged + i);
            }));
        }
    }

    private static async Task AppendUntilKilledAsync(string directory, HashSet<int> acknowledged, int first, int count, string? natsUrl, CancellationToken ended)
    {
        using var child = Process.Start(new ProcessStartInfo(
            "dotnet",
            ["exec", typeof(KilledProcessTests).Assembly.Location, "-explicit", "only", "-method", $"{typeof(KilledProcessTests)}.{nameof(Child_AppendsUntilItIsKilled)}"])
        {
            Environment = { [ChildDirectory] = directory, [ChildFirst] = $"{first}", [ChildNats] = natsUrl ?? "" },
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        try
        {
            for (var left = count; left > 0;)
            {
                var line = await child.StandardOutput.ReadLineAsync(ended);
                Assert.True(line is not null, "the child ended by itself");
                if (line.StartsWith(Acknowledged, StringComparison.Ordinal))
                {
                    acknowledged.Add(int.Parse(line[Acknowledged.Length..], CultureInfo.InvariantCulture));
                    left--;
                }
            }
        }
        finally
        {
            child.Kill();
            await child.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static IHost Build(string directory, string? natsUrl)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        var options = new MeteringOptions { DataDirectory = directory, LedgerLinger = TimeSpan.FromMilliseconds(5) };
        if (natsUrl is null)
        {
            builder.Services.AddPodvirtEmbeddedMessaging(directory).AddPodvirtMetering(options);
            return builder.Build();
        }
        var stream = new UsageStreamOptions { BytesMax = 64 << 20, Linger = TimeSpan.FromMilliseconds(5) };
        builder.Services
            .AddPodvirtNatsMessaging(new NatsOptions { Url = natsUrl, LeasePeriod = TimeSpan.FromSeconds(1) })
            .AddSqliteLedger(options)
            .AddSingleton<IBatchLedger, SqliteBatchLedger>()
            .AddPodvirtBilling(BillingParties.None)
            .AddPodvirtUsageOutbox(options, stream)
            .AddPodvirtMeteringWorker(stream);
        return builder.Build();
    }
}
