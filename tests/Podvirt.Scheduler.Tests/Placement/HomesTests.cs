using Podvirt.Core.Gpus;
using Podvirt.Scheduler.Placement;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Placement;

public class HomesTests
{
    private const long GiB = Make.GiB;

    [Fact]
    public void SmallModel_LeavesTheLargeOnesTheirGpus()
    {
        Assert.Equal("SIM-1", Place(20, Make.Gpus(3, 80), Sleeper("large", "SIM-0", 72), Sleeper("small", "SIM-1", 20)));
        Assert.Equal("SIM-1", Place(20, Make.Gpus(2, 80), Sleeper("large", "SIM-0", 72)));
    }

    [Fact]
    public void LargeModel_SleepsAmongLargeOnes()
    {
        Assert.Equal("SIM-0", Place(72, Make.Gpus(3, 80), Sleeper("large", "SIM-0", 72), Sleeper("small", "SIM-1", 20)));
    }

    [Fact]
    public void Home_TakesNoMore_ThanCanSleepWhileOneIsAwake()
    {
        // 80 GiB hold one of 72 GiB awake and four residues of 2 GiB.
        var four = Enumerable.Range(0, 4).Select(i => Sleeper($"large{i}", "SIM-0", 72)).ToArray();
        Assert.Equal("SIM-0", Place(70, Make.Gpus(2, 80), four));
        Assert.Equal("SIM-1", Place(70, Make.Gpus(2, 80), [.. four, Sleeper("large4", "SIM-0", 72)]));
    }

    [Fact]
    public void Home_IsTheOneWithMostRoom()
    {
        Assert.Equal("SIM-1", Place(
            20, Make.Gpus(2, 80), Sleeper("a", "SIM-0", 20), Sleeper("b", "SIM-0", 20), Sleeper("c", "SIM-1", 20)));
    }

    [Fact]
    public void WithoutHomeOrUnusedGpu_OtherHomesAreTaken_BeforeThoseThatAreFull()
    {
        var full = Enumerable.Range(0, 5).Select(i => Sleeper($"large{i}", "SIM-0", 72));
        Assert.Equal("SIM-1", Place(20, Make.Gpus(2, 80), [.. full, Sleeper("large", "SIM-1", 72)]));
    }

    [Fact]
    public void SleepersThatAreExpectedBack_AreLeftTheirRoom_WhereOthersHaveSome()
    {
        var back = Sleeper("back", "SIM-0", 40) with { ExpectedBytes = 38 * GiB };
        Assert.Equal("SIM-1", Place(60, Make.Gpus(2, 80), back, Sleeper("large", "SIM-1", 40)));
        Assert.Equal("SIM-0", Place(60, Make.Gpus(1, 80), back));
    }

    [Fact]
    public void WhatIsLarge_DependsOnTheGpu()
    {
        IReadOnlyList<GpuDevice> gpus = [.. Make.Gpus(2, 24, "small"), .. Make.Gpus(2, 80, "large", first: 2)];
        Assert.Equal("SIM-2", Place(20, gpus, Sleeper("x", "SIM-2", 20), Sleeper("y", "SIM-0", 10)));
    }

    private static Holding Sleeper(string replica, string gpu, int gib) =>
        new(replica, [gpu], 2 * GiB, 0, HoldingKind.Sleeping, AwakeBytes: gib * GiB);

    private static string Place(int gib, IReadOnlyList<GpuDevice> gpus, params Holding[] holdings)
    {
        var ledger = new MemoryLedger(gpus);
        Array.ForEach(holdings, ledger.Put);
        var decision = Planner.Decide(ledger, new PlacementRequest(1, gib * GiB, EvictionScope.None));
        Assert.Equal(PlacementOutcome.Fits, decision.Outcome);
        return Assert.Single(decision.Gpus).Id;
    }
}
