using Podvirt.Messaging.Sqlite;

namespace Podvirt.Messaging.Tests.Sqlite;

public sealed class WorkerTests
{
    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public async Task FullQueue_MakesCallersWait()
    {
        var handler = new GatedHandler();
        await using var worker = new Worker<string>("test", capacity: 2, batchMax: 1, [handler]);
        await worker.EnqueueAsync("running", Ended);
        await handler.Entered.WaitAsync(Ended);
        await worker.EnqueueAsync("1", Ended);
        await worker.EnqueueAsync("2", Ended);

        var third = worker.EnqueueAsync("3", Ended).AsTask();
        Assert.False(third.IsCompleted);
        Assert.False(worker.TryEnqueue("4"));
        Assert.Equal(2, worker.Pending);

        handler.Gate.Release(10);
        await third;
    }

    [Fact]
    public async Task CancelledWaitForRoom_QueuesNothing()
    {
        var handler = new GatedHandler();
        var worker = new Worker<string>("test", capacity: 1, batchMax: 1, [handler]);
        await worker.EnqueueAsync("running", Ended);
        await handler.Entered.WaitAsync(Ended);
        await worker.EnqueueAsync("queued", Ended);
        using var cancel = new CancellationTokenSource();
        var waiting = worker.EnqueueAsync("cancelled", cancel.Token).AsTask();

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        handler.Gate.Release(10);
        await worker.DisposeAsync();
        Assert.Equal(["running", "queued"], handler.Ran.SelectMany(b => b));
    }

    [Fact]
    public async Task WhatGatheredMeanwhile_IsOneBatchUpToTheMaximum()
    {
        var handler = new GatedHandler();
        var worker = new Worker<string>("test", capacity: 100, batchMax: 4, [handler]);
        await worker.EnqueueAsync("first", Ended);
        await handler.Entered.WaitAsync(Ended);
        for (var i = 0; i < 6; i++)
        {
            await worker.EnqueueAsync($"{i}", Ended);
        }

        handler.Gate.Release(10);
        await worker.DisposeAsync();

        Assert.Equal(["first", "0 1 2 3", "4 5"], handler.Ran.Select(b => string.Join(' ', b)));
        Assert.True(handler.IsDisposed);
    }

    [Fact]
    public async Task Closing_RunsWhatIsQueuedAndRefusesTheRest()
    {
        var handler = new GatedHandler();
        var worker = new Worker<string>("test", capacity: 1, batchMax: 1, [handler]);
        await worker.EnqueueAsync("running", Ended);
        await handler.Entered.WaitAsync(Ended);
        await worker.EnqueueAsync("queued", Ended);
        var waiting = Enumerable.Range(0, 5).Select(i => worker.EnqueueAsync($"too late {i}", Ended).AsTask()).ToList();

        var closing = worker.DisposeAsync().AsTask();
        handler.Gate.Release(10);
        await closing;

        foreach (var late in waiting)
        {
            await Assert.ThrowsAsync<ObjectDisposedException>(() => late);
        }
        Assert.Equal(["running", "queued"], handler.Ran.SelectMany(b => b));
    }

    private sealed class GatedHandler : IBatchHandler<string>
    {
        public SemaphoreSlim Gate { get; } = new(0);

        public SemaphoreSlim Entered { get; } = new(0);

        public List<List<string>> Ran { get; } = [];

        public bool IsDisposed { get; private set; }

        public void Run(List<string> batch)
        {
            Entered.Release();
            Gate.Wait();
            Ran.Add([.. batch]);
        }

        public void Dispose() => IsDisposed = true;
    }
}
