using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Upstream;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>What several gateways share: one bus, one state store, one store of leases, on one clock.</summary>
internal sealed class OneStore : IDisposable
{
    private readonly ServiceProvider _services;

    public OneStore()
    {
        var services = new ServiceCollection();
        Clock.Replace(services);
        services.AddPodvirtEmbeddedMessaging(Path.GetTempPath());
        _services = services.BuildServiceProvider();
    }

    public Clock Clock { get; } = new();

    public MemoryStateStore Store { get; } = new();

    public IBus Bus => _services.GetRequiredService<IBus>();

    public ILeases Leases => _services.GetRequiredService<ILeases>();

    public RouteDirectory NewRoutes(GatewayOptions options) => new(
        Bus, new Announcer(Bus, NullLogger<Announcer>.Instance), options, new UpstreamConnector(options, new SocketTransport(), Clock), Clock,
        NullLogger<RouteDirectory>.Instance);

    public void Dispose() => _services.Dispose();
}
