using System.Buffers;
using System.Diagnostics;
using Podvirt.Core.Usage;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Streams;

namespace Podvirt.Metering.Tests.Streams;

/// <summary>What one worker does in a second without a ledger behind it. Says numbers; run it by its name on a quiet machine.</summary>
[Collection(NatsCollection.Name)]
public sealed class StreamThroughputTests(NatsFixture nats)
{
    private const int Count = 400_000;

    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(5);

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact(Explicit = true)]
    public async Task FromTheStreamToNoLedger_RecordsPerSecond()
    {
        await using var bench = await StreamBench.StartAsync(
            nats.Server, new UsageStreamOptions { BytesMax = 1L << 30, Linger = TimeSpan.FromMilliseconds(5) });
        var records = Enumerable.Range(1, Count).Select(n => Sample.Record(n, $"model-{n % 500}")).ToArray();
        await MeasureAsync("published, each acknowledged", async () =>
        {
            foreach (var chunk in records.Chunk(bench.Options.PublishesMax))
            {
                Assert.Equal("", (await bench.Stream.PublishAsync(chunk, StreamBench.Outbox, Ended)).Error);
            }
        });
        var buffer = new ArrayBufferWriter<byte>();
        UsageContract.Write(buffer, records[0], StreamBench.Outbox);
        var texts = new TextCache();
        await MeasureAsync("decoded", () =>
        {
            for (var i = 0; i < Count; i++)
            {
                UsageContract.Read(new ReadOnlySequence<byte>(buffer.WrittenMemory), texts);
            }
            return Task.CompletedTask;
        });
        await MeasureAsync("read and decoded", async () =>
        {
            for (var first = 1; first < Count; first += 100_000)
            {
                Assert.Equal(100_000, (await bench.Reader.ReadAsync(first, first + 99_999, Ended)).Count);
            }
        });
        var ledger = new NoLedger();
        using var worker = bench.Worker(ledger);
        await MeasureAsync("claimed, read, rated and handed to the ledger", async () =>
        {
            await worker.StartAsync(Ended);
            while (ledger.Taken < Count)
            {
                await Task.Delay(s_pause, Ended);
            }
        });
        await worker.StopAsync(Ended);
    }

    private static async Task MeasureAsync(string what, Func<Task> run)
    {
        var began = Stopwatch.GetTimestamp();
        await run();
        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        TestContext.Current.TestOutputHelper!.WriteLine($"{Count / seconds,10:N0} records/s {what}");
    }

    private sealed class NoLedger : IBatchLedger
    {
        private int _taken;

        public int Taken => Volatile.Read(ref _taken);

        public ValueTask AppendBatchAsync(string token, IReadOnlyList<RatedRecord> records, CancellationToken cancellationToken = default)
        {
            Interlocked.Add(ref _taken, records.Count);
            return ValueTask.CompletedTask;
        }
    }
}
