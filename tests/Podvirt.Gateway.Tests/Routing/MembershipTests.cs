using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Core.Messages;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Tests.Routing;

public sealed class MembershipTests : IDisposable
{
    private static readonly TimeSpan s_period = TimeSpan.FromSeconds(6);

    private readonly OneStore _shared = new();
    private readonly CutOffBus _health;
    private readonly FaultyLeases _leases;
    private readonly RouteDirectory _routes;
    private readonly Membership _membership;

    public MembershipTests()
    {
        _health = new CutOffBus(Clock);
        _leases = new FaultyLeases(_shared.Leases);
        _routes = _shared.NewRoutes(new GatewayOptions());
        _membership = new Membership(
            _leases, _health, _routes, Clock, NullLogger<Membership>.Instance);
    }

    private Clock Clock => _shared.Clock;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _membership.Dispose();
        _routes.Dispose();
        _shared.Dispose();
    }

    [Fact]
    public async Task Lease_SaysWhatOthersNeed_AndWhoElseIsThere()
    {
        Assert.False(_membership.IsAttached);
        await _membership.RenewAsync(Token);
        Assert.True(_membership.IsAttached);
        var held = Assert.Single(await _leases.ListAsync(GatewayMember.LeasePrefix, Token));
        Assert.Equal(GatewayMember.LeasePrefix + _membership.Id, held.Name);
        var member = JsonSerializer.Deserialize<GatewayMember>(held.Value.Span, StateJson.Options)!;
        Assert.Equal(new GatewayMember(_membership.Id, Clock.GetUtcNow(), 0, 0), member);

        await _leases.TryTakeAsync(GatewayMember.LeasePrefix + "other", default, Token);
        Clock.Advance(s_period / 3);
        await _membership.RenewAsync(Token);
        Assert.Equal(new HashSet<string> { "other", _membership.Id }, _membership.Members);
    }

    [Fact]
    public async Task StoreAway_LeaseEndsByTheOwnClock_AndNoMomentLater()
    {
        await _membership.RenewAsync(Token);
        Clock.Advance(s_period / 3);
        await _membership.RenewAsync(Token);
        _leases.IsAway = true;
        Clock.Advance(s_period - TimeSpan.FromTicks(1));
        await _membership.RenewAsync(Token);
        Assert.True(_membership.Holds);
        Clock.Advance(TimeSpan.FromTicks(1));
        Assert.False(_membership.Holds);
        Assert.False(_membership.Look());
        Assert.Equal(Clock.GetUtcNow(), _membership.DetachedAt);
    }

    [Fact]
    public async Task BusLost_IsDetachedAtOnce_ThoughTheLeaseHolds()
    {
        await _membership.RenewAsync(Token);
        Assert.True(_membership.Look());
        _health.Cut();
        Assert.True(_membership.Holds);
        Assert.False(_membership.IsAttached);
        Clock.Advance(TimeSpan.FromSeconds(1));
        Assert.False(_membership.Look());
        Assert.Equal(_health.LostAt, _membership.DetachedAt);
        _health.Mend();
        Assert.True(_membership.Look());
        Assert.Null(_membership.DetachedAt);
    }

    [Fact]
    public async Task LeaseTakenAnew_RoutesAreTrustedOnlyOnceTheyAreNewer()
    {
        await _routes.StartAsync(Token);
        await PublishAsync(1);
        await _membership.RenewAsync(Token);
        Assert.True(_membership.IsAttached);

        // Longer than the lease, as a stopped process is: others have gone on without it.
        Clock.Advance(s_period);
        await _membership.RenewAsync(Token);
        Assert.True(_membership.Holds);
        Assert.False(_membership.IsAttached);

        // One that waited in a buffer proves nothing; the scheduler repeats its table, and that does.
        await PublishAsync(2);
        Assert.False(_membership.IsAttached);
        Clock.Advance(TimeSpan.FromSeconds(2));
        var heard = _routes.HeardAt;
        await _shared.Bus.PublishAsync(Subjects.Routes, new RouteTable(1, 2, [Routes.Cold("m")]), Token);
        await Eventually.TrueAsync(() => _routes.HeardAt > heard, "the repeated table is heard");
        Assert.True(_membership.IsAttached);
        await _routes.StopAsync(Token);
    }

    [Fact]
    public async Task Stop_GivesTheLeaseBackAtOnce()
    {
        await _membership.StartAsync(Token);
        await Eventually.TrueAsync(() => _membership.Holds, "the lease is taken");
        await _membership.StopAsync(Token);
        Assert.False(_membership.Holds);
        Assert.Empty(await _leases.ListAsync(GatewayMember.LeasePrefix, Token));
    }

    [Fact]
    public async Task Running_RenewsThreeTimesAPeriod()
    {
        await _membership.StartAsync(Token);
        await Eventually.TrueAsync(() => _membership.Members.Count == 1, "the lease is taken");
        for (var i = 0; i < 12; i++)
        {
            var calls = _leases.Calls;
            Clock.Advance(s_period / 3);
            await Eventually.TrueAsync(() => _leases.Calls >= calls + 2, "it is renewed and the members are listed");
            Assert.True(_membership.Holds);
        }
        await _membership.StopAsync(Token);
    }

    private async Task PublishAsync(long revision)
    {
        await _shared.Bus.PublishAsync(Subjects.Routes, new RouteTable(1, revision, [Routes.Cold("m")]), Token);
        await Eventually.TrueAsync(() => _routes.Table.Revision == revision, "the table is applied");
    }
}
