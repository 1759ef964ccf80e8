using System.Text;
using Podvirt.Messaging.Nats;
using Podvirt.Testing.Nats;
using Podvirt.Testing.Net;

namespace Podvirt.Messaging.Tests.Nats;

/// <summary>What becomes of a process when NATS has lost the last writes that it had acknowledged, and gives their revisions again.</summary>
public sealed class NatsLossTests
{
    private const int LostEvent = 3015;

    private readonly LogLines<NatsStateStore> _log = new();

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public async Task LostEnd_IsToldByTheWatchAsWhatIsLeft()
    {
        await using var server = await NatsServer.StartAsync();
        await using var client = NatsProcess.Connect(server);
        await using var store = Open(client);
        using var losses = new CountedMetric("podvirt.nats.ends.lost");
        foreach (var key in (string[])["w/kept", "w/changed", "w/deleted"])
        {
            await store.PutAsync(key, Bytes("1"), Ended);
        }
        await using var watch = store.WatchAsync("w/", Ended).GetAsyncEnumerator(Ended);
        var known = await ReadUntilAsync(watch, StateChange.CaughtUp.Key);

        await server.LoseEndAsync(async () =>
        {
            await store.PutAsync("w/changed", Bytes("lost"), Ended);
            await store.PutAsync("w/new", Bytes("lost"), Ended);
            await store.DeleteAsync("w/deleted", null, Ended);
            foreach (var (key, entry) in await ReadUntilAsync(watch, "w/deleted"))
            {
                known[key] = entry;
            }
        });

        var left = await ReadUntilAsync(watch, "w/changed", "w/deleted", "w/kept", "w/new");
        Assert.Equal(("1", "1", "1", null), (Text(left["w/changed"]), Text(left["w/deleted"]), Text(left["w/kept"]), Text(left["w/new"])));
        Assert.All(left.Values, entry => Assert.True(entry is null || known.Values.All(k => k is null || k.Revision < entry.Revision)));
        Assert.Equal(1, _log.Count(LostEvent));
        // Of the process: other tests' losses are in it.
        Assert.True(losses.Sum >= 1);

        // What is written from now on is told as ever.
        var changed = await store.UpdateAsync("w/changed", Bytes("2"), left["w/changed"]!.Revision, Ended);
        Assert.True(changed > left["w/changed"]!.Revision);
        Assert.Equal("2", Text((await ReadUntilAsync(watch, "w/changed"))["w/changed"]));
    }

    [Fact]
    public async Task RevisionsGivenAgainToOthers_AreNoOnesToWriteOver()
    {
        await using var server = await NatsServer.StartAsync();
        await using var line = TcpProxy.To(server.Port);
        await using var client = NatsProcess.Connect($"nats://127.0.0.1:{line.Port}");
        await using var store = Open(client);
        await store.PutAsync("k", Bytes("1"), Ended);
        await using var watch = store.WatchAsync("", Ended).GetAsyncEnumerator(Ended);
        await ReadUntilAsync(watch, StateChange.CaughtUp.Key);
        long lost = 0;
        await server.LoseEndAsync(
            async () =>
            {
                lost = await store.PutAsync("k", Bytes("lost"), Ended);
                await ReadUntilAsync(watch, "k");
            },
            () =>
            {
                line.Cut();
                return Task.CompletedTask;
            });

        // Another process's write gets the very revision that was lost.
        await using var otherClient = NatsProcess.Connect(server);
        await using var other = NatsProcess.OpenState(otherClient);
        Assert.Equal(lost, await other.PutAsync("k", Bytes("other"), Ended));
        line.Mend();
        await NatsProcess.UntilAsync(() => _log.Count(LostEvent) == 1, "the loss is found");

        Assert.Null(await store.UpdateAsync("k", Bytes("over"), lost, Ended));
        Assert.False(await store.DeleteAsync("k", lost, Ended));
        Assert.Equal("other", Text(await store.GetAsync("k", Ended)));
        Assert.Equal("other", Text((await ReadUntilAsync(watch, "k"))["k"]));
    }

    [Fact]
    public async Task OwnWriteThatGetsALowerRevision_ShowsTheLossWithoutAWatch()
    {
        await using var server = await NatsServer.StartAsync();
        await using var client = NatsProcess.Connect(server);
        await using var store = Open(client);
        var first = await store.PutAsync("k", Bytes("1"), Ended);
        await server.LoseEndAsync(async () =>
        {
            for (var i = 0; i < 5; i++)
            {
                await store.PutAsync("k", Bytes("lost"), Ended);
            }
        });

        Assert.NotNull(await store.UpdateAsync("k", Bytes("2"), first, Ended));

        Assert.Equal(1, _log.Count(LostEvent));
        var read = (await store.GetAsync("k", Ended))!;
        Assert.Equal("2", Text(read));
        Assert.NotNull(await store.UpdateAsync("k", Bytes("3"), read.Revision, Ended));
        Assert.Equal(1, _log.Count(LostEvent));
    }

    [Fact]
    public async Task ServerKilledWithoutALoss_IsNone()
    {
        await using var server = await NatsServer.StartAsync();
        await using var client = NatsProcess.Connect(server);
        await using var store = Open(client);
        await using var watch = store.WatchAsync("w/", Ended).GetAsyncEnumerator(Ended);
        await ReadUntilAsync(watch, StateChange.CaughtUp.Key);
        var revision = await store.PutAsync("w/k", Bytes("1"), Ended);
        await ReadUntilAsync(watch, "w/k");

        await server.StopAsync();
        await server.StartAgainAsync();
        await store.PutAsync("w/end", Bytes("1"), Ended);

        Assert.Equal(["w/end"], (await ReadUntilAsync(watch, "w/end")).Keys);
        Assert.NotNull(await store.UpdateAsync("w/k", Bytes("2"), revision, Ended));
        Assert.Equal(0, _log.Count(LostEvent));
    }

    [Fact]
    public async Task ClusterThatLostItsEnd_IsReadAnew()
    {
        var servers = await NatsServer.StartClusterAsync();
        await using var one = servers[0];
        await using var two = servers[1];
        await using var three = servers[2];
        await using var client = NatsProcess.Connect(string.Join(',', servers.Select(s => s.Url)), TimeSpan.FromSeconds(3));
        await using var store = Open(client);
        await UntilWrittenAsync(store, "w/k", "1");
        await using var watch = store.WatchAsync("w/", Ended).GetAsyncEnumerator(Ended);
        await ReadUntilAsync(watch, StateChange.CaughtUp.Key);

        await NatsServer.LoseEndAsync(servers, async () =>
        {
            await UntilWrittenAsync(store, "w/k", "lost");
            await UntilWrittenAsync(store, "w/new", "lost");
            await ReadUntilAsync(watch, "w/new");
        });

        var left = await ReadUntilAsync(watch, "w/k", "w/new");
        Assert.Equal(("1", null), (Text(left["w/k"]), left["w/new"]));
    }

    private static Task UntilWrittenAsync(NatsStateStore store, string key, string value) => NatsProcess.UntilAsync(
        async () =>
        {
            try
            {
                await store.PutAsync(key, Bytes(value), Ended);
                return true;
            }
            catch (IOException)
            {
                return false;
            }
        },
        "the servers take a write",
        secondsMax: 60);

    /// <summary>What a watch tells, until it has told of all these keys.</summary>
    private static async Task<Dictionary<string, StateEntry?>> ReadUntilAsync(IAsyncEnumerator<StateChange> watch, params string[] keys)
    {
        var told = new Dictionary<string, StateEntry?>(StringComparer.Ordinal);
        while (!keys.All(told.ContainsKey))
        {
            Assert.True(await watch.MoveNextAsync());
            told[watch.Current.Key] = watch.Current.Entry;
        }
        return told;
    }

    private static string? Text(StateEntry? entry) => entry is null ? null : Encoding.UTF8.GetString(entry.Value.Span);

    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private NatsStateStore Open(NatsClient client) => new(client, TimeProvider.System, _log);
}
