using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Podvirt.Messaging.InProcess;
using Podvirt.Messaging.Sqlite;

namespace Podvirt.Messaging;

public static class MessagingServices
{
    /// <summary>
    /// The bus, the leases and the state store of a single process. The store is the file <c>state.db</c> in the directory; it opens
    /// when the service is first asked for and closes with the container.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="dataDirectory">Made when it is missing. One process at a time.</param>
    public static IServiceCollection AddPodvirtEmbeddedMessaging(this IServiceCollection services, string dataDirectory)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrWhiteSpace(dataDirectory);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<IBus, InProcessBus>();
        services.AddSingleton<IBusHealth, ConnectedBus>();
        services.AddSingleton<ILeases>(provider => new InProcessLeases(provider.GetRequiredService<TimeProvider>(), InProcessLeases.DefaultPeriod));
        services.AddSingleton<IStateStore>(provider =>
            SqliteStateStore.Open(Path.Combine(dataDirectory, "state.db"), provider.GetRequiredService<TimeProvider>()));
        return services;
    }
}
