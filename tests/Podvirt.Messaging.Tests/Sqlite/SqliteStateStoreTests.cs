using Microsoft.Data.Sqlite;
using Podvirt.Messaging.Sqlite;

namespace Podvirt.Messaging.Tests.Sqlite;

public sealed class SqliteStateStoreTests : StateStoreContract
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TempDirectory _directory = new();

    private string FilePath => _directory.File("state.db");

    protected override IStateStore Open() => SqliteStateStore.Open(FilePath, TimeProvider.System);

    protected override ValueTask CloseAsync(IStateStore store) => ((SqliteStateStore)store).DisposeAsync();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _directory.Dispose();
    }

    [Fact]
    public async Task AllFiles_AreForTheirOwnerOnly()
    {
        await Store.PutAsync("k", Bytes("v"), Ended);

        var files = Directory.GetFiles(_directory.Path).Order().ToList();
        Assert.Equal(["state.db", "state.db-shm", "state.db-wal", "state.db.lock"], files.Select(Path.GetFileName));
        Assert.All(files, f => Assert.Equal(OwnerOnly, ModeOf(f)));
    }

    [Fact]
    public void FileReadableByOthers_IsNarrowedAtStart()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "file modes are Unix's");
        File.WriteAllBytes(FilePath, []);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(FilePath, OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        }

        _ = Store;

        Assert.Equal(OwnerOnly, ModeOf(FilePath));
    }

    [Fact]
    public async Task FileIsLocked_WriteWaitsWithoutItsCaller()
    {
        await Store.PutAsync("k", Bytes("v"), Ended);
        Task write;
        await using (var other = new SqliteConnection($"Data Source={FilePath};Pooling=False"))
        {
            await other.OpenAsync(Ended);
            await using var begin = other.CreateCommand();
            begin.CommandText = "BEGIN IMMEDIATE";
            await begin.ExecuteNonQueryAsync(Ended);

            // A call that waited for the file itself would come back with an outcome.
            write = Store.PutAsync("k", Bytes("w"), Ended).AsTask();
            Assert.False(write.IsCompleted);
        }
        await write;
    }

    [Fact]
    public async Task CopyTakenWithoutClosing_HoldsEveryWriteThatReturned()
    {
        // What a crash leaves behind: the file and its log as they are at that moment.
        for (var i = 0; i < 200; i++)
        {
            await Store.PutAsync($"k/{i}", Bytes($"{i}"), Ended);
        }
        using var crashed = new TempDirectory();
        File.Copy(FilePath, crashed.File("state.db"));
        File.Copy(FilePath + "-wal", crashed.File("state.db-wal"));

        await using var copy = SqliteStateStore.Open(crashed.File("state.db"), TimeProvider.System);

        Assert.Equal(200, (await copy.ListAsync("k/", Ended)).Count);
    }

    [Fact]
    public async Task WritesQueuedAtDisposal_AreWritten()
    {
        var puts = Enumerable.Range(0, 500).Select(i => Store.PutAsync($"k/{i}", Bytes("v"), Ended).AsTask()).ToList();
        await ReopenAsync();
        await Task.WhenAll(puts);

        Assert.Equal(500, (await Store.ListAsync("k/", Ended)).Count);
    }

    [Fact]
    public async Task ClosedStore_RefusesWritesAndEndsWatches()
    {
        var store = (SqliteStateStore)Open();
        await using var watch = store.WatchAsync("", Ended).GetAsyncEnumerator(Ended);
        Assert.True((await NextAsync(watch)).IsCaughtUp);
        var next = watch.MoveNextAsync();

        await store.DisposeAsync();
        await store.DisposeAsync();

        Assert.False(await next);
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.PutAsync("k", Bytes("v"), Ended));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.GetAsync("k", Ended));
    }

    [Fact]
    public async Task WatchLeftFarBehind_CatchesUpByComparing()
    {
        await using var store = SqliteStateStore.Open(_directory.File("small.db"), TimeProvider.System, watchPendingMax: 3);
        foreach (var key in (string[])["kept", "changed", "deleted"])
        {
            await store.PutAsync(key, Bytes("old"), Ended);
        }
        await using var watch = store.WatchAsync("", Ended).GetAsyncEnumerator(Ended);
        while (!(await NextAsync(watch)).IsCaughtUp)
        {
            // The listing.
        }

        await store.PutAsync("changed", Bytes("new"), Ended);
        await store.DeleteAsync("deleted", null, Ended);
        for (var i = 0; i < 5; i++)
        {
            await store.PutAsync($"added/{i}", Bytes("new"), Ended);
        }

        var changes = new List<string>();
        for (var i = 0; i < 7; i++)
        {
            changes.Add(Show(await NextAsync(watch)));
        }
        Assert.Equal(["deleted-", "changed=new", .. Enumerable.Range(0, 5).Select(i => $"added/{i}=new")], changes);
        await store.PutAsync("after", Bytes("new"), Ended);
        Assert.Equal("after=new", Show(await NextAsync(watch)));
    }

    [Fact]
    public async Task SlowWatch_SkipsIntermediateValuesOfAKey()
    {
        await using var watch = Store.WatchAsync("", Ended).GetAsyncEnumerator(Ended);
        Assert.True((await NextAsync(watch)).IsCaughtUp);

        await Store.PutAsync("a", Bytes("1"), Ended);
        await Store.PutAsync("b", Bytes("1"), Ended);
        await Store.PutAsync("a", Bytes("2"), Ended);

        Assert.Equal("b=1", Show(await NextAsync(watch)));
        Assert.Equal("a=2", Show(await NextAsync(watch)));
    }

    private static UnixFileMode ModeOf(string file) => OperatingSystem.IsWindows() ? OwnerOnly : File.GetUnixFileMode(file);
}
