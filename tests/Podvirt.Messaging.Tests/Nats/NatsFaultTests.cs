using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Core.Messages;
using Podvirt.Messaging.Nats;
using Podvirt.Testing.Nats;

namespace Podvirt.Messaging.Tests.Nats;

/// <summary>What becomes of a process whose server is away, comes back, or hangs.</summary>
public sealed class NatsFaultTests
{
    /// <summary>For calls that shall fail, but not because the machine is busy.</summary>
    private static readonly TimeSpan s_short = TimeSpan.FromSeconds(3);
    private static readonly Subject<ReplicaTrouble> s_subject = new("podvirt.test.faults");

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public async Task NoServerAtFirst_StartsAllTheSameAndSaysSo()
    {
        await using var server = await NatsServer.StartAsync();
        await server.KillAsync();
        var log = new LogLines<NatsClient>();
        await using var client = new NatsClient(new NatsOptions { Url = server.Url, RequestTimeout = s_short }, TimeProvider.System, log);
        await using var store = NatsProcess.OpenState(client);
        await using var watch = store.WatchAsync("", Ended).GetAsyncEnumerator(Ended);
        var caughtUp = watch.MoveNextAsync();

        var since = TimeProvider.System.GetTimestamp();
        var error = await Assert.ThrowsAsync<IOException>(async () => await store.GetAsync("k", Ended));

        Assert.Contains(server.Url, error.Message, StringComparison.Ordinal);
        Assert.InRange(TimeProvider.System.GetElapsedTime(since), TimeSpan.Zero, s_short * 2);
        Assert.False(client.IsConnected);
        Assert.NotNull(client.LostAt);
        Assert.Contains(server.Url, client.Reason, StringComparison.Ordinal);
        Assert.Equal(1, log.Count(eventId: 3007));
        await Assert.ThrowsAsync<IOException>(async () => await new NatsLeases(client).TryTakeAsync("a", default, Ended));

        await server.StartAgainAsync();
        Assert.True(await caughtUp);
        Assert.True(watch.Current.IsCaughtUp);
        await store.PutAsync("k", Bytes("v"), Ended);
        Assert.True(await watch.MoveNextAsync());
        Assert.Equal("k", watch.Current.Key);
        Assert.Equal((true, null, ""), (client.IsConnected, client.LostAt, client.Reason));
    }

    [Fact]
    public async Task ServerKilledAndRestarted_LosesNothingThatWasWritten()
    {
        await using var server = await NatsServer.StartAsync();
        await using var client = NatsProcess.Connect(server, s_short);
        await using var store = NatsProcess.OpenState(client);
        var leases = new NatsLeases(client);
        var first = (await leases.TryTakeAsync("leader", Bytes("1"), Ended))!;
        await store.PutAsync("w/kept", Bytes("1"), Ended);
        await store.PutAsync("w/deleted", Bytes("1"), Ended);
        await using var watch = store.WatchAsync("w/", Ended).GetAsyncEnumerator(Ended);
        var seen = new List<string>();
        await ReadUntilAsync(watch, seen, StateChange.CaughtUp.Key);
        await using var bus = NatsProcess.OpenBus(client);
        await using var subscription = bus.Subscribe(s_subject);
        using var reconnects = new CountedMetric("podvirt.nats.reconnects");

        await NatsProcess.UntilAsync(async () => (await leases.ListAsync("", Ended)).Count == 0, "the lease ends");
        await server.KillAsync();
        await NatsProcess.UntilAsync(() => client.LostAt is not null, "the loss is seen");
        await Assert.ThrowsAsync<IOException>(async () => await store.PutAsync("w/kept", Bytes("lost"), Ended));
        await server.StartAgainAsync();

        // Another process writes before this one's watch stands again.
        await using (var otherClient = NatsProcess.Connect(server))
        {
            await using var other = NatsProcess.OpenState(otherClient);
            await other.DeleteAsync("w/deleted", null, Ended);
            await other.PutAsync("w/kept", Bytes("2"), Ended);
            await other.PutAsync("w/new", Bytes("2"), Ended);
            var second = await new NatsLeases(otherClient).TryTakeAsync("leader", Bytes("2"), Ended);
            Assert.True(second!.Token > first.Token);
        }
        seen.Clear();
        await ReadUntilAsync(watch, seen, "w/new");
        Assert.Equal(["w/deleted-", "w/kept=2", "w/new=2"], seen.Order());
        Assert.Equal("2", Encoding.UTF8.GetString((await store.GetAsync("w/kept", Ended))!.Value.Span));

        await NatsProcess.UntilAsync(() => client.LostAt is null, "the connection is back");
        await bus.PublishAsync(s_subject, new ReplicaTrouble("g", "m", "r", TroubleKind.Died, "back"), Ended);
        await foreach (var message in subscription.ReadAllAsync(Ended))
        {
            Assert.Equal("back", message.Detail);
            break;
        }
        Assert.True(reconnects.Sum >= 1);
    }

    [Fact]
    public async Task ServerHangs_HoldsNoPublisherAndIsFoundOut()
    {
        await using var server = await NatsServer.StartAsync();
        await using var client = NatsProcess.Connect(server, s_short);
        await client.WhenConnectedAsync(Ended);
        await using var bus = NatsProcess.OpenBus(client);
        await using var subscription = bus.Subscribe(s_subject);
        await using var store = NatsProcess.OpenState(client);
        await store.PutAsync("k", Bytes("1"), Ended);
        using var dropped = new CountedMetric("podvirt.nats.dropped", s_subject.Name);
        server.Process!.Pause();
        try
        {
            // Far more than the connection's buffers take.
            var message = new ReplicaTrouble("g", "m", "r", TroubleKind.Died, new string('x', 4_000));
            for (var i = 0; i < 5_000; i++)
            {
                var publishing = bus.PublishAsync(s_subject, message, Ended);
                Assert.True(publishing.IsCompletedSuccessfully);
            }
            await Assert.ThrowsAsync<IOException>(async () => await store.PutAsync("k", Bytes("2"), Ended));
            await NatsProcess.UntilAsync(() => !client.IsConnected, "the hanging server is given up");
            Assert.True(dropped.Sum > 0);
        }
        finally
        {
            server.Process.Resume();
        }

        await NatsProcess.UntilAsync(() => client.IsConnected, "the server is back");
        var last = new ReplicaTrouble("g", "m", "r", TroubleKind.Died, "back");
        await bus.PublishAsync(s_subject, last, Ended);
        await foreach (var heard in subscription.ReadAllAsync(Ended))
        {
            if (heard.Detail == "back")
            {
                break;
            }
        }
        await store.PutAsync("k", Bytes("3"), Ended);
    }

    private static async Task ReadUntilAsync(IAsyncEnumerator<StateChange> watch, List<string> seen, string key)
    {
        do
        {
            Assert.True(await watch.MoveNextAsync());
            seen.Add(watch.Current.Entry is { } entry ? $"{entry.Key}={Encoding.UTF8.GetString(entry.Value.Span)}" : $"{watch.Current.Key}-");
        }
        while (watch.Current.Key != key);
    }

    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
