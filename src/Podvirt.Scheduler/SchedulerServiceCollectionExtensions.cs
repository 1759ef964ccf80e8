using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Podvirt.Scheduler.Runtimes.Local;

namespace Podvirt.Scheduler;

public static class SchedulerServiceCollectionExtensions
{
    /// <summary>
    /// Adds the scheduler as a hosted service, <see cref="IReplicaLogs"/> and <see cref="IFleetControl"/>. Needs <c>IBus</c> and <c>IStateStore</c>.
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
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<SchedulerService>());
        return services;
    }
}
