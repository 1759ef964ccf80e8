using CsCheck;
using Podvirt.Core.Messages;
using Podvirt.Gateway.Affinity;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Affinity;

public sealed class ReplicaChoiceTests
{
    private const int Sessions = 5_000;

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(10)]
    public void ReplicaComes_TakesItsShareAndNothingElseMoves(int replicas)
    {
        using var lot = new Lot();
        lot.Dispatcher.Update(Lot.Active(replicas, slots: 64));
        var before = Homes(lot.Dispatcher);
        lot.Dispatcher.Update(Lot.Active(replicas + 1, slots: 64));
        var after = Homes(lot.Dispatcher);

        var moved = before.Zip(after).Where(pair => pair.First != pair.Second).ToList();
        Assert.All(moved, pair => Assert.Equal($"m-{replicas}", pair.Second));
        var share = (double)Sessions / (replicas + 1);
        Assert.InRange(moved.Count, share * 0.85, share * 1.15);
    }

    [Fact]
    public void ReplicaGoes_OnlyItsOwnSessionsMove_AndSpread()
    {
        using var lot = new Lot();
        var route = Lot.Active(replicas: 5, slots: 64);
        lot.Dispatcher.Update(route);
        var before = Homes(lot.Dispatcher);
        lot.Dispatcher.Update(route with { Replicas = [.. route.Replicas.Where(replica => replica.Id != "m-2")] });
        var after = Homes(lot.Dispatcher);

        var moved = before.Zip(after).Where(pair => pair.First != pair.Second).ToList();
        Assert.Equal(before.Count(home => home == "m-2"), moved.Count);
        Assert.All(moved, pair => Assert.Equal("m-2", pair.First));
        var quarter = moved.Count / 4.0;
        Assert.All(moved.CountBy(pair => pair.Second), heir => Assert.InRange(heir.Value, quarter * 0.75, quarter * 1.25));

        // It comes back, and so do they.
        lot.Dispatcher.Update(route);
        Assert.Equal(before, Homes(lot.Dispatcher));
    }

    [Fact]
    public void TwoGateways_AgreeOnEverySession_InWhateverOrderTheyLearntOfTheReplicas()
    {
        using var one = new Lot();
        using var other = new Lot();
        var route = Lot.Active(replicas: 7, slots: 64);
        one.Dispatcher.Update(route);
        other.Dispatcher.Update(Lot.Active(replicas: 2, slots: 64));
        other.Dispatcher.Update(route with { Replicas = [.. route.Replicas.Reverse()] });
        Assert.Equal(Homes(one.Dispatcher), Homes(other.Dispatcher));
    }

    // Sessions come and go in any order, some of them many times over.
    [Fact]
    public void AnyLoad_NoReplicaGoesOverItsBoundWhileAnotherHasRoom() => Gen
        .Select(Gen.Int[2, 6], Gen.Int[1, 40], Gen.Double[1.05, 3], Gen.Select(Gen.Int[0, 20], Gen.Bool, Gen.Int).Array[1, 300])
        .Sample((replicas, slots, bound, steps) =>
        {
            using var lot = new Lot(configure: options => options.AffinityBound = bound);
            lot.Dispatcher.Update(Lot.Active(replicas, slots));
            var leases = new List<Lease>();
            var loads = new int[replicas];
            foreach (var (session, ends, which) in steps)
            {
                if (ends && leases.Count > 0)
                {
                    var at = (which & int.MaxValue) % leases.Count;
                    loads[IndexOf(leases[at])]--;
                    leases[at].Dispose();
                    leases.RemoveAt(at);
                    continue;
                }
                var free = loads.Count(load => load < slots);
                var lease = lot.Dispatcher.TryLease((ulong)session, []);
                Assert.Equal(free > 0, lease is not null);
                if (lease is null)
                {
                    continue;
                }
                leases.Add(lease);
                var load = ++loads[IndexOf(lease)];
                Assert.InRange(load, 1, slots);

                // The share it may have, and the one that every replica may have without asking for the others'.
                var most = Math.Max(Math.Ceiling(bound * leases.Count / replicas), slots / ReplicaChoice.FreePart);
                var others = loads.Where((_, i) => i != IndexOf(lease));
                Assert.True(
                    load <= most || others.All(other => other >= Math.Min(slots, most)),
                    $"{load} of {leases.Count} on one of {replicas}, bound {most}, others {string.Join(' ', others)}");
            }
        });

    [Fact]
    public void HomeIsAtItsBound_ASecondReplicaTakesTheSession_TheSameOneEachTime()
    {
        using var lot = new Lot();
        lot.Dispatcher.Update(Lot.Active(replicas: 4, slots: 8));
        for (var session = 0UL; session < 50; session++)
        {
            using var home = lot.Dispatcher.TryLease(session, []);
            using var second = lot.Dispatcher.TryLease(session, []);
            Assert.NotEqual(home?.Replica, second?.Replica);
            using var again = lot.Dispatcher.TryLease(session, []);
            Assert.NotNull(again);
            second!.Dispose();
            again.Dispose();
            using var instead = lot.Dispatcher.TryLease(session, []);
            Assert.Equal(second.Replica, instead?.Replica);
        }
    }

    [Fact]
    public void FewRequestsOnLargeReplicas_StayAtHome()
    {
        using var lot = new Lot();
        lot.Dispatcher.Update(Lot.Active(replicas: 4, slots: 64));
        var leases = Enumerable.Range(0, 9).Select(_ => lot.Dispatcher.TryLease(3, [])!).ToArray();
        Assert.Single(leases[..8].Select(lease => lease.Replica).Distinct());
        Assert.NotEqual(leases[0].Replica, leases[8].Replica);
        Array.ForEach(leases, lease => lease.Dispose());
    }

    [Fact]
    public void HomeIsFull_AnotherTakesTheSession()
    {
        using var lot = new Lot(configure: options => options.AffinityBound = 100);
        lot.Dispatcher.Update(Lot.Active(replicas: 2, slots: 1));
        using var home = lot.Dispatcher.TryLease(1, []);
        using var other = lot.Dispatcher.TryLease(1, []);
        Assert.NotEqual(home?.Replica, other?.Replica);
        Assert.Null(lot.Dispatcher.TryLease(1, []));
    }

    [Fact]
    public void Lookup_AllocatesNothing()
    {
        using var lot = new Lot();
        var slots = Enumerable.Range(0, 16).Select(i => Slots(lot, i)).ToArray();
        var memory = new SessionMemory();
        string[] avoid = ["m-3"];
        Look();
        var before = GC.GetAllocatedBytesForCurrentThread();
        Look();
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Look()
        {
            for (var session = 0UL; session < 10_000; session++)
            {
                var hash = SessionHash.OfHeader("acme", "the same session");
                var replica = ReplicaChoice.Choose(slots, hash + session, 1.25, now: 1, avoid)!;
                memory.Note(session, replica.Hash);
            }
        }
    }

    private static ReplicaSlots Slots(Lot lot, int number)
    {
        var route = Lot.Active(number + 1, slots: 64);
        return new ReplicaSlots(route.Replicas[number], "m", new Podvirt.Gateway.Upstream.UpstreamPool(lot.Connector, route.Replicas[number], lot.Options, lot.Time));
    }

    // Each session by itself: nothing else runs.
    private static string[] Homes(ModelDispatcher dispatcher)
    {
        var homes = new string[Sessions];
        for (var i = 0; i < Sessions; i++)
        {
            using var lease = dispatcher.TryLease(SessionHash.OfHeader("p", $"session-{i}"), []);
            homes[i] = lease!.Replica.Route.Id;
        }
        return homes;
    }

    private static int IndexOf(Lease lease) => int.Parse(lease.Replica.Route.Id["m-".Length..], System.Globalization.CultureInfo.InvariantCulture);
}
