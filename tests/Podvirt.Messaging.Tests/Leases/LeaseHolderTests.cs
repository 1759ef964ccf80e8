using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Podvirt.Messaging.InProcess;
using Podvirt.Messaging.Leases;

namespace Podvirt.Messaging.Tests.Leases;

public sealed class LeaseHolderTests : IDisposable
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(5);

    private readonly FakeTimeProvider _time = new();
    private readonly InProcessLeases _store;
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);

    public LeaseHolderTests() => _store = new InProcessLeases(_time, s_period);

    public void Dispose() => _stop.Dispose();

    [Fact]
    public async Task RenewedHold_RunsOnForManyPeriods_AndTheStopFreesTheName()
    {
        var store = new GatedLeases(_store);
        var work = new Work();
        var running = Holder(store).RunAsync("leader/x", default, work.RunAsync, _stop.Token);
        await work.StartedAsync(1);

        await UntilAsync(() =>
        {
            _time.Advance(TimeSpan.FromMilliseconds(500));
            return store.Renewals == 30;
        });

        Assert.False(work.Ended);
        Assert.Single(work.Tokens);
        await _stop.CancelAsync();
        await running;
        Assert.True(work.Ended);
        Assert.NotNull(await _store.TryTakeAsync("leader/x", default, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task StoreStopsAnswering_TheWorkEndsWithinThePeriod()
    {
        var store = new GatedLeases(_store);
        var work = new Work();
        var running = Holder(store).RunAsync("leader/x", default, work.RunAsync, _stop.Token);
        await work.StartedAsync(1);

        store.Fails = true;
        // Before the store gives the name to another.
        _time.Advance(TimeSpan.FromSeconds(5.3));
        Assert.False(work.Ended);
        _time.Advance(TimeSpan.FromSeconds(0.2));

        await UntilAsync(() => work.Ended);
        store.Fails = false;
        await UntilAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return work.Tokens.Count == 2;
        });
        Assert.True(work.Tokens.Last() > work.Tokens.First());
        await _stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task AnotherHoldsTheName_RunsOnlyWhenThatEnds()
    {
        Assert.NotNull(await _store.TryTakeAsync("leader/x", default, TestContext.Current.CancellationToken));
        var work = new Work();
        var running = Holder(_store).RunAsync("leader/x", default, work.RunAsync, _stop.Token);

        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Empty(work.Tokens);
        await UntilAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return work.Tokens.Count == 1;
        });
        await _stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task WorkFails_IsBegunAgainUnderALaterHold()
    {
        var count = 0;
        var running = Holder(_store).RunAsync(
            "leader/x", default, (_, _) => ++count < 3 ? throw new InvalidOperationException("broken") : Task.CompletedTask, _stop.Token);

        await UntilAsync(() =>
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            return running.IsCompleted;
        });
        Assert.Equal(3, count);
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (!condition())
        {
            await Task.Delay(s_pause, deadline.Token);
        }
    }

    private LeaseHolder Holder(ILeases leases) => new(leases, _time, NullLogger<LeaseHolder>.Instance);

    private sealed class Work
    {
        public ConcurrentQueue<long> Tokens { get; } = new();

        public bool Ended { get; private set; }

        public async Task RunAsync(NamedLease lease, CancellationToken held)
        {
            Ended = false;
            Tokens.Enqueue(lease.Token);
            await Task.Delay(Timeout.Infinite, held).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Ended = true;
        }

        public Task StartedAsync(int count) => UntilAsync(() => Tokens.Count == count);
    }
}
