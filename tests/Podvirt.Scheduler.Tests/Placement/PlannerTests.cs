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
            Make.Gpus(3, 80), Need(20), Hold("x", 30, HoldingKind.Kept, "SIM-1"),
            Hold("y", 50, HoldingKind.Kept, "SIM-2"));
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
    public void LeastWorth_GoesFirst()
    {
        var decision = Decide(
            Make.Gpus(1, 80), Need(30),
            Hold("dear", 40, HoldingKind.Idle, "SIM-0", after: 1, worth: 50),
            Hold("cheap", 40, HoldingKind.Idle, "SIM-0", after: 1, worth: 10));
        Assert.Equal([new Victim("cheap", Sleep: true, HoldingKind.Idle)], decision.Victims);
    }

    [Fact]
    public void OneLarge_IsTaken_WhereManySmallOnesAreWorthMore()
    {
        var decision = Decide(
            Make.Gpus(1, 80), Need(40),
            Hold("a", 20, HoldingKind.Idle, "SIM-0", after: 0, worth: 2),
            Hold("b", 20, HoldingKind.Idle, "SIM-0", after: 0, worth: 3),
            Hold("c", 40, HoldingKind.Idle, "SIM-0", after: 0, worth: 2.1));
        Assert.Equal(["c"], decision.Victims.Select(victim => victim.Replica));
    }

    [Fact]
    public void Sleepers_GoFirst_WhereTheyAreWorthLess()
    {
        var decision = Decide(
            Make.Gpus(1, 80), Need(30), Hold("idle", 49, HoldingKind.Idle, "SIM-0", after: 1, worth: 5, asleep: 9),
            Hold("asleep", 2, HoldingKind.Sleeping, "SIM-0", after: 0, asleep: 1));
        Assert.Equal([new Victim("asleep", Sleep: false, HoldingKind.Sleeping)], decision.Victims);
    }

    [Fact]
    public void Sleepers_AreSpared_WhereAnIdleOneHasToGoAnyway()
    {
        var decision = Decide(
            Make.Gpus(1, 80), Need(60), Hold("idle", 60, HoldingKind.Idle, "SIM-0", after: 1, worth: 2, asleep: 9),
            Hold("asleep", 2, HoldingKind.Sleeping, "SIM-0", after: 0, asleep: 1));
        Assert.Equal([new Victim("idle", Sleep: true, HoldingKind.Idle)], decision.Victims);
    }

    [Fact]
    public void ResidueThatDoesNotSuffice_IsStopped()
    {
        var decision = Decide(Make.Gpus(1, 80), Need(80), Hold("idle", 60, HoldingKind.Idle, "SIM-0", after: 1));
        Assert.Equal([new Victim("idle", Sleep: false, HoldingKind.Idle)], decision.Victims);
    }

    [Fact]
    public void ResidueThatIsWorthLittle_StaysAllTheSame_WhereNobodyNeedsItsRoom()
    {
        var decision = Decide(Make.Gpus(1, 80), Need(70), Hold("idle", 60, HoldingKind.Idle, "SIM-0", after: 1, worth: 5, asleep: 0));
        Assert.Equal([new Victim("idle", Sleep: true, HoldingKind.Idle)], decision.Victims);
        Assert.Equal(5 * 59, decision.Loss, tolerance: 1e-6);
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
    public void ThoseOnTheirWayUp_AreWaitedFor_OnlyByWhoHasAged()
    {
        var rising = Hold("rising", 60, HoldingKind.Rising, "SIM-0");
        Assert.Equal(PlacementOutcome.NoRoom, Decide(Make.Gpus(1, 80), Need(60), rising).Outcome);
        var aged = Decide(Make.Gpus(1, 80), Need(60) with { Scope = EvictionScope.Busy }, rising);
        Assert.Equal((PlacementOutcome.Evict, 0, "SIM-0"), (aged.Outcome, aged.Victims.Count, aged.Gpus.Single().Id));
        var never = Decide(Make.Gpus(1, 80), Need(60) with { Scope = EvictionScope.Busy }, Hold("kept", 60, HoldingKind.Kept, "SIM-0"));
        Assert.Equal(PlacementOutcome.NoRoom, never.Outcome);
    }

    [Fact]
    public void ClaimedGpus_AreNotTaken_UntilTheClaimsAreReleased()
    {
        var ledger = new MemoryLedger(Make.Gpus(1, 80));
        ledger.Claim(["SIM-0"]);
        Assert.Equal(PlacementOutcome.NoRoom, Planner.Decide(ledger, Need(10)).Outcome);
        ledger.ReleaseClaims();
        Assert.Equal(PlacementOutcome.Fits, Planner.Decide(ledger, Need(10)).Outcome);
    }

    [Fact]
    public void QuietGpus_AreTakenBeforeThoseInATransition()
    {
        var decision = Decide(
            Make.Gpus(2, 80), Need(20), new Holding("starting", ["SIM-0"], 20 * GiB, 20 * GiB, HoldingKind.Rising, IsChanging: true));
        Assert.Equal(["SIM-1"], decision.Gpus.Select(gpu => gpu.Id));
    }

    [Fact]
    public void Spread_TakesTheEmptiest()
    {
        var need = Need(20) with { Order = PlacementOrder.Spread };
        var decision = Decide(
            [.. Make.Gpus(2, 80, "one"), .. Make.Gpus(2, 80, "two", first: 2)], need,
            Hold("x", 30, HoldingKind.Kept, "SIM-0"), Hold("y", 10, HoldingKind.Kept, "SIM-1"), Hold("z", 10, HoldingKind.Kept, "SIM-2"));
        Assert.Equal(["SIM-3"], decision.Gpus.Select(gpu => gpu.Id));
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

    private static PlacementRequest Need(int gib, int count = 1) => new(count, gib * GiB, EvictionScope.Idle);

    private static Holding Hold(
        string replica, int gib, HoldingKind kind, string gpu, int? after = null, double worth = 0, double asleep = 100) =>
        Hold(replica, gib, kind, [gpu], after, worth, asleep);

    private static Holding Hold(
        string replica, int gib, HoldingKind kind, string[] gpus, int? after = null, double worth = 0, double asleep = 100) =>
        new(replica, gpus, gib * GiB, (after ?? gib) * GiB, kind, worth, asleep);

    private static PlacementDecision Decide(IReadOnlyList<GpuDevice> gpus, PlacementRequest request, params Holding[] holdings)
    {
        var ledger = new MemoryLedger(gpus);
        Array.ForEach(holdings, ledger.Put);
        return Planner.Decide(ledger, request);
    }
}
