using CsCheck;
using Podvirt.Scheduler.Placement;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Placement;

/// <summary>The indexes of the ledger, kept through random changes, against a planner that looks at everything.</summary>
public class PlannerPropertyTests
{
    [Fact]
    public void RandomChanges_LeaveTheIndexAsTheReferenceHasIt() => Gen.Int[0, int.MaxValue].Sample(seed =>
    {
        var world = new RandomLedger(seed, gpusMax: 40);
        for (var i = 0; i < 20; i++)
        {
            world.Change();
            var request = world.Request();
            var expected = ReferencePlanner.Decide(world, request);
            var decision = Planner.Decide(world.Ledger, request);
            Assert.True(expected.Outcome == decision.Outcome, $"seed {seed}: {decision.Outcome} instead of {expected.Outcome} for {request}");
            Assert.True(
                Math.Abs(expected.Loss - decision.Loss) <= 1e-6 * Math.Max(1, expected.Loss),
                $"seed {seed}: loses {decision.Loss} instead of {expected.Loss} for {request}");
            CheckRoom(seed, world, request, decision);
        }
    }, iter: 400);

    /// <summary>A fit never over-commits a gpu, and a plan frees enough.</summary>
    private static void CheckRoom(int seed, RandomLedger world, PlacementRequest request, PlacementDecision decision)
    {
        if (decision.Outcome == PlacementOutcome.NoRoom)
        {
            Assert.Empty(decision.Gpus);
            return;
        }

        Assert.Equal(request.Count, decision.Gpus.Distinct().Count());
        Assert.Single(decision.Gpus.Select(gpu => (gpu.Node, gpu.Type, gpu.Simulated)).Distinct());
        Assert.DoesNotContain(decision.Gpus, gpu => world.Claimed.Contains(gpu.Id));
        foreach (var gpu in decision.Gpus)
        {
            var after = world.Held.Values.Where(holding => holding.Gpus.Contains(gpu.Id)).Sum(holding => Remaining(holding, request, decision));
            Assert.True(
                after + request.Bytes <= gpu.MemoryBytes,
                $"seed {seed}: {gpu.Id} would hold {after} + {request.Bytes} of {gpu.MemoryBytes}");
        }

        Assert.All(decision.Victims, victim => Assert.True(victim.Kind is HoldingKind.Sleeping or HoldingKind.Idle or HoldingKind.Busy));
        Assert.True(request.Scope == EvictionScope.Busy || !decision.Victims.Any(victim => victim.Kind == HoldingKind.Busy));
    }

    /// <summary>When everybody who was asked, is leaving or (for aged requests) is on its way up has done what he can.</summary>
    private static long Remaining(Holding holding, PlacementRequest request, PlacementDecision decision)
    {
        if (decision.Outcome == PlacementOutcome.Fits)
        {
            return holding.Bytes;
        }

        var victim = decision.Victims.FirstOrDefault(victim => victim.Replica == holding.Replica);
        return holding.Kind switch
        {
            _ when victim is not null => victim.Sleep ? holding.BytesAfter : 0,
            HoldingKind.Leaving => holding.BytesAfter,
            HoldingKind.Rising when request.Scope == EvictionScope.Busy => 0,
            _ => holding.Bytes,
        };
    }

    /// <summary>On one gpu the choice is at most twice as dear as the best of all subsets, where a residue is worth no less per byte.</summary>
    [Fact]
    public void Choice_IsWithinTwiceTheBest() => Gen.Int[0, int.MaxValue].Sample(seed =>
    {
        var random = new Random(seed);
        var held = Enumerable.Range(0, random.Next(1, 8)).Select(i => new Holding(
            $"r{i}", ["g"], random.Next(2, 40) * Make.GiB, random.Next(2) * Make.GiB, (HoldingKind)random.Next(3, 5),
            random.Next(1, 50), random.Next(50, 99))).ToList();
        var missing = random.Next(1, 120) * Make.GiB;
        var best = Best(held, missing);
        var chosen = Evictions.Choose(Evictions.Steps(held), missing, EvictionScope.Idle, self: null);
        Assert.Equal(double.IsFinite(best), chosen is not null);
        if (chosen is not null)
        {
            Evictions.DropNeedless(chosen, missing);
            var loss = chosen.Sum(eviction => eviction.Loss);
            Assert.True(chosen.Sum(eviction => eviction.Freed) >= missing && loss <= (2 * best) + 1e-9, $"seed {seed}: {loss}, the best is {best}");
        }
    }, iter: 3000);

    private static double Best(IReadOnlyList<Holding> held, long missing, int from = 0)
    {
        if (missing <= 0)
        {
            return 0;
        }

        if (from == held.Count)
        {
            return double.PositiveInfinity;
        }

        var holding = held[from];
        var residue = holding.Kind == HoldingKind.Sleeping ? holding.Bytes : holding.BytesAfter;
        var freed = holding.Bytes - residue;
        var awake = holding.WorthAwake * (freed / (double)Make.GiB);
        var asleep = holding.WorthAsleep * (residue / (double)Make.GiB);
        return Math.Min(
            Best(held, missing, from + 1),
            Math.Min(awake + Best(held, missing - freed, from + 1), awake + asleep + Best(held, missing - holding.Bytes, from + 1)));
    }
}
