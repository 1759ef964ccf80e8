using Podvirt.Core.Messages;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Affinity;
using Podvirt.Gateway.Parking;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Tests.Routing;

/// <summary>Several gateways and one replica's slots.</summary>
public sealed class SlotKeeperTests : IAsyncDisposable
{
    private readonly OneStore _shared = new();
    private readonly List<SharedGateway> _gateways = [];
    private long _revision;

    public async ValueTask DisposeAsync()
    {
        foreach (var gateway in _gateways)
        {
            await gateway.DisposeAsync();
        }
        _shared.Dispose();
    }

    [Fact]
    public async Task OneGatewayAlone_HasAllSlotsWithoutTimePassing()
    {
        var gateway = await JoinAsync();
        await PublishAsync(slots: 64);
        await Eventually.TrueAsync(() => gateway.Limit() == 64, () => $"all slots are its own; {gateway.Limit()} are");
        Assert.Equal(TimeSpan.Zero, _shared.Clock.Elapsed);
    }

    [Fact]
    public async Task SecondGateway_GetsItsPartOfIdleSlots_AndAllWhenTheFirstIsGone()
    {
        var first = await JoinAsync();
        await PublishAsync(slots: 64);
        await Eventually.TrueAsync(() => first.Limit() == 64, "the first has all");
        var second = await JoinAsync();
        await PublishAsync(slots: 64);
        await Eventually.TrueAsync(() => (first.Limit(), second.Limit()) == (32, 32), () => $"each has half; {first.Limit()} and {second.Limit()}");

        await KillAsync(first);
        await PassUntilAsync(() => second.Limit() == 64, () => $"the second has all; {second.Limit()}");
        Assert.InRange(_shared.Clock.Elapsed, _shared.Leases.Period, _shared.Leases.Period + TimeSpan.FromSeconds(4));
    }

    [Fact]
    public async Task BusyGateway_GetsIdleSlotsOfTheOther_WithoutTimePassing()
    {
        var (busy, idle) = await TwoAsync(slots: 64);
        var leases = Enumerable.Range(0, 32).Select(_ => busy.TryLease()!).ToList();
        Assert.All(leases, Assert.NotNull);
        await Eventually.TrueAsync(() => busy.Limit() > 32, () => $"the share has grown; {busy.Limit()}");
        while (leases.Count < 60)
        {
            await Eventually.TrueAsync(() => Add(leases, busy.TryLease()), () => $"there is a slot more than {leases.Count}");
        }
        Assert.True(busy.Limit() + idle.Limit() <= 64);
        Assert.Equal(TimeSpan.Zero, _shared.Clock.Elapsed);
        leases.ForEach(lease => lease.Dispose());
    }

    [Fact]
    public async Task SlotsWithRequestsInThem_ChangeHandsOnlyWhenThoseEnd()
    {
        var (first, second) = await TwoAsync(slots: 8);
        var firsts = new List<Lease>();
        await Eventually.TrueAsync(() => Add(firsts, first.TryLease()) && firsts.Count == 8 || firsts.Count == 8, "the first uses all eight");
        var waiting = Park(second, 4);
        await Eventually.TrueAsync(() => first.Limit() < 8, () => $"the first takes no new ones; {first.Limit()}");
        Assert.Equal(0, second.Limit());
        Assert.DoesNotContain(waiting, parked => parked.Outcome.Lease is not null);

        // Each end is a slot for one who waits, until each has its part.
        foreach (var lease in firsts.Take(3))
        {
            lease.Dispose();
        }
        await Eventually.TrueAsync(() => waiting.Count(parked => parked.Outcome.Lease is not null) == 3, "three are served");
        Assert.Equal(3, second.Model.InFlight);
        Assert.Equal(5, first.Model.InFlight);
        firsts.ForEach(lease => lease.Dispose());
        await Eventually.TrueAsync(() => waiting.All(parked => parked.Outcome.Lease is not null), "all are served");
    }

    [Fact]
    public async Task FewerSlotsThanGateways_AllAreServedInTurn()
    {
        var gateways = new[] { await JoinAsync(), await JoinAsync(), await JoinAsync() };
        await PublishAsync(slots: 1);
        var waiting = gateways.Select(gateway => new Queue<ParkedRequest>(Park(gateway, 120))).ToArray();
        var lastServed = new TimeSpan[gateways.Length];
        var longest = TimeSpan.Zero;

        // A request is a tenth of a second.
        for (var step = 0; step < 120; step++)
        {
            Assert.True(gateways.Sum(gateway => gateway.Model.InFlight) <= 1);
            for (var i = 0; i < gateways.Length; i++)
            {
                if (waiting[i].Peek().Outcome.Lease is { } lease)
                {
                    waiting[i].Dequeue();
                    lease.Dispose();
                    lastServed[i] = _shared.Clock.Elapsed;
                }
                var waited = _shared.Clock.Elapsed - lastServed[i];
                longest = waited > longest ? waited : longest;
            }
            _shared.Clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.WhenAll(gateways.Select(gateway => gateway.Membership.RenewAsync(default)));
            await QuietAsync(gateways);
        }

        // As many turns as gateways, each of a second and at most one more before it is looked at, and a request at each end.
        Assert.InRange(longest, SlotShares.Turn, 3 * (SlotShares.Turn + TimeSpan.FromSeconds(1.2)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(48)]
    public async Task GatewaysUnderLoad_NeverHaveMoreRequestsThanSlots(int slots)
    {
        var store = new ConflictingStore(_shared.Store);
        var gateways = new[] { await JoinAsync(store), await JoinAsync(store), await JoinAsync(store), await JoinAsync(store) };
        await PublishAsync(slots);
        var inFlight = 0;
        var most = 0;
        var served = new int[gateways.Length];
        using var stop = new CancellationTokenSource();
        var load = gateways.SelectMany((gateway, at) => Enumerable.Range(0, Math.Max(2, slots / 2)).Select(n => Task.Run(async () =>
        {
            var random = new Random((at * 1000) + n);
            while (!stop.IsCancellationRequested)
            {
                // Demand that comes and goes, and moves from one to the other.
                if (random.Next(4) == 0)
                {
                    await Task.Delay(Pauses.Poll * random.Next(1, 4));
                }
                var parked = new ParkedRequest(new Caller("p", "k"), (ulong)random.Next(), 100, 0, []);
                if (gateway.Model.TryLease(parked.Session, []) is not { } lease)
                {
                    Assert.Null(gateway.Model.TryPark(parked, again: false));
                    while (parked.Outcome.Lease is null && !stop.IsCancellationRequested)
                    {
                        await Task.Delay(Pauses.BetweenPieces);
                    }
                    if (parked.Outcome.Lease is null)
                    {
                        gateway.Model.Leave(parked);
                        return;
                    }
                    lease = parked.Outcome.Lease;
                }
                var now = Interlocked.Increment(ref inFlight);
                InterlockedMax(ref most, now);
                await Task.Delay(Pauses.BetweenPieces);
                Interlocked.Increment(ref served[at]);
                Interlocked.Decrement(ref inFlight);
                lease.Dispose();
            }
        }))).ToArray();
        await Eventually.TrueAsync(
            () =>
            {
                // Much faster than the clock on the wall: turns and looks come thick and fast.
                _shared.Clock.Advance(TimeSpan.FromMilliseconds(50));
                Task.WaitAll(gateways.Select(gateway => gateway.Membership.RenewAsync(default)).ToArray());
                return served.All(count => count >= 20) && store.Conflicts > 0;
            },
            () => $"all are served; served: {string.Join(", ", served)}, conflicts: {store.Conflicts}");
        await stop.CancelAsync();
        await Task.WhenAll(load);
        Assert.InRange(most, 1, slots);
    }

    [Fact]
    public async Task ReplicaGone_ItsClaimsAreTakenBack()
    {
        var (first, second) = await TwoAsync(slots: 8);
        Assert.NotNull(await _shared.Store.GetAsync(SlotClaims.KeyOf("m-0")));
        await PublishAsync(Routes.Cold("m"));
        await PassUntilAsync(() => _shared.Store.GetAsync(SlotClaims.KeyOf("m-0")).AsTask().GetAwaiter().GetResult() is null, () => "the claims are gone");
        Assert.Equal(0, first.Limit() + second.Limit());
    }

    [Fact]
    public async Task LeaseLost_ShareIsTheStoresAndNotTheMemorys()
    {
        var (first, second) = await TwoAsync(slots: 8);

        // As long as a stopped process is away; the other takes all meanwhile.
        for (var i = 0; i < 10; i++)
        {
            _shared.Clock.Advance(TimeSpan.FromSeconds(1));
            await second.Membership.RenewAsync(default);
        }
        await Eventually.TrueAsync(() => second.Limit() == 8, () => $"the second has all; {second.Limit()}");
        await first.Membership.RenewAsync(default);
        await second.Membership.RenewAsync(default);
        _shared.Clock.Advance(TimeSpan.FromSeconds(1));
        await Eventually.TrueAsync(() => (first.Limit(), second.Limit()) == (4, 4), () => $"each has half again; {first.Limit()} and {second.Limit()}");
    }

    [Fact]
    public async Task SettlementThatFails_IsAskedForStill_AndTheRestToo()
    {
        var store = new CountedStore(_shared.Store);
        await using var gateway = new SharedGateway(_shared, store);
        await gateway.Routes.StartAsync(CancellationToken.None);
        await gateway.Membership.RenewAsync(default);
        var table = new RouteTable(1, ++_revision, [Lot.Active(20, slots: 8)]);
        await _shared.Bus.PublishAsync(Subjects.Routes, table);
        await gateway.HearAsync(table);
        store.IsSilent = true;
        await Assert.ThrowsAsync<IOException>(() => gateway.Keeper.WorkAsync(CancellationToken.None));
        Assert.False(gateway.Keeper.IsQuiet);

        store.IsSilent = false;
        await gateway.Keeper.WorkAsync(CancellationToken.None);
        Assert.All(Enumerable.Range(0, 20), i => Assert.Equal(8, gateway.Limit($"m-{i}")));
        Assert.True(gateway.Keeper.IsQuiet);
    }

    [Fact]
    public async Task StoreSilentForAMoment_AllIsSettledWithoutBeingAskedForAgain()
    {
        var store = new CountedStore(_shared.Store);
        var (first, second) = (await JoinAsync(store), await JoinAsync());
        await PublishAsync(slots: 8, replicas: 20);
        await Eventually.TrueAsync(() => Enumerable.Range(0, 20).All(i => (first.Limit($"m-{i}"), second.Limit($"m-{i}")) == (4, 4)), "each has half of all");
        await QuietAsync(_gateways);

        // It has a use for more of every replica, and then for none.
        store.IsSilent = true;
        var leases = Enumerable.Range(0, 80).Select(i => first.TryLease((ulong)i)!).ToList();
        await Eventually.TrueAsync(() => store.Failures > 0, "the store was asked in vain");
        leases.ForEach(lease => lease.Dispose());
        store.IsSilent = false;

        await PassUntilAsync(() => first.Keeper.IsQuiet, () => "nothing is left to settle");
    }

    [Fact]
    public async Task SameSession_SameReplicaOnBothGateways_WhileNoneIsAtItsBound()
    {
        var (first, second) = await TwoAsync(slots: 64, replicas: 5);
        await Eventually.TrueAsync(
            () => Enumerable.Range(0, 5).All(i => first.Limit($"m-{i}") == 32 && second.Limit($"m-{i}") == 32), "each has half of all");
        for (var i = 0; i < 500; i++)
        {
            var session = SessionHash.OfText($"session {i}");
            using var one = first.TryLease(session);
            using var other = second.TryLease(session);
            Assert.Equal(one!.Replica.Route.Id, other!.Replica.Route.Id);
        }
    }

    private static bool Add(List<Lease> leases, Lease? lease)
    {
        if (lease is not null)
        {
            leases.Add(lease);
        }
        return lease is not null;
    }

    private static List<ParkedRequest> Park(SharedGateway gateway, int count) => [.. Enumerable.Range(0, count).Select(i =>
    {
        var parked = new ParkedRequest(new Caller("p", "k"), (ulong)i, 100, 0, []);
        Assert.Null(gateway.Model.TryPark(parked, again: false));
        return parked;
    })];

    private static void InterlockedMax(ref int most, int value)
    {
        int seen;
        while (value > (seen = Volatile.Read(ref most)) && Interlocked.CompareExchange(ref most, value, seen) != seen)
        {
        }
    }

    // What was begun has come to its end: nobody has anything left to settle.
    private static Task QuietAsync(IEnumerable<SharedGateway> gateways) =>
        Eventually.TrueAsync(() => gateways.All(gateway => gateway.Keeper.IsQuiet), "all shares are settled");

    private async Task<SharedGateway> JoinAsync(IStateStore? store = null)
    {
        var gateway = await SharedGateway.StartAsync(_shared, store);
        _gateways.Add(gateway);
        return gateway;
    }

    private async Task<(SharedGateway, SharedGateway)> TwoAsync(int slots, int replicas = 1)
    {
        var first = await JoinAsync();
        var second = await JoinAsync();
        await PublishAsync(slots, replicas);
        await Eventually.TrueAsync(() => (first.Limit(), second.Limit()) == (slots / 2, slots / 2), () => $"each has half; {first.Limit()} and {second.Limit()}");
        return (first, second);
    }

    private Task PublishAsync(int slots, int replicas = 1) => PublishAsync(Lot.Active(replicas, slots));

    private async Task PublishAsync(ModelRoute route)
    {
        var table = new RouteTable(1, ++_revision, [route]);
        await _shared.Bus.PublishAsync(Subjects.Routes, table);
        foreach (var gateway in _gateways)
        {
            await gateway.HearAsync(table);
        }
    }

    private async Task KillAsync(SharedGateway gateway)
    {
        _gateways.Remove(gateway);
        await gateway.DisposeAsync();
    }

    private Task PassUntilAsync(Func<bool> condition, Func<string> what) => Eventually.TrueAsync(
        () =>
        {
            if (condition())
            {
                return true;
            }
            _shared.Clock.Advance(TimeSpan.FromMilliseconds(250));
            foreach (var gateway in _gateways)
            {
                gateway.Membership.RenewAsync(default).GetAwaiter().GetResult();
            }
            return false;
        },
        what);

    /// <summary>A store a little way off: what is read is old by the time of the write.</summary>
    private sealed class ConflictingStore(IStateStore inner) : IStateStore
    {
        private int _conflicts;

        public int Conflicts => Volatile.Read(ref _conflicts);

        public async ValueTask<StateEntry?> GetAsync(string key, CancellationToken cancellationToken = default)
        {
            await Task.Delay(Pauses.BetweenPieces, cancellationToken);
            return await inner.GetAsync(key, cancellationToken);
        }

        public ValueTask<long> PutAsync(string key, ReadOnlyMemory<byte> value, StateDurability durability, CancellationToken cancellationToken = default) =>
            inner.PutAsync(key, value, durability, cancellationToken);

        public async ValueTask<long?> CreateAsync(string key, ReadOnlyMemory<byte> value, StateDurability durability, CancellationToken cancellationToken = default)
        {
            await Task.Delay(Pauses.BetweenPieces, cancellationToken);
            return Counted(await inner.CreateAsync(key, value, durability, cancellationToken));
        }

        public async ValueTask<long?> UpdateAsync(
            string key, ReadOnlyMemory<byte> value, long revision, StateDurability durability, CancellationToken cancellationToken = default)
        {
            await Task.Delay(Pauses.BetweenPieces, cancellationToken);
            return Counted(await inner.UpdateAsync(key, value, revision, durability, cancellationToken));
        }

        public ValueTask<bool> DeleteAsync(string key, long? revision, StateDurability durability, CancellationToken cancellationToken = default) =>
            inner.DeleteAsync(key, revision, durability, cancellationToken);

        public ValueTask<IReadOnlyList<StateEntry>> ListAsync(string prefix, CancellationToken cancellationToken = default) =>
            inner.ListAsync(prefix, cancellationToken);

        public IAsyncEnumerable<StateChange> WatchAsync(string prefix, CancellationToken cancellationToken = default) =>
            inner.WatchAsync(prefix, cancellationToken);

        private long? Counted(long? revision)
        {
            if (revision is null)
            {
                Interlocked.Increment(ref _conflicts);
            }
            return revision;
        }
    }
}
