using Microsoft.Extensions.DependencyInjection;
using Podvirt.Messaging;
using Podvirt.Messaging.Owners;

namespace Podvirt.Gateway.Tests.Fixtures;

/// <summary>What several gateways of a test have in common, and who of them is there.</summary>
internal sealed class SharedState : IDisposable
{
    private readonly ServiceProvider _services;

    public SharedState()
    {
        // Its leases alone: the store opens no file before it is asked for.
        _services = new ServiceCollection().AddPodvirtEmbeddedMessaging(Path.GetTempPath()).BuildServiceProvider();
    }

    public MemoryStateStore Store { get; } = new();

    public ILeases Leases => _services.GetRequiredService<ILeases>();

    public HashSet<string> Live { get; } = [];

    public IOwners Enter(string id)
    {
        Live.Add(id);
        return new Owner(this, id);
    }

    /// <summary>One of the gateways, with a model <c>m</c> on these engines.</summary>
    public async Task<GatewayHost> ServingAsync(string id, FakeEngine[] engines, Action<GatewayOptions>? configure = null)
    {
        var owners = Enter(id);
        var options = new GatewayOptions();
        var host = await GatewayHost.StartAsync(
            given =>
            {
                options = given;
                configure?.Invoke(given);
            },
            services => Share(services, owners, options));
        await host.PublishAsync(Routes.Active("m", engines));
        return host;
    }

    /// <summary>Makes a gateway one of them.</summary>
    public void Share(IServiceCollection services, IOwners owners, GatewayOptions options) =>
        services.AddSingleton<IStateStore>(Store).AddSingleton(Leases).AddSingleton(owners).AddPodvirtSharedGateway(options);

    public void Dispose() => _services.Dispose();

    private sealed class Owner(SharedState state, string id) : IOwners
    {
        public string Id => id;

        public ValueTask<IReadOnlySet<string>> ListAsync(CancellationToken cancellationToken = default) =>
            ValueTask.FromResult<IReadOnlySet<string>>(state.Live.ToHashSet());
    }
}
