using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Core.Messages;
using Podvirt.Gateway.Routing;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>One of several gateways, as far as routes, membership and slots go: no sockets.</summary>
internal sealed class SharedGateway : IAsyncDisposable
{

    public SharedGateway(OneStore shared, IStateStore? store = null)
    {
        Routes = shared.NewRoutes(new GatewayOptions { HasPeers = true });
        Membership = new Membership(
            shared.Leases, new CutOffBus(shared.Clock), Routes, shared.Clock, NullLogger<Membership>.Instance);
        Keeper = new SlotKeeper(Routes, Membership, store ?? shared.Store, shared.Clock, NullLogger<SlotKeeper>.Instance);
    }

    public RouteDirectory Routes { get; }

    public Membership Membership { get; }

    public SlotKeeper Keeper { get; }

    public ModelDispatcher Model => Routes.TryFind("m", out var model) ? model : throw new InvalidOperationException("There is no model yet.");

    public static async Task<SharedGateway> StartAsync(OneStore shared, IStateStore? store = null)
    {
        var gateway = new SharedGateway(shared, store);
        await gateway.Routes.StartAsync(CancellationToken.None);
        await gateway.Membership.RenewAsync(CancellationToken.None);
        await gateway.Keeper.StartAsync(CancellationToken.None);
        return gateway;
    }

    /// <summary>What it may use of a replica's slots now.</summary>
    public int Limit(string replica = "m-0") => Routes.FindReplica(replica)?.Replica.Limit ?? 0;

    public Lease? TryLease(ulong session = 1) => Model.TryLease(session, []);

    public async Task HearAsync(RouteTable table) =>
        await Eventually.TrueAsync(() => !table.IsNewerThan(Routes.Table), "the table is applied");

    /// <summary>Stops at once and says nothing to anybody, as a killed process does: its lease ends by its time.</summary>
    public async Task KillAsync()
    {
        await Keeper.StopAsync(CancellationToken.None);
        await Routes.StopAsync(CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Keeper.Dispose();
        Membership.Dispose();
        Routes.Dispose();
    }
}
