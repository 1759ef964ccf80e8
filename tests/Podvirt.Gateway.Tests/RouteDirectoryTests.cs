using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Podvirt.Core.Messages;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Tests.Fixtures;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Tests;

public sealed class RouteDirectoryTests
{
    [Fact]
    public async Task TableUnusable_LastGoodOneStaysInForce()
    {
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync(engine);
        host.MayLogErrors = true;
        var bad = Routes.Active("m", [engine]);
        await host.Bus.PublishAsync(Subjects.Routes, new RouteTable(1, 50, [bad with { Replicas = [Routes.Replica("bad", "nowhere")] }]));
        await host.Bus.PublishAsync(Subjects.Routes, new RouteTable(1, 51, [Routes.Cold("m"), Routes.Cold("m")]));
        await host.Bus.PublishAsync(Subjects.Routes, new RouteTable(1, 52, [bad]));
        await Eventually.TrueAsync(() => host.Services.GetRequiredService<RouteDirectory>().Table.Revision == 52, "the good table is applied");
        Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync()).StatusCode);
    }

    [Fact]
    public async Task TableOlderThanTheOneInForce_IsIgnored_ANewerEpochWins()
    {
        await using var host = await GatewayHost.StartAsync();
        await host.Bus.PublishAsync(Subjects.Routes, new RouteTable(2, 7, [Routes.Cold("a")]));
        var directory = host.Services.GetRequiredService<RouteDirectory>();
        await Eventually.TrueAsync(() => directory.Table.Epoch == 2, "the table is applied");
        await host.Bus.PublishAsync(Subjects.Routes, new RouteTable(1, 99, [Routes.Cold("b")]));
        await host.Bus.PublishAsync(Subjects.Routes, new RouteTable(2, 6, [Routes.Cold("c")]));
        await host.Bus.PublishAsync(Subjects.Routes, new RouteTable(3, 1, [Routes.Cold("d")]));
        await Eventually.TrueAsync(() => directory.Table.Epoch == 3, "the table of the newer epoch is applied");
        Assert.True(directory.TryFind("d", out _));
        Assert.False(directory.TryFind("a", out _));
    }

    [Fact]
    public async Task BusDown_RequestsAreServedAllTheSame()
    {
        await using var dead = new FakeEngine();
        dead.StopListening();
        await using var engine = new FakeEngine();
        await using var host = await GatewayHost.StartAsync(services: services =>
        {
            var inner = services.Last(s => s.ServiceType == typeof(IBus)).ImplementationType!;
            services.AddSingleton<IBus>(new SilencedBus((IBus)Activator.CreateInstance(inner)!));
        });
        await host.PublishAsync(Routes.Active("m", [dead, engine]));
        ((SilencedBus)host.Bus).IsDown = true;
        for (var i = 0; i < 12; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await host.PlainAsync(("X-Podvirt-Session-Id", $"s{i}"))).StatusCode);
        }
        await host.Outbox.AllAsync(12);

        // The reports go on once it is back.
        ((SilencedBus)host.Bus).IsDown = false;
        var reported = host.Reports.Count;
        await Eventually.TrueAsync(() => host.Reports.Count > reported, "the gateway reports again");
    }

    private sealed class SilencedBus(IBus inner) : IBus
    {
        public volatile bool IsDown;

        public ValueTask PublishAsync<T>(Subject<T> subject, T message, CancellationToken cancellationToken = default)
            where T : class => IsDown ? throw new IOException("no connection to the bus") : inner.PublishAsync(subject, message, cancellationToken);

        public IBusSubscription<T> Subscribe<T>(Subject<T> subject, int capacity = 256)
            where T : class => inner.Subscribe(subject, capacity);
    }
}
