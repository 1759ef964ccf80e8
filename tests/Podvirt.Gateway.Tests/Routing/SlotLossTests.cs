using Microsoft.Extensions.DependencyInjection;
using Podvirt.Core.Messages;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Messaging;
using Podvirt.Messaging.Nats;
using Podvirt.Testing.Nats;

namespace Podvirt.Gateway.Tests.Routing;

/// <summary>Gateways that share a replica's slots by a real NATS, which loses the last claims that it had acknowledged.</summary>
public sealed class SlotLossTests : IAsyncLifetime
{
    private const int Slots = 16;

    private readonly OneStore _shared = new();
    private readonly RouteTable _table = new(1, 1, [Lot.Active(1, Slots)]);
    private readonly List<ServiceProvider> _processes = [];
    private readonly List<SharedGateway> _gateways = [];
    private NatsServer _nats = null!;

    public async ValueTask InitializeAsync() => _nats = await NatsServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var gateway in _gateways)
        {
            await gateway.DisposeAsync();
        }
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }
        await _nats.DisposeAsync();
        _shared.Dispose();
    }

    [Fact]
    public async Task ClaimsLost_AreMadeAgain_AndNobodyIsStuck()
    {
        var store = NewStore();
        var first = await JoinAsync();
        await PassUntilAsync(() => first.Limit() == Slots, () => $"the first has all; {first.Limit()}");
        SharedGateway second = null!;
        await _nats.LoseEndAsync(async () =>
        {
            // Whatever else is written: the lost claims have revisions that the store will not come to again soon.
            for (var i = 0; i < 50; i++)
            {
                await store.PutAsync("else", new byte[] { 1 }, StateDurability.Process);
            }
            second = await JoinAsync();
            await PassUntilAsync(
                () => (first.Limit(), second.Limit()) == (Slots / 2, Slots / 2), () => $"each has half; {first.Limit()} and {second.Limit()}");
        });

        // The store has it that the first holds all and the second none; they come to the same again.
        SlotClaims stored = SlotClaims.None;
        await PassUntilAsync(
            () =>
            {
                stored = Stored(store);
                return first.Limit() == Slots / 2 && second.Limit() == Slots / 2 && stored.Of(second.Membership.Id)?.Held == Slots / 2;
            },
            () => $"each has half again; {first.Limit()} and {second.Limit()}, in the store {string.Join(" ", stored.Claims)}");
        Assert.Equal(Slots, stored.Held);

        // Who has a use for more gets it of whoever has none.
        var leases = new List<Lease>();
        await PassUntilAsync(
            () => leases.Count == Slots * 3 / 4 || Add(leases, second.TryLease()), () => $"the second has a slot more than {leases.Count}");
        Assert.InRange(first.Limit(), 0, Slots - leases.Count);
        leases.ForEach(lease => lease.Dispose());
    }

    private static SlotClaims Stored(IStateStore store)
    {
        try
        {
            return store.GetAsync(SlotClaims.KeyOf("m-0")).AsTask().GetAwaiter().GetResult()?.Read<SlotClaims>() ?? SlotClaims.None;
        }
        catch (IOException)
        {
            // The server is not back yet.
            return SlotClaims.None;
        }
    }

    private static bool Add(List<Lease> leases, Lease? lease)
    {
        if (lease is not null)
        {
            leases.Add(lease);
        }
        return leases.Count == Slots * 3 / 4;
    }

    private IStateStore NewStore()
    {
        var process = new ServiceCollection().AddLogging().AddPodvirtNatsMessaging(new NatsOptions { Url = _nats.Url }).BuildServiceProvider();
        _processes.Add(process);
        return process.GetRequiredService<IStateStore>();
    }

    private async Task<SharedGateway> JoinAsync()
    {
        var gateway = await SharedGateway.StartAsync(_shared, NewStore());
        _gateways.Add(gateway);
        await _shared.Bus.PublishAsync(Subjects.Routes, _table);
        await gateway.HearAsync(_table);
        return gateway;
    }

    /// <summary>The gateways' clock: what failed while the server was away is tried again after a while.</summary>
    private Task PassUntilAsync(Func<bool> condition, Func<string> what) => Eventually.TrueAsync(
        () =>
        {
            if (condition())
            {
                return true;
            }
            _shared.Clock.Advance(TimeSpan.FromMilliseconds(50));
            foreach (var gateway in _gateways)
            {
                gateway.Membership.RenewAsync(default).GetAwaiter().GetResult();
            }
            return false;
        },
        what);
}
