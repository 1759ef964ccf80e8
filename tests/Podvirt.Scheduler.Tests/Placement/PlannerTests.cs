using CsCheck;
using Podvirt.Core.Gpus;
using Podvirt.Scheduler.Placement;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Placement;

public class PlannerTests
{
    private const long GiB = Make.GiB;

    [Fact]
    public void TightestFit_Wins()
    {
        var decision = Decide(
            Make.Gpus(3, 80), Need(20), Hold("x", 30, HoldingKind.Fixed, "SIM-1"),
            Hold("y", 50, HoldingKind.Fixed, "SIM-2"));
        Assert.Equal(PlacementOutcome.Fits, decision.Outcome);
        Assert.Equal(["SIM-2"], decision.Gpus.Select(gpu => gpu.Id));
    }

    [Fact]
    public void SeveralGpus_AreOfOneNodeAndOneType()
    {
        IReadOnlyList<GpuDevice> gpus =
        [
            .. Make.Gpus(1, 80, "one"), .. Make.Gpus(1, 80, "two", first: 1),
            .. Make.Gpus(1, 80, "two", "OTHER", first: 2), .. Make.Gpus(1, 80, "two", first: 3),
        ];
        Assert.Equal(["SIM-1", "SIM-3"], Decide(gpus, Need(40, count: 2)).Gpus.Select(gpu => gpu.Id));
        Assert.Equal(PlacementOutcome.NoRoom, Decide(gpus, Need(40, count: 3)).Outcome);
    }

    [Fact]
    public void FreeGpu_IsTakenBeforeAnybodyIsEvicted()
    {
        var decision = Decide(Make.Gpus(2, 80), Need(60), Hold("idle", 60, HoldingKind.Idle, "SIM-0"));
        Assert.Equal(["SIM-1"], decision.Gpus.Select(gpu => gpu.Id));
        Assert.Empty(decision.Victims);
    }

    [Fact]
    public void Sleepers_GoFirst_WhereTheirResidueIsEnough()
    {
        var decision = Decide(
            Make.Gpus(1, 80), Need(30), Hold("idle", 49, HoldingKind.Idle, "SIM-0", after: 1),
            Hold("asleep", 2, HoldingKind.Sleeping, "SIM-0", after: 0));
        Assert.Equal([new Victim("asleep", Sleep: false, HoldingKind.Sleeping)], decision.Victims);
    }

    [Fact]
    public void Sleepers_AreSpared_WhereAnIdleOneHasToGoAnyway()
    {
        var decision = Decide(
            Make.Gpus(1, 80), Need(60), Hold("idle", 60, HoldingKind.Idle, "SIM-0", after: 1),
            Hold("asleep", 2, HoldingKind.Sleeping, "SIM-0", after: 0));
        Assert.Equal([new Victim("idle", Sleep: true, HoldingKind.Idle)], decision.Victims);
    }

    [Fact]
    public void LeastRecentlyUsed_GoesFirst()
    {
        var decision = Decide(
            Make.Gpus(1, 80), Need(30),
            Hold("recent", 40, HoldingKind.Idle, "SIM-0", after: 1, used: 50),
            Hold("old", 40, HoldingKind.Idle, "SIM-0", after: 1, used: 10));
        Assert.Equal(["old"], decision.Victims.Select(victim => victim.Replica));
    }

    [Fact]
    public void ResidueThatDoesNotSuffice_IsStopped()
    {
        var decision = Decide(Make.Gpus(1, 80), Need(80), Hold("idle", 60, HoldingKind.Idle, "SIM-0", after: 1));
        Assert.Equal([new Victim("idle", Sleep: false, HoldingKind.Idle)], decision.Victims);
    }

    [Fact]
    public void ThoseThatLeaveAlready_AreWaitedFor()
    {
        var decision = Decide(
            Make.Gpus(1, 80), Need(60), Hold("leaving", 60, HoldingKind.Leaving, "SIM-0", after: 1),
            Hold("idle", 10, HoldingKind.Idle, "SIM-0", after: 1));
        Assert.Equal(PlacementOutcome.Evict, decision.Outcome);
        Assert.Empty(decision.Victims);
    }

    [Fact]
    public void BusyOnes_AreLeftAlone_UnlessTheScopeSaysSo()
    {
        var busy = Hold("busy", 60, HoldingKind.Busy, "SIM-0", after: 1);
        Assert.Equal(PlacementOutcome.NoRoom, Decide(Make.Gpus(1, 80), Need(60), busy).Outcome);
        var forced = Decide(Make.Gpus(1, 80), Need(60) with { Scope = EvictionScope.Busy }, busy);
        Assert.Equal(["busy"], forced.Victims.Select(victim => victim.Replica));
    }

    [Fact]
    public void ClaimedGpus_AreNotTaken()
    {
        var decision = Planner.Decide(new PlacementSnapshot(Make.Gpus(1, 80), [], new HashSet<string> { "SIM-0" }), Need(10));
        Assert.Equal(PlacementOutcome.NoRoom, decision.Outcome);
    }

    [Fact]
    public void VictimOnTwoGpus_IsNamedOnce()
    {
        var decision = Decide(Make.Gpus(2, 80), Need(60, count: 2), Hold("wide", 60, HoldingKind.Idle, ["SIM-0", "SIM-1"], after: 1));
        Assert.Equal(["wide"], decision.Victims.Select(victim => victim.Replica));
    }

    [Fact]
    public void WhyNever_GivesTheNumbers()
    {
        Assert.Null(Planner.WhyNever(Make.Gpus(2, 80), 2, 80 * GiB, true));
        Assert.Equal("needs 3 × 80 GiB on one node; the largest is 2 × 80 GiB", Planner.WhyNever(Make.Gpus(2, 80), 3, 80 * GiB, true));
        Assert.Equal("needs 1 × 1.5 GiB on one node; there is no real gpu", Planner.WhyNever(Make.Gpus(2, 80), 1, 3 * GiB / 2, false));
        Assert.Equal("needs 1 × 1 GiB on one node; there is no gpu", Planner.WhyNever([], 1, GiB, null));
    }

    /// <summary>Whatever the snapshot: a fit never over-commits a gpu, and a plan frees enough with nobody to spare.</summary>
    [Fact]
    public void RandomSnapshots_AreNeverOverCommitted() => Gen.Int[0, int.MaxValue].Sample(seed =>
    {
        var random = new Random(seed);
        var gpus = Enumerable.Range(0, random.Next(1, 6))
            .Select(index => new GpuDevice($"SIM-{index}", index, $"node{random.Next(2)}", "SIM", random.Next(2, 9) * 10 * GiB, true))
            .ToList();
        var held = gpus.ToDictionary(gpu => gpu.Id, _ => 0L);
        var holdings = new List<Holding>();
        for (var i = 0; i < random.Next(12); i++)
        {
            var on = gpus.Where(_ => random.Next(3) == 0).Select(gpu => gpu.Id).ToList();
            var bytes = random.Next(1, 60) * GiB;
            if (on.Count > 0 && on.TrueForAll(id => held[id] + bytes <= gpus.Single(gpu => gpu.Id == id).MemoryBytes))
            {
                on.ForEach(id => held[id] += bytes);
                var kind = (HoldingKind)random.Next(5);
                var after = kind == HoldingKind.Sleeping ? 0 : Math.Min(bytes, random.Next(3) * GiB);
                holdings.Add(new Holding($"r{i}", on, bytes, after, kind, TimeSpan.FromSeconds(random.Next(100))));
            }
        }

        var request = new PlacementRequest(random.Next(1, 4), random.Next(1, 90) * GiB, (EvictionScope)random.Next(3));
        var decision = Planner.Decide(new PlacementSnapshot(gpus, holdings, new HashSet<string>()), request);
        if (decision.Outcome == PlacementOutcome.NoRoom)
        {
            return;
        }

        Assert.Equal(request.Count, decision.Gpus.Distinct().Count());
        Assert.Single(decision.Gpus.Select(gpu => (gpu.Node, gpu.Type)).Distinct());
        foreach (var gpu in decision.Gpus)
        {
            var after = holdings.Where(holding => holding.Gpus.Contains(gpu.Id)).Sum(holding => Remaining(holding, decision));
            Assert.True(
                after + request.Bytes <= gpu.MemoryBytes,
                $"seed {seed}: {gpu.Id} would hold {after} + {request.Bytes} of {gpu.MemoryBytes}");
        }

        Assert.All(decision.Victims, victim => Assert.True(victim.Kind is not (HoldingKind.Fixed or HoldingKind.Leaving)));
    }, iter: 5000);

    private static long Remaining(Holding holding, PlacementDecision decision)
    {
        var victim = decision.Victims.FirstOrDefault(victim => victim.Replica == holding.Replica);
        if (victim is not null)
        {
            return victim.Sleep ? holding.BytesAfter : 0;
        }

        return holding.Kind == HoldingKind.Leaving && decision.Outcome == PlacementOutcome.Evict ? holding.BytesAfter : holding.Bytes;
    }

    private static PlacementRequest Need(int gib, int count = 1) => new(count, gib * GiB, EvictionScope.Idle);

    private static Holding Hold(string replica, int gib, HoldingKind kind, string gpu, int? after = null, int used = 0) =>
        Hold(replica, gib, kind, [gpu], after, used);

    private static Holding Hold(string replica, int gib, HoldingKind kind, string[] gpus, int? after = null, int used = 0) =>
        new(replica, gpus, gib * GiB, (after ?? gib) * GiB, kind, TimeSpan.FromSeconds(used));

    private static PlacementDecision Decide(IReadOnlyList<GpuDevice> gpus, PlacementRequest request, params Holding[] holdings) =>
        Planner.Decide(new PlacementSnapshot(gpus, holdings, new HashSet<string>()), request);
}
