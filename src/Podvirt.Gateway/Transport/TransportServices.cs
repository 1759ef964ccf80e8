using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Podvirt.Gateway.Upstream;

namespace Podvirt.Gateway.Transport;

/// <summary>The gateway's own event loops in place of .NET's sockets.</summary>
public static class TransportServices
{
    /// <summary>
    /// Takes clients' connections and opens engines' on <see cref="GatewayOptions.IoThreads"/> event loops: requests are taken and
    /// tokens relayed on their threads, so nothing that handles a request may block. For an application that is Podvirt and
    /// nothing else; call it after Kestrel has been added. Does nothing where the system is not Linux.
    /// </summary>
    public static IServiceCollection AddPodvirtEventLoops(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (OperatingSystem.IsLinux())
        {
            services.TryAddSingleton(provider => new EventLoops(provider.GetRequiredService<GatewayOptions>().IoThreads));
            services.AddSingleton<IConnectionListenerFactory, ClientListenerFactory>();
            services.Replace(ServiceDescriptor.Singleton<IEngineTransport, LoopTransport>());
        }
        return services;
    }
}
