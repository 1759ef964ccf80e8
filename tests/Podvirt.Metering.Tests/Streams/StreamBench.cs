using Microsoft.Extensions.Logging.Abstractions;
using NATS.Client.JetStream;
using Podvirt.Core.Usage;
using Podvirt.Messaging;
using Podvirt.Messaging.InProcess;
using Podvirt.Messaging.Leases;
using Podvirt.Messaging.Nats;
using Podvirt.Metering.Ledger;
using Podvirt.Metering.Rating;
using Podvirt.Metering.Streams;
using Podvirt.Testing.Nats;

namespace Podvirt.Metering.Tests.Streams;

/// <summary>A stream on a real server, with everything that a metering worker is made of.</summary>
internal sealed class StreamBench : IAsyncDisposable
{
    /// <summary>Whose records are published here.</summary>
    public static Guid Outbox { get; } = Guid.CreateVersion7();

    public static TimeSpan LeasePeriod { get; } = TimeSpan.FromMilliseconds(600);

    private StreamBench(NatsServer server, UsageStreamOptions options)
    {
        Options = options;
        Nats = NewClient(server);
        Store = new NatsStateStore(Nats, TimeProvider.System, NullLogger<NatsStateStore>.Instance);
        Chain = new StreamChain(Store);
        Stream = new UsageStream(Nats, options);
        Reader = new RangeReader(Nats, TimeProvider.System);
        News = new RecordedNews(Nats);
        Parking = new ParkingStream(Nats);
        Rates = new RateBook(Store, TimeProvider.System, NullLogger<RateBook>.Instance);
    }

    public UsageStreamOptions Options { get; }

    public NatsClient Nats { get; }

    public NatsStateStore Store { get; }

    public StreamChain Chain { get; }

    public UsageStream Stream { get; }

    public RangeReader Reader { get; }

    public RecordedNews News { get; }

    public ParkingStream Parking { get; }

    public RateBook Rates { get; }

    public MeteringMetrics Metrics { get; } = new();

    public InProcessLeases Leases { get; } = new(TimeProvider.System, LeasePeriod);

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    /// <summary>With a stream, and nothing on it.</summary>
    public static async Task<StreamBench> StartAsync(NatsServer server, UsageStreamOptions? options = null)
    {
        var bench = new StreamBench(server, options ?? new UsageStreamOptions { BytesMax = 64 << 20, BatchMax = 100, Linger = TimeSpan.FromMilliseconds(5) });
        await bench.DeleteStreamsAsync();
        await bench.Store.DeleteAsync(StreamChain.Key, cancellationToken: Ended);
        await bench.Stream.OpenAsync(Ended);
        await bench.Rates.CaughtUpAsync(Ended);
        return bench;
    }

    public static NatsClient NewClient(NatsServer server) => new(
        new NatsOptions { Url = server.Url, RequestTimeout = TimeSpan.FromSeconds(2) }, TimeProvider.System, NullLogger<NatsClient>.Instance);

    public StreamLane Lane(string name, IBatchLedger ledger, ILeases? leases = null, IStateStore? store = null) => new(
        name, Stream, Reader, store is null ? Chain : new StreamChain(store),
        new BatchWriter(ledger, Rates, Parking, Metrics, TimeProvider.System, NullLogger<BatchWriter>.Instance),
        News, leases ?? Leases, Options, NullLogger<StreamLane>.Instance);

    public UsageWorker Worker(IBatchLedger ledger, ILeases? leases = null) => new(
        Stream, Chain, name => Lane(name, ledger, leases), new LeaseHolder(leases ?? Leases, TimeProvider.System, NullLogger<LeaseHolder>.Instance),
        Rates, Options, Metrics, TimeProvider.System, NullLogger<UsageWorker>.Instance);

    public async Task<UsageRecord[]> PublishAsync(int from, int count)
    {
        var records = Enumerable.Range(from, count).Select(n => Sample.Record(n)).ToArray();
        foreach (var chunk in records.Chunk(Options.PublishesMax))
        {
            Assert.Equal("", (await Stream.PublishAsync(chunk, Outbox, Ended)).Error);
        }
        return records;
    }

    /// <summary>Bytes as they are, without an id.</summary>
    public async Task PublishRawAsync(byte[] bytes) =>
        (await Nats.JetStream.PublishAsync(UsageStream.Subject, bytes, cancellationToken: Ended)).EnsureSuccess();

    public async Task DeleteStreamsAsync()
    {
        foreach (var name in (string[])[UsageStream.Name, ParkingStream.Name])
        {
            try
            {
                await Nats.CallAsync("deleting", (js, ended) => js.DeleteStreamAsync(name, ended), Ended);
            }
            catch (IOException e) when (e.InnerException is NatsJSApiException { Error.Code: 404 })
            {
                // There was none.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Rates.DisposeAsync();
        await Store.DisposeAsync();
        await Nats.DisposeAsync();
        Metrics.Dispose();
    }
}
