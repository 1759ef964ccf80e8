using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Catalogs;
using Podvirt.Configuration;
using Podvirt.Keys;
using Podvirt.Projects;

namespace Podvirt.Hosting;

/// <summary>Between the stores and the scheduler: the file becomes the catalog, and a first start gets its key.</summary>
internal sealed partial class Startup(
    PodvirtOptions options, PodvirtConfig config, CatalogStore catalog, PlanStore plans, ProjectStore projects, DevelopmentKey developmentKey,
    PodvirtInstance instance, ILogger<Startup> logger)
    : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var warning in config.Warnings)
        {
            LogWarning(warning);
        }
        await catalog.ApplyAsync(config.Models, cancellationToken);
        await projects.EnsureDefaultAsync(cancellationToken);
        foreach (var warning in (await plans.ApplyAsync(config.Plans, isDryRun: false, cancellationToken)).Warnings)
        {
            LogPlanWarning(warning);
        }
        instance.DevelopmentKey = await developmentKey.CreateOnFirstStartAsync(options.Environment(DevelopmentKey.SeedVariable), cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(5008, LogLevel.Warning, "{Warning}")]
    private partial void LogPlanWarning(string warning);

    [LoggerMessage(5004, LogLevel.Warning, "{Warning}")]
    private partial void LogWarning(ConfigError warning);
}
