using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Messaging.Nats;

namespace Podvirt.Messaging.Tests.Nats;

/// <summary>Watches of the bucket, and the marks that deletions leave in it, beyond what every state store does.</summary>
[Collection(NatsCollection.Name)]
public sealed class NatsWatchTests(NatsFixture nats) : IAsyncLifetime
{
    private readonly NatsClient _client = NatsProcess.Connect(nats.Server);

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await NatsProcess.RemoveBucketAsync(_client, NatsStateStore.BucketName);

    public async ValueTask DisposeAsync() => await _client.DisposeAsync();

    [Fact]
    public async Task WatchLeftFarBehind_ComparesListings()
    {
        await using var store = NatsProcess.OpenState(_client);
        foreach (var key in (string[])["w/kept", "w/changed", "w/deleted"])
        {
            await store.PutAsync(key, Bytes("old"), Ended);
        }
        await using var watch = store.WatchAsync("w/", Ended).GetAsyncEnumerator(Ended);
        do
        {
            Assert.True(await watch.MoveNextAsync());
        }
        while (!watch.Current.IsCaughtUp);

        await store.PutAsync("w/changed", Bytes("new"), Ended);
        await store.DeleteAsync("w/deleted", null, Ended);
        await Task.WhenAll(Enumerable.Range(0, 1_500).Select(i => store.PutAsync($"w/added/{i}", Bytes($"{i}"), Ended).AsTask()));
        await store.PutAsync("w/end", Bytes("end"), Ended);

        var changes = new Dictionary<string, string?>();
        do
        {
            Assert.True(await watch.MoveNextAsync());
            Assert.False(watch.Current.IsCaughtUp);
            Assert.True(changes.TryAdd(watch.Current.Key, watch.Current.Entry is { } entry ? Encoding.UTF8.GetString(entry.Value.Span) : null));
        }
        while (changes.Count < 1_503);
        Assert.Equal(("new", null, "end"), (changes["w/changed"], changes["w/deleted"], changes["w/end"]));
        Assert.All(Enumerable.Range(0, 1_500), i => Assert.Equal($"{i}", changes[$"w/added/{i}"]));
    }

    [Fact]
    public async Task Key_IsTakenWhateverItsCharacters()
    {
        await using var store = NatsProcess.OpenState(_client);
        var keys = (string[])["a.b/c", "a/b/c", "a=2Eb/c", "*/>", "$KV/~", "%20", "A/b", "a/B", "-/_", "a/b"];
        foreach (var key in keys)
        {
            await store.PutAsync(key, Bytes(key), Ended);
        }

        Assert.Equal(keys.Order(StringComparer.Ordinal), (await store.ListAsync("", Ended)).Select(e => e.Key));
        Assert.All(await store.ListAsync("", Ended), e => Assert.Equal(e.Key, Encoding.UTF8.GetString(e.Value.Span)));
        Assert.Equal(["a/b", "a/b/c"], (await store.ListAsync("a/b", Ended)).Select(e => e.Key));
        Assert.All(keys, key => Assert.Equal(key, KeySubjects.Decode(KeySubjects.Encode(key))));
    }

    [Fact]
    public async Task MarkOfADeletedKey_GoesWhenItIsOldAndNothingElse()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var store = NatsProcess.OpenState(_client);
        var bucket = new NatsBucket(_client, NatsStateStore.BucketName, maxAge: null);
        await using var sweep = new MarkerSweep(bucket, time, NullLogger.Instance, interval: TimeSpan.FromDays(1), age: TimeSpan.FromMinutes(10));
        await store.PutAsync("kept", Bytes("1"), Ended);
        for (var i = 0; i < 30; i++)
        {
            await store.PutAsync($"intents/{i}", Bytes("x"), Ended);
            await store.DeleteAsync($"intents/{i}", null, Ended);
        }
        var again = await store.CreateAsync("intents/7", Bytes("again"), Ended);
        Assert.NotNull(again);
        time.Advance(TimeSpan.FromMinutes(9));
        Assert.Equal(0, await sweep.SweepAsync(Ended));

        time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(29, await sweep.SweepAsync(Ended));

        Assert.Equal(2, await MessagesAsync());
        Assert.Equal(["intents/7", "kept"], (await store.ListAsync("", Ended)).Select(e => e.Key));
        Assert.True(await store.CreateAsync("intents/8", Bytes("new"), Ended) > again);
        Assert.NotNull(await store.UpdateAsync("intents/7", Bytes("2"), again.Value, Ended));
    }

    [Fact]
    public async Task OpenStore_SweepsByItself()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var store = new NatsStateStore(_client, time, NullLogger<NatsStateStore>.Instance);
        await store.PutAsync("gone", Bytes("1"), Ended);
        await store.DeleteAsync("gone", null, Ended);
        Assert.Equal(1, await MessagesAsync());

        await NatsProcess.UntilAsync(
            async () =>
            {
                // Its timer may not have been there for the first of them.
                time.Advance(MarkerSweep.DefaultInterval);
                return await MessagesAsync() == 0;
            },
            "the mark is gone");
    }

    private async Task<long> MessagesAsync() =>
        (await _client.JetStream.GetStreamAsync("KV_" + NatsStateStore.BucketName, cancellationToken: Ended)).Info.State.Messages;

    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);
}
