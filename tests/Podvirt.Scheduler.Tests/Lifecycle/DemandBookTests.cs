using Podvirt.Core.Messages;
using Podvirt.Scheduler.Lifecycle;

namespace Podvirt.Scheduler.Tests.Lifecycle;

public sealed class DemandBookTests
{
    private static readonly TimeSpan s_lease = TimeSpan.FromSeconds(5);

    private readonly DemandBook _book = new(s_lease);

    [Fact]
    public void SilentGateway_IsWaitedForWhileItHasItsMembership()
    {
        _book.Meet(Members("a"));
        _book.Record(Report("a", revision: 1, inFlight: 2), TimeSpan.Zero);
        _book.Expire(s_lease * 3);
        Assert.Equal(1, _book.Gateways);
        Assert.Equal(2, _book.InFlightOf("r"));
        Assert.False(_book.IsFenced("r", epoch: 1, revision: 2));

        _book.Meet(Members());
        _book.Expire(s_lease * 3);
        Assert.Equal(0, _book.Gateways);
        Assert.True(_book.IsFenced("r", epoch: 1, revision: 2));
    }

    [Fact]
    public void MembershipEnded_ButHeardLately_IsWaitedForToo()
    {
        _book.Record(Report("a", revision: 1), TimeSpan.Zero);
        _book.Meet(Members());
        _book.Expire(s_lease - TimeSpan.FromTicks(1));
        Assert.False(_book.IsFenced("r", epoch: 1, revision: 2));
        _book.Expire(s_lease);
        Assert.True(_book.IsFenced("r", epoch: 1, revision: 2));
    }

    [Fact]
    public void MemberThatWasNotHeardYet_HasGivenNoFence()
    {
        _book.Meet(Members("a", "b"));
        _book.Record(Report("a", revision: 2), TimeSpan.Zero);
        Assert.False(_book.IsFenced("r", epoch: 1, revision: 2));
        _book.Record(Report("b", revision: 2), TimeSpan.Zero);
        Assert.True(_book.IsFenced("r", epoch: 1, revision: 2));
    }

    private static HashSet<string> Members(params string[] gateways) => new(gateways, StringComparer.Ordinal);

    private static GatewayReport Report(string gateway, long revision, int inFlight = 0) =>
        new(gateway, 1, revision, [], inFlight > 0 ? [new ReplicaLoad("r", inFlight)] : []);
}
