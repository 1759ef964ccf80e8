using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Messaging;
using Podvirt.Scheduler.Runtimes.Local;

namespace Podvirt.Scheduler.Remote;

/// <summary>Engines' logs in a cluster.</summary>
public static class ReplicaLogServices
{
    /// <summary>Adds <see cref="IReplicaLogs"/> that asks whichever process leads, in place of any that is there. Needs <c>IBus</c>.</summary>
    public static IServiceCollection AddPodvirtReplicaLogs(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<LogCalls>();
        services.AddSingleton<IHostedService>(static provider => provider.GetRequiredService<LogCalls>());
        services.Replace(ServiceDescriptor.Singleton<IReplicaLogs>(static provider => new RemoteReplicaLogs(provider.GetRequiredService<LogCalls>())));
        return services;
    }

    /// <summary>Beside a scheduler that elects its leader.</summary>
    internal static void AddAnswerer(IServiceCollection services) =>
        services.AddSingleton<IHostedService>(static provider =>
        {
            var status = provider.GetRequiredService<ISchedulerStatus>();
            return new LogAnswerer(
                provider.GetRequiredService<IBus>(), provider.GetRequiredService<ReplicaLogFiles>(), () => status.Current.Role == SchedulerRole.Leader,
                provider.GetRequiredService<ILogger<LogAnswerer>>());
        });
}
