using CsCheck;
using Podvirt.Core.Messages;
using Podvirt.Core.Replicas;

namespace Podvirt.Core.Tests.Messages;

public sealed class RouteTableTests
{
    [Theory]
    [InlineData(1, 1, 1, 0, true)]
    [InlineData(1, 1, 1, 1, false)]
    [InlineData(1, 0, 1, 1, false)]
    [InlineData(2, 0, 1, 99, true)]
    [InlineData(1, 99, 2, 0, false)]
    public void IsNewerThan_LooksAtTheEpochFirst(long epoch, long revision, long otherEpoch, long otherRevision, bool expected) =>
        Assert.Equal(expected, new RouteTable(epoch, revision, []).IsNewerThan(new RouteTable(otherEpoch, otherRevision, [])));

    [Fact]
    public void OfTwoTables_AtMostOneIsNewer()
    {
        var table = Gen.Select(Gen.Long[0, 3], Gen.Long[0, 3]).Select((epoch, revision) => new RouteTable(epoch, revision, []));
        Gen.Select(table, table).Sample((a, b) =>
        {
            var isSame = a.Epoch == b.Epoch && a.Revision == b.Revision;
            return isSame ? !a.IsNewerThan(b) && !b.IsNewerThan(a) : a.IsNewerThan(b) != b.IsNewerThan(a);
        }, iter: 1_000);
    }

    [Fact]
    public void OnlyAnActiveReplica_Admits() =>
        Assert.All(Enum.GetValues<ReplicaState>(), state =>
            Assert.Equal(state == ReplicaState.Active, new ReplicaRoute("r", "", "", "m", 1, 1, state, [], "").Admits));

    [Theory]
    [InlineData(10_000, 0, 0, 10_000.0)]
    [InlineData(10_000, 0, 4000, 6000.0)]
    [InlineData(10_000, 0, 9999, 1.0)]
    [InlineData(10_000, 0, 10_000, null)]
    [InlineData(10_000, 0, 99_000, null)]
    [InlineData(10_000, 3000, 6500, 3500.0)]
    [InlineData(10_000, 3000, 7500, 3000.0)]
    [InlineData(10_000, 3000, 99_000, 3000.0)]
    [InlineData(null, 0, 0, null)]
    public void WarmUp_SaysWhatIsLeft_NeverLessThanTheLaterPhasesTake(int? expectedMs, long leastMs, int passedMs, double? leftMs)
    {
        var since = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var warmUp = new WarmUp("weights", since, expectedMs is { } ms ? since.AddMilliseconds(ms) : null, leastMs);
        Assert.Equal(leftMs, warmUp.Left(since.AddMilliseconds(passedMs))?.TotalMilliseconds);
    }

    [Fact]
    public void Subjects_HaveDifferentNames()
    {
        string[] names = [Subjects.Routes.Name, Subjects.GatewayReports.Name, Subjects.ReplicaTroubles.Name];
        Assert.Equal(names.Length, names.Distinct(StringComparer.Ordinal).Count());
    }
}
