using System.Text;

namespace Podvirt.Messaging.Tests;

/// <summary>What every state store does. A derived class opens one; closing and opening again must find the same facts.</summary>
public abstract partial class StateStoreContract : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private IStateStore? _store;

    protected static CancellationToken Ended => TestContext.Current.CancellationToken;

    protected IStateStore Store
    {
        get
        {
            lock (_gate)
            {
                return _store ??= Open();
            }
        }
    }

    protected abstract IStateStore Open();

    protected abstract ValueTask CloseAsync(IStateStore store);

    protected async Task ReopenAsync()
    {
        await CloseStoreAsync();
        _store = Open();
    }

    public virtual async ValueTask DisposeAsync()
    {
        await CloseStoreAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task UnknownKey_IsNull() => Assert.Null(await Store.GetAsync("nothing/here", Ended));

    [Fact]
    public async Task Put_IsReadBackWithItsRevision()
    {
        var revision = await Store.PutAsync("a/b", Bytes("one"), Ended);

        var entry = await Store.GetAsync("a/b", Ended);

        Assert.Equal(("a/b", "one", revision), (entry!.Key, Text(entry), entry.Revision));
    }

    [Fact]
    public async Task PutBuffer_MayBeReusedAtOnce()
    {
        var buffer = new byte[] { 1, 2, 3 };
        var put = Store.PutAsync("buffer", buffer, Ended);
        Array.Clear(buffer);
        await put;

        Assert.Equal([1, 2, 3], (await Store.GetAsync("buffer", Ended))!.Value.ToArray());
    }

    [Fact]
    public async Task EmptyValue_IsAValue()
    {
        await Store.PutAsync("empty", ReadOnlyMemory<byte>.Empty, Ended);

        Assert.Equal(0, (await Store.GetAsync("empty", Ended))!.Value.Length);
    }

    [Fact]
    public async Task Create_OnATakenKey_IsNullAndChangesNothing()
    {
        Assert.NotNull(await Store.CreateAsync("k", Bytes("first"), Ended));

        Assert.Null(await Store.CreateAsync("k", Bytes("second"), Ended));
        Assert.Equal("first", Text(await Store.GetAsync("k", Ended)));
    }

    [Fact]
    public async Task Update_OnlyOverItsRevision()
    {
        var first = await Store.PutAsync("k", Bytes("1"), Ended);
        var second = await Store.UpdateAsync("k", Bytes("2"), first, Ended);

        Assert.True(second > first);
        Assert.Null(await Store.UpdateAsync("k", Bytes("3"), first, Ended));
        Assert.Null(await Store.UpdateAsync("none", Bytes("3"), first, Ended));
        Assert.Equal("2", Text(await Store.GetAsync("k", Ended)));
    }

    [Fact]
    public async Task Delete_OnlyOverItsRevision()
    {
        var first = await Store.PutAsync("k", Bytes("1"), Ended);
        var second = await Store.PutAsync("k", Bytes("2"), Ended);

        Assert.False(await Store.DeleteAsync("k", first, Ended));
        Assert.True(await Store.DeleteAsync("k", second, Ended));
        Assert.False(await Store.DeleteAsync("k", null, Ended));
        Assert.Null(await Store.GetAsync("k", Ended));
    }

    [Fact]
    public async Task Revisions_GrowAcrossKeysDeletesAndRestarts()
    {
        var first = await Store.PutAsync("a", Bytes("1"), Ended);
        var second = await Store.PutAsync("b", Bytes("1"), Ended);
        Assert.True(await Store.DeleteAsync("a", null, Ended));
        Assert.True(await Store.DeleteAsync("b", null, Ended));
        await ReopenAsync();
        var third = await Store.PutAsync("a", Bytes("2"), Ended);

        Assert.True(first < second && second < third);
    }

    [Fact]
    public async Task Facts_SurviveARestart()
    {
        var revision = await Store.PutAsync("kept", Bytes("still here"), Ended);
        await Store.PutAsync("gone", Bytes("x"), Ended);
        await Store.DeleteAsync("gone", null, Ended);
        await ReopenAsync();

        var entry = await Store.GetAsync("kept", Ended);
        Assert.Equal(("still here", revision), (Text(entry), entry!.Revision));
        Assert.Null(await Store.GetAsync("gone", Ended));
    }

    [Fact]
    public async Task List_IsByKeyAndByPrefixAlone()
    {
        foreach (var key in (string[])["p/b", "p/a", "p", "p/~", "q/a", "pp", "p/a/c"])
        {
            await Store.PutAsync(key, Bytes(key), Ended);
        }

        Assert.Equal(["p/a", "p/a/c", "p/b", "p/~"], (await Store.ListAsync("p/", Ended)).Select(e => e.Key));
        Assert.Equal(7, (await Store.ListAsync("", Ended)).Count);
        Assert.Empty(await Store.ListAsync("P/", Ended));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/a")]
    [InlineData("a/")]
    [InlineData("a//b")]
    [InlineData("a b")]
    [InlineData("ä")]
    [InlineData("a\n")]
    public async Task BadKey_IsRefused(string key)
    {
        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.PutAsync(key, Bytes("x"), Ended));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.GetAsync(key, Ended));
    }

    [Fact]
    public async Task Limits_AreInclusive()
    {
        var key = new string('k', 512);
        var value = new byte[1024 * 1024];
        await Store.PutAsync(key, value, Ended);

        Assert.Equal(value.Length, (await Store.GetAsync(key, Ended))!.Value.Length);
        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.PutAsync(key + "k", Bytes("x"), Ended));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.PutAsync("k", new byte[value.Length + 1], Ended));
        await Assert.ThrowsAsync<ArgumentException>(async () => await Store.ListAsync(key + "k", Ended));
    }

    [Fact]
    public async Task ThousandConcurrentIncrements_LoseNone()
    {
        await Store.PutAsync("counter", Bytes("0"), Ended);

        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 50; i++)
            {
                await IncrementAsync("counter");
            }
        })));

        Assert.Equal("1000", Text(await Store.GetAsync("counter", Ended)));
    }

    [Fact]
    public async Task ConcurrentCreates_HaveOneWinner()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => Store.CreateAsync("race", Bytes($"{i}"), Ended).AsTask()));

        var winner = Assert.Single(outcomes, r => r is not null);
        Assert.Equal(winner, (await Store.GetAsync("race", Ended))!.Revision);
    }

    protected static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    protected static string Text(StateEntry? entry) => Encoding.UTF8.GetString(entry!.Value.Span);

    protected static async Task<StateChange> NextAsync(IAsyncEnumerator<StateChange> watch)
    {
        Assert.True(await watch.MoveNextAsync());
        return watch.Current;
    }

    protected static string Show(StateChange change) => change.Entry is null ? $"{change.Key}-" : $"{change.Key}={Text(change.Entry)}";

    private async Task IncrementAsync(string key)
    {
        while (true)
        {
            var entry = (await Store.GetAsync(key, Ended))!;
            var next = Bytes($"{int.Parse(Text(entry)) + 1}");
            if (await Store.UpdateAsync(key, next, entry.Revision, Ended) is not null)
            {
                return;
            }
        }
    }

    private async Task CloseStoreAsync()
    {
        if (_store is not null)
        {
            await CloseAsync(_store);
            _store = null;
        }
    }
}
