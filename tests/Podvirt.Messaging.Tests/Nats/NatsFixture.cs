using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Messaging.Nats;
using Podvirt.Testing.Nats;

namespace Podvirt.Messaging.Tests.Nats;

/// <summary>One server for all tests that do it no harm.</summary>
public sealed class NatsFixture : IAsyncLifetime
{
    private NatsServer? _server;

    public NatsServer Server => _server!;

    public async ValueTask InitializeAsync() => _server = await NatsServer.StartAsync();

    public async ValueTask DisposeAsync() => await Server.DisposeAsync();
}

[CollectionDefinition(Name)]
public sealed class NatsCollection : ICollectionFixture<NatsFixture>
{
    public const string Name = "NATS";
}

/// <summary>A process's side of a server.</summary>
internal static class NatsProcess
{
    /// <summary>Long enough for a busy machine, short enough to wait for.</summary>
    public static readonly TimeSpan LeasePeriod = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan s_step = TimeSpan.FromMilliseconds(20);

    public static NatsClient Connect(NatsServer server, TimeSpan? requestTimeout = null) => Connect(server.Url, requestTimeout);

    public static NatsClient Connect(string url, TimeSpan? requestTimeout = null) => new(
        new NatsOptions { Url = url, LeasePeriod = LeasePeriod, RequestTimeout = requestTimeout ?? TimeSpan.FromSeconds(10) },
        TimeProvider.System,
        NullLogger<NatsClient>.Instance);

    public static NatsStateStore OpenState(NatsClient client) => new(client, TimeProvider.System, NullLogger<NatsStateStore>.Instance);

    public static NatsBus OpenBus(NatsClient client) => new(client, TimeProvider.System, NullLogger<NatsBus>.Instance);

    /// <summary>Waits for something that has to come.</summary>
    public static async Task UntilAsync(Func<Task<bool>> holds, string what, int secondsMax = 20)
    {
        var since = TimeProvider.System.GetTimestamp();
        while (!await holds())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(since) < TimeSpan.FromSeconds(secondsMax), $"not within {secondsMax} s: {what}");
            await Task.Delay(s_step, TestContext.Current.CancellationToken);
        }
    }

    public static Task UntilAsync(Func<bool> holds, string what, int secondsMax = 20) => UntilAsync(() => Task.FromResult(holds()), what, secondsMax);

    /// <summary>What an earlier test left is another test's no more.</summary>
    public static async Task RemoveBucketAsync(NatsClient client, string bucket)
    {
        try
        {
            await client.JetStream.DeleteStreamAsync("KV_" + bucket, TestContext.Current.CancellationToken);
        }
        catch (NATS.Client.JetStream.NatsJSApiException e) when (e.Error.Code == 404)
        {
            // It was the first.
            return;
        }
    }
}
