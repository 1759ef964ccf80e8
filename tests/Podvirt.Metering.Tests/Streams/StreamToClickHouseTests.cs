using System.Diagnostics;
using System.Globalization;
using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger.ClickHouse;
using Podvirt.Metering.Streams;
using Podvirt.Testing.ClickHouse;
using Podvirt.Testing.Nats;

namespace Podvirt.Metering.Tests.Streams;

/// <summary>What one worker brings from the stream into ClickHouse in a second, and which process spends its time on it. Says numbers; run it by its name on a quiet machine.</summary>
public sealed class StreamToClickHouseTests
{
    private const int Count = 2_000_000;
    private const int Models = 40;
    private const int Projects = 20;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(5);

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task FromTheStreamToClickHouse_RecordsPerSecond()
    {
        // As a server does it of itself.
        await using var server = await ClickHouseServer.StartAsync("--compile_expressions=1", "--compile_aggregate_expressions=1", "--compile_sort_description=1");
        await using var nats = await NatsServer.StartAsync();
        await using var bench = await StreamBench.StartAsync(nats, new UsageStreamOptions { BytesMax = 4L << 30, Linger = TimeSpan.FromMilliseconds(5) });
        using var database = new ClickHouseDatabase(new ClickHouseOptions { Url = server.Url });
        await database.OpenAsync(Ended);
        // At 100,000 requests a second.
        var records = Enumerable.Range(1, Count).Select(n => Sample.Record(n, $"vendor/model-{n % Models}") with
        {
            Project = $"project-{n / Models % Projects}",
            Key = $"key-{n / Models % Projects}-{n % 5}",
            Replica = $"r{n % Models}-{n % 3}",
            StartedAt = Sample.Noon.AddMicroseconds((10 * n) - DurationOf(n)),
            DurationUs = DurationOf(n),
            FirstTokenUs = 20_000 + (n * 104_729L % 400_000),
        });
        foreach (var chunk in records.Chunk(bench.Options.PublishesMax))
        {
            Assert.Equal("", (await bench.Stream.PublishAsync(chunk, Ended)).Error);
        }
        using var worker = bench.Worker(new ClickHouseLedger(database));
        (string Name, int Id)[] processes = [("worker", Environment.ProcessId), ("ClickHouse", server.Process!.Id), ("nats-server", nats.Process!.Id)];
        var before = Array.ConvertAll(processes, p => Spent(p.Id));
        var began = Stopwatch.GetTimestamp();
        await worker.StartAsync(Ended);
        while ((await bench.Chain.ReadAsync(Ended))?.Backlog((await bench.Stream.FactsAsync(Ended)).Last) != 0)
        {
            await Task.Delay(s_pause, Ended);
        }
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var output = TestContext.Current.TestOutputHelper!;
        output.WriteLine($"{Count / seconds,10:N0} records/s from the stream into ClickHouse, load average {File.ReadAllText("/proc/loadavg").Split(' ')[0]}");
        foreach (var (process, spent) in processes.Zip(before))
        {
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(Spent(process.Id) - spent).TotalMicroseconds / Count,10:0.00} µs of processor a record: {process.Name}"));
        }
        await worker.StopAsync(Ended);
        Assert.Equal(Count, (await new ClickHouseLedger(database).RequestTotalsAsync(Ended)).Values.Sum());
    }

    /// <summary>From 0.2 to 20 s.</summary>
    private static long DurationOf(int n) => 200_000 + (n * 7_919L % 20_000_000);

    private static TimeSpan Spent(int id)
    {
        using var process = Process.GetProcessById(id);
        return process.TotalProcessorTime;
    }
}
