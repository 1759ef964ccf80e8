using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Podvirt.Messaging;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Tests.Ledger;

namespace Podvirt.Metering.Tests;

/// <summary>A process that appends and moves records is killed, again and again: what it was told is kept must be in the ledger, once.</summary>
public sealed class KilledProcessTests
{
    private const string ChildDirectory = "PODVIRT_TEST_APPEND_TO";
    private const string ChildFirst = "PODVIRT_TEST_APPEND_FROM";
    private const string Acknowledged = "acknowledged ";

    [Fact(Timeout = 60_000)]
    public async Task KilledProcess_LosesAndDoublesNothing()
    {
        var ended = TestContext.Current.CancellationToken;
        using var directory = new TempDirectory();
        var acknowledged = new HashSet<int>();
        for (var round = 0; round < 3; round++)
        {
            await AppendUntilKilledAsync(directory.Path, acknowledged, first: round * 1_000_000, count: 200 + (round * 133), ended);
        }

        using var host = Build(directory.Path);
        await host.StartAsync(ended);
        await host.StopAsync(ended);

        var ledger = host.Services.GetRequiredService<ILedger>();
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
            await Task.WhenAny(AppendForEverAsync(directory, first), Console.In.ReadToEndAsync(TestContext.Current.CancellationToken));
        }
    }

    private static async Task AppendForEverAsync(string directory, int first)
    {
        using var host = Build(directory);
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

    private static async Task AppendUntilKilledAsync(string directory, HashSet<int> acknowledged, int first, int count, CancellationToken ended)
    {
        using var child = Process.Start(new ProcessStartInfo(
            "dotnet",
            ["exec", typeof(KilledProcessTests).Assembly.Location, "-explicit", "only", "-method", $"{typeof(KilledProcessTests)}.{nameof(Child_AppendsUntilItIsKilled)}"])
        {
            Environment = { [ChildDirectory] = directory, [ChildFirst] = $"{first}" },
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

    private static IHost Build(string directory)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services
            .AddPodvirtEmbeddedMessaging(directory)
            .AddPodvirtMetering(new MeteringOptions { DataDirectory = directory, LedgerLinger = TimeSpan.FromMilliseconds(5) });
        return builder.Build();
    }
}
