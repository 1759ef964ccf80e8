using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Messaging.Sqlite;

namespace Podvirt.Messaging.Tests;

public sealed class StateWatchesTests : IAsyncDisposable
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(5);

    private readonly FakeTimeProvider _time = new();
    private readonly TempDirectory _directory = new();
    private readonly SqliteStateStore _store;
    private readonly ConcurrentQueue<string> _taken = new();
    private readonly ConcurrentQueue<Exception> _failures = new();
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    public StateWatchesTests() => _store = SqliteStateStore.Open(Path.Combine(_directory.Path, "state.db"), TimeProvider.System);

    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        _stop.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task TakerFails_ANewWatchTellsAllAgain()
    {
        await PutAsync("a/1", "one");
        var isBroken = true;
        var following = _store.FollowAsync(
            "a/",
            async change =>
            {
                await Task.Yield();
                if (isBroken && change.Key == "a/2")
                {
                    throw new InvalidOperationException("broken");
                }
                _taken.Enqueue(change.IsCaughtUp ? "caught up" : Encoding.UTF8.GetString(change.Entry!.Value.Span));
            },
            _failures.Enqueue, _time, _stop.Token);
        await UntilAsync(() => _taken.Count == 2);
        await PutAsync("a/2", "two");
        await UntilAsync(() => _failures.Count == 1);
        isBroken = false;

        await UntilAsync(() =>
        {
            _time.Advance(TimeSpan.FromMilliseconds(100));
            return _taken.Count == 5;
        });

        Assert.Equal(["one", "caught up", "one", "two", "caught up"], _taken);
        Assert.Equal("broken", Assert.Single(_failures).Message);
        await _stop.CancelAsync();
        await following;
    }

    [Fact]
    public async Task StoreCloses_ItEndsWithoutAFailure()
    {
        var following = _store.FollowAsync("a/", _ => _taken.Enqueue("caught up"), _failures.Enqueue, _time, _stop.Token);
        await UntilAsync(() => _taken.Count == 1);
        await _store.DisposeAsync();
        await following;
        Assert.Empty(_failures);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            await Task.Delay(s_pause, deadline.Token);
        }
    }

    private async Task PutAsync(string key, string value) => await _store.PutAsync(key, Encoding.UTF8.GetBytes(value), _stop.Token);
}
