using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Messaging;
using Podvirt.Scheduler.Gpus;

namespace Podvirt.Scheduler.Nodes;

public static class NodeServiceCollectionExtensions
{
    /// <summary>Adds the node agent as a hosted service. Needs <c>IBus</c>.</summary>
    /// <exception cref="ArgumentException">Options that make no sense: all of them, each with its key.</exception>
    public static IServiceCollection AddPodvirtNodeAgent(this IServiceCollection services, NodeAgentOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Problems() is { Count: > 0 } problems)
        {
            throw new ArgumentException(string.Join('\n', problems), nameof(options));
        }

        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton<IHostedService>(provider =>
        {
            var time = provider.GetRequiredService<TimeProvider>();
            var log = provider.GetRequiredService<ILoggerFactory>().CreateLogger<NodeAgent>();
            return new NodeAgent(options, new NodeGauge(options, new NvidiaSmi(log, time)), provider.GetRequiredService<IBus>(), time, log);
        });
        return services;
    }
}
