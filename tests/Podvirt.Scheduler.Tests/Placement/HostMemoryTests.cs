using Podvirt.Scheduler.Placement;

namespace Podvirt.Scheduler.Tests.Placement;

public class HostMemoryTests
{
    private const long GiB = 1L << 30;

    [Theory]
    [InlineData(40, true, false)]
    [InlineData(40, false, true)]
    [InlineData(30, true, true)]
    [InlineData(70, false, false)]
    public void Claim_HasRoomBesideThoseWhoSaveMore_AndForHalfOfWhatTheyWillAskForLater(int others, bool areHeld, bool isEntitled) =>
        Assert.Equal(isEntitled, HostMemory.IsEntitled(new HostClaim(30 * GiB, 1, false), [new HostClaim(others * GiB, 100, areHeld)], 60 * GiB));

    [Fact]
    public void WhatCounts_IsWhatAByteSaves()
    {
        var own = new HostClaim(30 * GiB, 1, false);
        Assert.True(HostMemory.IsEntitled(own, [new HostClaim(60 * GiB, 1.9, true)], 60 * GiB));
        Assert.False(HostMemory.IsEntitled(own, [new HostClaim(60 * GiB, 2.1, true)], 60 * GiB));
        Assert.False(HostMemory.IsEntitled(own with { Bytes = 61 * GiB }, [], 60 * GiB));
    }

    [Fact]
    public void SleepersThatSaveTheLeastForEachByte_GiveWay_WhereThatGainsMore()
    {
        EvictionStep[] sleepers = [Sleeper("dear", 20, 4), Sleeper("large", 40, 2), Sleeper("small", 20, 1.5)];
        Assert.Equal(["large"], HostMemory.GiveWay(sleepers, 30 * GiB, gain: 2.1)!.Select(eviction => eviction.Holding.Replica));
        Assert.Equal(["large", "small"], HostMemory.GiveWay(sleepers, 60 * GiB, gain: 3.6)!.Select(eviction => eviction.Holding.Replica).Order());
        Assert.Null(HostMemory.GiveWay(sleepers, 30 * GiB, gain: 2));
        Assert.Null(HostMemory.GiveWay(sleepers, 81 * GiB, gain: double.PositiveInfinity));
    }

    private static EvictionStep Sleeper(string name, int gib, double loss) =>
        new(new Holding(name, ["gpu-0"], GiB, 0, HoldingKind.Sleeping), Stops: true, gib * GiB, loss);
}
