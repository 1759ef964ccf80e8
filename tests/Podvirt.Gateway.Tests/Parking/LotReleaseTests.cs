using Podvirt.Core.Replicas;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Parking;

/// <summary>Who gets a slot, when, and on whose thread.</summary>
public sealed class LotReleaseTests
{
    // Unoptimised async methods keep more of their state.
#if DEBUG
    private const int BytesMax = 2048;
#else
    private const int BytesMax = 1024;
#endif

    [Fact]
    public async Task TenThousandWaitAndAReplicaIsReady_AsManyAsItHasSlotsAreReleased_InOrder()
    {
        const int Waiting = 10_000;
        const int Slots = 64;
        using var lot = new Lot();
        var calls = Enumerable.Range(0, Waiting).Select(_ => lot.Call(stream: false)).ToArray();
        Assert.Equal(Waiting, lot.Dispatcher.GetParking().Waiting);

        lot.Dispatcher.Update(Lot.Active(replicas: 1, Slots));
        Assert.Equal((Slots, Waiting - Slots), (lot.Dispatcher.InFlight, lot.Dispatcher.GetParking().Waiting));
        for (var i = 0; i < Waiting; i++)
        {
            var lease = (await calls[i].Result.Within()).Lease!;
            Assert.Equal(Math.Min(Waiting, i + Slots), lot.Dispatcher.GetParking().Counts.Granted);
            Assert.False(i + Slots < Waiting && calls[i + Slots].Result.IsCompleted);
            lease.Dispose();
        }
        Assert.Equal(0, lot.Dispatcher.InFlight);
        var parking = lot.Dispatcher.GetParking();
        Assert.Equal((Waiting, Waiting, 0, 0L), (parking.Counts.Came, parking.Counts.Granted, parking.Waiting, parking.Bytes));
        Assert.Equal(0, lot.Clock.Count);
    }

    [Fact]
    public void OneThatWaits_CostsLessThanAKilobyte()
    {
        using var lot = new Lot();
        for (var i = 0; i < 100; i++)
        {
            lot.Call();
        }
        var bytes = Enumerable.Range(0, 1000).Sum(_ => lot.Call().AllocatedBytes) / 1000;
        Assert.InRange(bytes, 1, BytesMax);
        TestContext.Current.TestOutputHelper?.WriteLine($"{bytes} bytes");
    }

    [Fact]
    public async Task MoreSlotsThanOneBatch_AllOfThemAreFilledAtOnce()
    {
        using var lot = new Lot();
        var calls = Enumerable.Range(0, 1000).Select(_ => lot.Call(stream: false)).ToArray();
        lot.Dispatcher.Update(Lot.Active(replicas: 3, slots: 300));
        Assert.Equal((900, 100), (lot.Dispatcher.InFlight, lot.Dispatcher.GetParking().Waiting));
        await Task.WhenAll(calls[..900].Select(call => call.Result)).Within();
    }

    [Fact]
    public async Task ModelFailsUnderTenThousand_AllAreToldAndNothingIsLeft()
    {
        using var lot = new Lot();
        var calls = Enumerable.Range(0, 10_000).Select(i => lot.Call(stream: i % 2 == 0, project: $"p{i % 7}", key: $"k{i % 100}")).ToArray();
        lot.Dispatcher.Update(Routes.Failed("m", "model_start_failed", "It broke.", Lot.Start.AddMinutes(1)));
        var results = await Task.WhenAll(calls.Select(call => call.Result)).Within();
        Assert.All(results, result => Assert.Equal("model_start_failed", result.Error?.Code));
        var parking = lot.Dispatcher.GetParking();
        Assert.Equal((10_000L, 10_000L, 0, 0L), (parking.Counts.Came, parking.Counts.Refused, parking.Waiting, parking.Bytes));
        Assert.Equal(0, lot.Clock.Count);
    }

    [Fact]
    public async Task SlotComesFree_TheNextContinuesOnAnotherThread()
    {
        using var lot = new Lot();
        lot.Dispatcher.Update(Lot.Active(replicas: 1, slots: 1));
        var lease = lot.Dispatcher.TryLease(1, [])!;
        var call = lot.Call();
        var thread = 0;
        var continued = ContinueAsync();
        var ioThread = new Thread(lease.Dispose);
        ioThread.Start();
        await continued.Within();
        ioThread.Join();
        Assert.NotEqual(ioThread.ManagedThreadId, thread);

        async Task ContinueAsync()
        {
            await call.Result.ConfigureAwait(ConfigureAwaitOptions.None);
            thread = Environment.CurrentManagedThreadId;
        }
    }

    [Fact]
    public async Task NewRequests_DoNotOvertakeThoseThatWait()
    {
        using var lot = new Lot();
        lot.Dispatcher.Update(Lot.Active(replicas: 1, slots: 2));
        var first = lot.Dispatcher.TryLease(1, [])!;
        var second = lot.Dispatcher.TryLease(2, [])!;
        var waiting = lot.Call();
        Assert.Null(lot.Dispatcher.TryLease(3, []));
        first.Dispose();
        using var lease = (await waiting.Result.Within()).Lease;
        second.Dispose();
        lot.Dispatcher.TryLease(3, [])!.Dispose();
    }

    [Fact]
    public async Task ProjectWithTenThousandWaiting_DelaysAnothersFirstByOneSlot()
    {
        using var lot = new Lot();
        for (var i = 0; i < 9_999; i++)
        {
            lot.Call(stream: false, project: "busy", key: $"k{i % 50}");
        }
        var quiet = lot.Call(stream: false, project: "quiet");
        lot.Dispatcher.Update(Lot.Active(replicas: 1, slots: 2));
        Assert.NotNull((await quiet.Result.Within()).Lease);
    }

    [Fact]
    public async Task QueueFull_IsRefusedAndCountsForNothing_ButOneThatCameBackIsTakenIn()
    {
        using var lot = new Lot(configure: options => (options.ParkedRequestsMax, options.ParkedBytesMax) = (3, 4096));
        var first = lot.Call(bytes: 2000);
        var large = lot.Call(bytes: 3000);
        var error = (await large.Result.Within()).Error!;
        Assert.Equal((429, "rate_limit_exceeded", TimeSpan.FromSeconds(5)), (error.Status, error.Code, error.RetryAfter));
        lot.Call();
        var last = lot.Call();
        Assert.Equal(429, (await lot.Call().Result.Within()).Error?.Status);
        var back = lot.Call(avoid: ["m-0"]);
        var parking = lot.Dispatcher.GetParking();
        Assert.Equal((4, 4L, 2L, 2048L + 3 * 128), (parking.Waiting, parking.Counts.Came, parking.Counts.TurnedAway, parking.Bytes));

        // Once there is room again, the next one waits.
        last.Leave();
        await last.Result.Within();
        first.Leave();
        await first.Result.Within();
        Assert.False(lot.Call().Result.IsCompleted);

        lot.Dispatcher.Update(Lot.Active(replicas: 1, slots: 1));
        Assert.NotNull((await back.Result.Within()).Lease);
    }

    [Fact]
    public async Task ReplicaFailedIt_AnotherIsTaken_AndTheSameOnlyWhereThereIsNoOther()
    {
        using var lot = new Lot();
        lot.Dispatcher.Update(Lot.Active(replicas: 2, slots: 2));
        for (var session = 0UL; session < 20; session++)
        {
            using var lease = lot.Dispatcher.TryLease(session, ["m-0"]);
            Assert.Equal("m-1", lease?.Replica.Route.Id);
        }
        using var one = lot.Dispatcher.TryLease(1, ["m-0"]);
        using var two = lot.Dispatcher.TryLease(1, ["m-0"]);
        using var three = lot.Dispatcher.TryLease(1, ["m-0"]);
        Assert.Equal(["m-1", "m-1", "m-0"], new[] { one, two, three }.Select(lease => lease?.Replica.Route.Id));

        // The same while it waits.
        using var four = lot.Dispatcher.TryLease(1, []);
        var waiting = lot.Call(avoid: ["m-0"]);
        two!.Dispose();
        Assert.Equal("m-1", (await waiting.Result.Within()).Lease?.Replica.Route.Id);
    }

    [Fact]
    public async Task ReplicaIsSuspended_WhoWaitsIsReleasedWhenThatIsOver()
    {
        using var lot = new Lot();
        lot.Dispatcher.Update(Lot.Active(replicas: 1, slots: 4));
        var lease = lot.Dispatcher.TryLease(1, [])!;
        lot.Dispatcher.Suspend(lease.Replica);
        lease.Dispose();
        var waiting = lot.Call();
        lot.Time.Advance(TimeSpan.FromSeconds(1));
        lot.Dispatcher.Tick();
        Assert.Equal(1, lot.Dispatcher.GetParking().Waiting);
        lot.Time.Advance(TimeSpan.FromSeconds(1.1));
        lot.Dispatcher.Tick();
        Assert.NotNull((await waiting.Result.Within()).Lease);
    }

    [Fact]
    public void ReplicaLeavesTheRoutes_ItsLoadIsReportedUntilItIsEmpty()
    {
        using var lot = new Lot();
        lot.Dispatcher.Update(Lot.Active(replicas: 2, slots: 4));
        var leases = Enumerable.Range(0, 8).Select(i => lot.Dispatcher.TryLease((ulong)i, [])!).ToArray();
        lot.Dispatcher.Update(Lot.Active(replicas: 1, slots: 4));
        Assert.Equal([("m-0", 4), ("m-1", 4)], Loads());

        // The same id at another address is another process.
        var moved = Lot.Active(replicas: 1, slots: 4);
        lot.Dispatcher.Update(moved with { Replicas = [moved.Replicas[0] with { Address = "http://127.0.0.1:10" }] });
        Assert.Equal([("m-0", 4), ("m-1", 4)], Loads());
        using var onNew = lot.Dispatcher.TryLease(1, []);
        Assert.Equal(9, lot.Dispatcher.GetDemand([]).InFlight);

        lot.Dispatcher.Remove();
        Assert.Equal([("m-0", 4), ("m-0", 1), ("m-1", 4)], Loads().OrderBy(load => load.Replica).ThenByDescending(load => load.InFlight));
        var urgent = lot.DemandChanges;
        Array.ForEach(leases, lease => lease.Dispose());
        Assert.Equal([("m-0", 1)], Loads());

        // Each of the two that is empty now is news: the scheduler waits for it.
        Assert.Equal(urgent + 2, lot.DemandChanges);

        (string Replica, int InFlight)[] Loads()
        {
            var loads = new List<Podvirt.Core.Messages.ReplicaLoad>();
            lot.Dispatcher.GetDemand(loads);
            return [.. loads.Select(load => (load.Replica, load.InFlight)).Order()];
        }
    }

    [Fact]
    public void ModelComesBackWhileItsRequestsGoOn_ServesAgain()
    {
        using var lot = new Lot();
        lot.Dispatcher.Update(Lot.Active(replicas: 1, slots: 4));
        var old = lot.Dispatcher.TryLease(1, [])!;
        lot.Dispatcher.Remove();
        Assert.Null(lot.Dispatcher.TryLease(1, []));
        lot.Dispatcher.Update(Lot.Active(replicas: 1, slots: 4));
        using var lease = lot.Dispatcher.TryLease(1, []);
        Assert.NotNull(lease);
        Assert.NotSame(old.Replica, lease.Replica);
        Assert.Equal((ReplicaState.Stopping, 2), (old.Replica.Route.State, lot.Dispatcher.InFlight));
        old.Dispose();
    }

    [Fact]
    public void Changes_AreToldAtOnceWhereSomebodyBeginsToWait_AndInPassingOtherwise()
    {
        using var lot = new Lot();
        lot.Call(stream: false);
        Assert.Equal((1, 0), (lot.DemandChanges, lot.LoadChanges));
        lot.Call(stream: false);
        lot.Call(stream: false);
        Assert.Equal((1, 2), (lot.DemandChanges, lot.LoadChanges));
    }
}
