using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Podvirt.Messaging.InProcess;
using Podvirt.Messaging.Nats;
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
        services.AddSingleton<IBusHealth, InProcessBusHealth>();
        services.AddSingleton<ILeases>(provider => new InProcessLeases(provider.GetRequiredService<TimeProvider>(), InProcessLeases.DefaultPeriod));
        services.AddSingleton<IStateStore>(provider =>
            SqliteStateStore.Open(Path.Combine(dataDirectory, "state.db"), provider.GetRequiredService<TimeProvider>()));
        return services;
    }

    /// <summary>
    /// The bus, the leases and the state store of a cluster, over one connection to NATS, which is made in the background from
    /// the first use on: a host starts without a server and keeps trying, and <see cref="IBusHealth"/> says so.
    /// </summary>
    /// <param name="services">The host's services.</param>
    /// <param name="options">How NATS is reached.</param>
    /// <exception cref="ArgumentException">The options are not usable.</exception>
    public static IServiceCollection AddPodvirtNatsMessaging(this IServiceCollection services, NatsOptions options)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(options);
        if (options.Check() is { Count: > 0 } errors)
        {
            throw new ArgumentException($"NATS: {string.Join("; ", errors)}.", nameof(options));
        }
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton<NatsClient>();
        services.AddSingleton<IBusHealth, NatsHealth>();
        services.AddSingleton<IBus, NatsBus>();
        services.AddSingleton<ILeases, NatsLeases>();
        services.AddSingleton<IStateStore, NatsStateStore>();
        services.AddSingleton<PatientStart>();
        return services;
    }
}
