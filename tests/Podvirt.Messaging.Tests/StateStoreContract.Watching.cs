namespace Podvirt.Messaging.Tests;

public abstract partial class StateStoreContract
{
    [Fact]
    public async Task Watch_ListsThenSaysSoThenFollows()
    {
        await Store.PutAsync("w/a", Bytes("1"), Ended);
        await Store.PutAsync("x/a", Bytes("other"), Ended);
        await using var watch = Store.WatchAsync("w/", Ended).GetAsyncEnumerator(Ended);

        Assert.Equal("w/a=1", Show(await NextAsync(watch)));
        Assert.True((await NextAsync(watch)).IsCaughtUp);
        await Store.PutAsync("x/b", Bytes("other"), Ended);
        await Store.PutAsync("w/b", Bytes("2"), Ended);
        Assert.Equal("w/b=2", Show(await NextAsync(watch)));
        await Store.DeleteAsync("w/a", null, Ended);
        Assert.Equal("w/a-", Show(await NextAsync(watch)));
    }

    [Fact]
    public async Task FailedWrites_AreNotWatched()
    {
        await using var watch = Store.WatchAsync("w/", Ended).GetAsyncEnumerator(Ended);
        Assert.True((await NextAsync(watch)).IsCaughtUp);
        var revision = await Store.PutAsync("w/a", Bytes("1"), Ended);
        Assert.Equal("w/a=1", Show(await NextAsync(watch)));

        await Store.CreateAsync("w/a", Bytes("2"), Ended);
        await Store.UpdateAsync("w/a", Bytes("3"), revision + 1, Ended);
        await Store.DeleteAsync("w/a", revision + 1, Ended);
        await Store.PutAsync("w/last", Bytes("4"), Ended);

        Assert.Equal("w/last=4", Show(await NextAsync(watch)));
    }

    [Fact]
    public async Task WatchAmongManyWriters_SeesEveryLastValueAndNoRevisionTwice()
    {
        const int Writers = 8, Keys = 5, Rounds = 50;
        var collected = new List<StateChange>();
        var caughtUp = new TaskCompletionSource();
        var watching = Task.Run(async () =>
        {
            await foreach (var change in Store.WatchAsync("many/", Ended))
            {
                collected.Add(change);
                if (change.IsCaughtUp)
                {
                    caughtUp.SetResult();
                }
                if (change.Key == "many/end")
                {
                    return;
                }
            }
        }, Ended);
        await caughtUp.Task;

        await Task.WhenAll(Enumerable.Range(0, Writers).Select(w => Task.Run(async () =>
        {
            for (var i = 0; i < Rounds; i++)
            {
                await Store.PutAsync($"many/{w}/{i % Keys}", Bytes($"{i}"), Ended);
            }
        })));
        await Store.PutAsync("many/end", Bytes(""), Ended);
        await watching;

        var seen = collected.Where(c => !c.IsCaughtUp).ToList();
        Assert.Equal(seen.Count, seen.Select(c => c.Entry!.Revision).Distinct().Count());
        var listing = await Store.ListAsync("many/", Ended);
        var last = seen.GroupBy(c => c.Key).ToDictionary(g => g.Key, g => g.Last().Entry!.Revision);
        Assert.Equal(listing.ToDictionary(e => e.Key, e => e.Revision), last);
        Assert.All(seen.GroupBy(c => c.Key), g => Assert.Equal(g.Select(c => c.Entry!.Revision).Order(), g.Select(c => c.Entry!.Revision)));
    }

    [Fact]
    public async Task CancelledWatch_Ends()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Ended);
        await using var watch = Store.WatchAsync("w/", cancel.Token).GetAsyncEnumerator(cancel.Token);
        Assert.True((await NextAsync(watch)).IsCaughtUp);
        var next = watch.MoveNextAsync();

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await next);
    }
}
