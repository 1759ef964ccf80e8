using Podvirt.Scheduler.Runtimes.Nomad;
using Podvirt.Scheduler.Runtimes.Nomad.Api;
using Podvirt.Scheduler.Tests.Doubles;

namespace Podvirt.Scheduler.Tests.Runtimes.Nomad;

public sealed class NoRoomTests
{
    private static readonly PlacementMetric s_filtered = new(2, 2, 0, new Dictionary<string, int> { ["missing devices"] = 2 });
    private static readonly PlacementMetric s_exhausted = new(2, 0, 2, null, new Dictionary<string, int> { ["devices: no devices match request"] = 2 });

    [Fact]
    public void FilteredEverywhere_IsForGood_ExhaustedIsNot()
    {
        Assert.True(NoRoom.IsForGood(s_filtered, 0, 0, []));
        Assert.False(NoRoom.IsForGood(s_exhausted, 0, 0, []));
        Assert.False(NoRoom.IsForGood(new PlacementMetric(3, 2, 1), 0, 0, []));
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public void MixedCards_AreForGood_ThoughNomadCallsThemBusy(int count, bool isForGood) => Assert.Equal(
        isForGood,
        NoRoom.IsForGood(s_exhausted, count, 80 * Make.GiB,
            [new DeviceGroup("n1", "nvidia/gpu/H100", 80 * Make.GiB, 1, 0), new DeviceGroup("n1", "nvidia/gpu/A100", 80 * Make.GiB, 1, 0)]));

    [Fact]
    public void MixedCards_NeverFit_HoweverManyAreFree() => Assert.Equal(
        "no node has 2 × 80 GiB gpus of one kind: the most is 1 × 80 GiB (nvidia/gpu/H100 on n1)",
        NoRoom.Tell(s_exhausted, 2, 80 * Make.GiB,
        [
            new DeviceGroup("n1", "nvidia/gpu/H100", 80 * Make.GiB, 1, 1), new DeviceGroup("n1", "nvidia/gpu/A100", 80 * Make.GiB, 1, 1),
            new DeviceGroup("n2", "nvidia/gpu/L4", 24 * Make.GiB, 8, 8),
        ]));

    [Fact]
    public void SmallCards_NeverFit() => Assert.Equal(
        "no node has 1 × 40 GiB gpus of one kind: the most is 8 × 24 GiB (nvidia/gpu/L4 on n2)",
        NoRoom.Tell(s_filtered, 1, 40 * Make.GiB, [new DeviceGroup("n2", "nvidia/gpu/L4", 24 * Make.GiB, 8, 8)]));

    [Fact]
    public void NoCards_NeverFit() => Assert.Equal("no node has 1 × 40 GiB gpus of one kind: no node has any gpu", NoRoom.Tell(s_filtered, 1, 40 * Make.GiB, []));

    [Fact]
    public void ClaimedCards_AreCountedByGroup() => Assert.Equal(
        "no node has 2 × 80 GiB gpus of one kind free: at most 1 of 4 × 80 GiB (nvidia/gpu/H100 on n2)",
        NoRoom.Tell(s_exhausted, 2, 80 * Make.GiB,
            [new DeviceGroup("n1", "nvidia/gpu/H100", 80 * Make.GiB, 2, 0), new DeviceGroup("n2", "nvidia/gpu/H100", 80 * Make.GiB, 4, 1)]));

    [Fact]
    public void WithoutClaims_NomadsOwnCountsAreTold() => Assert.Equal(
        "Nomad finds no node for it: ${node.unique.id} = n1 on 3 nodes, memory on 1 node",
        NoRoom.Tell(
            new PlacementMetric(4, 3, 1, new Dictionary<string, int> { ["${node.unique.id} = n1"] = 3 }, new Dictionary<string, int> { ["memory"] = 1 }),
            0, 0, []));
}
