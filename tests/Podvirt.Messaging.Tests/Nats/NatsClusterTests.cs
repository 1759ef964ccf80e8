using System.Text;
using Podvirt.Messaging.Nats;
using Podvirt.Testing.Nats;

namespace Podvirt.Messaging.Tests.Nats;

/// <summary>Three servers.</summary>
public sealed class NatsClusterTests
{
    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ClusterLosesOneServer_GoesOn()
    {
        var servers = await NatsServer.StartClusterAsync();
        await using var one = servers[0];
        await using var two = servers[1];
        await using var three = servers[2];
        await using var client = NatsProcess.Connect(string.Join(',', servers.Select(s => s.Url)), TimeSpan.FromSeconds(3));
        await using var store = NatsProcess.OpenState(client);
        await NatsProcess.UntilAsync(() => WritesAsync(store, "w/before"), "the cluster takes a bucket");
        var bucket = await client.JetStream.GetStreamAsync("KV_" + NatsStateStore.BucketName, cancellationToken: Ended);
        Assert.Equal(3, bucket.Info.Config.NumReplicas);
        await using var watch = store.WatchAsync("w/", Ended).GetAsyncEnumerator(Ended);
        await ReadUntilAsync(watch, [], StateChange.CaughtUp.Key);

        // The one that leads the bucket.
        var names = (string[])["n1", "n2", "n3"];
        await servers[Array.IndexOf(names, bucket.Info.Cluster!.Leader)].KillAsync();

        await NatsProcess.UntilAsync(() => WritesAsync(store, "w/after"), "the others go on");
        var seen = new List<string>();
        await ReadUntilAsync(watch, seen, "w/after");
        Assert.Equal(["w/after", "w/before"], (await store.ListAsync("w/", Ended)).Select(e => e.Key));
    }

    private static async Task<bool> WritesAsync(NatsStateStore store, string key)
    {
        try
        {
            await store.PutAsync(key, Bytes("1"), Ended);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
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
