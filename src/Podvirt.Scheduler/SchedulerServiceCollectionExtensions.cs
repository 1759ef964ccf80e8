using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Messaging;
using Podvirt.Scheduler.Leadership;
using Podvirt.Scheduler.Remote;
using Podvirt.Scheduler.Runtimes.Local;

namespace Podvirt.Scheduler;

public static class SchedulerServiceCollectionExtensions
{
    /// <summary>
    /// Adds the scheduler as a hosted service, <see cref="IReplicaLogs"/>, <see cref="IFleetControl"/> and <see cref="ISchedulerStatus"/>. Needs
    /// <c>IBus</c> and <c>IStateStore</c>, and <c>ILeases</c> where <see cref="SchedulerOptions.ElectsLeader"/> is set.
    /// Register it before the gateway: hosted services stop in reverse order, and engines must outlive their requests.
    /// </summary>
    public static IServiceCollection AddPodvirtScheduler(this IServiceCollection services, SchedulerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.DataPath = Path.GetFullPath(options.DataPath);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options);
        services.AddSingleton(provider => new SchedulerMetrics(provider.GetService<System.Diagnostics.Metrics.IMeterFactory>()));
        services.AddSingleton(new ReplicaLogFiles(options.DataPath, options.LogBytesMax, options.LogsPerModel));
        services.AddSingleton<IReplicaLogs>(provider => provider.GetRequiredService<ReplicaLogFiles>());
        services.AddSingleton<SchedulerService>();
        services.AddSingleton(provider => provider.GetRequiredService<SchedulerService>().Control);
        services.AddSingleton<ISchedulerStatus>(provider => provider.GetRequiredService<SchedulerService>());
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<SchedulerService>());
        if (options.ElectsLeader)
        {
            ReplicaLogServices.AddAnswerer(services);
        }
        return services;
    }

    /// <summary>
    /// Adds <see cref="IFleetControl"/> to a process without a scheduler: orders reach whichever process leads by the state store. Needs
    /// <c>IStateStore</c>.
    /// </summary>
    public static IServiceCollection AddPodvirtFleetControl(this IServiceCollection services, SchedulerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<IFleetControl>(provider => new StoredOrders(
            provider.GetRequiredService<IStateStore>(), options.OrderTimeout, provider.GetRequiredService<TimeProvider>(),
            provider.GetRequiredService<ILoggerFactory>().CreateLogger("Podvirt.Scheduler")));
        return services;
    }
}
