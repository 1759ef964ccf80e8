namespace Podvirt.Messaging.Tests;

/// <summary>How durable a write is makes no difference to those who read, and none to the order of the writes.</summary>
public abstract partial class StateStoreContract
{
    [Theory]
    [InlineData(StateDurability.Machine)]
    [InlineData(StateDurability.Process)]
    public async Task WriteThatReturned_IsReadAndComparedWhateverItSurvives(StateDurability durability)
    {
        var created = await Store.CreateAsync("k", Bytes("1"), durability, Ended);
        Assert.Null(await Store.CreateAsync("k", Bytes("2"), durability, Ended));
        Assert.Equal(("1", created), (Text(await Store.GetAsync("k", Ended)), (await Store.GetAsync("k", Ended))!.Revision));

        var updated = await Store.UpdateAsync("k", Bytes("3"), created!.Value, durability, Ended);
        Assert.Null(await Store.UpdateAsync("k", Bytes("4"), created.Value, durability, Ended));
        Assert.Equal(("3", updated), (Text(await Store.GetAsync("k", Ended)), (await Store.GetAsync("k", Ended))!.Revision));

        var put = await Store.PutAsync("k", Bytes("5"), durability, Ended);
        Assert.False(await Store.DeleteAsync("k", updated, durability, Ended));
        Assert.True(await Store.DeleteAsync("k", put, durability, Ended));
        Assert.Null(await Store.GetAsync("k", Ended));
    }

    [Theory]
    [InlineData(StateDurability.Machine)]
    [InlineData(StateDurability.Process)]
    public async Task Write_IsWatchedWhateverItSurvives(StateDurability durability)
    {
        await using var watch = Store.WatchAsync("k", Ended).GetAsyncEnumerator(Ended);
        Assert.True((await NextAsync(watch)).IsCaughtUp);

        await Store.PutAsync("k", Bytes("1"), durability, Ended);
        Assert.Equal("k=1", Show(await NextAsync(watch)));
        await Store.DeleteAsync("k", null, durability, Ended);
        Assert.Equal("k-", Show(await NextAsync(watch)));
    }

    [Fact]
    public async Task MixedDurabilities_KeepTheirOrderOverARestart()
    {
        // Queued together, so that some are written together.
        var writes = Enumerable.Range(0, 100)
            .Select(i => Store.PutAsync($"k/{i % 7}", Bytes($"{i}"), i % 3 == 0 ? StateDurability.Machine : StateDurability.Process, Ended).AsTask())
            .ToList();
        var revisions = await Task.WhenAll(writes);
        await ReopenAsync();

        Assert.Equal(revisions.Order(), revisions);
        Assert.Equal(
            Enumerable.Range(93, 7).Select(i => ($"k/{i % 7}", $"{i}", revisions[i])).Order(),
            (await Store.ListAsync("k/", Ended)).Select(entry => (entry.Key, Text(entry), entry.Revision)));
        Assert.True(await Store.PutAsync("k/0", Bytes("later"), StateDurability.Process, Ended) > revisions.Max());
    }
}
