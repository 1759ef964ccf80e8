using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Catalogs;
using Podvirt.Configuration;
using Podvirt.Keys;

namespace Podvirt.Hosting;

/// <summary>Between the stores and the scheduler: the file becomes the catalog, and a first start gets its key.</summary>
internal sealed partial class Startup(
    PodvirtOptions options, PodvirtConfig config, CatalogStore catalog, DevelopmentKey developmentKey, PodvirtInstance instance, ILogger<Startup> logger)
    : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var warning in config.Warnings)
        {
            LogWarning(warning);
        }
        await catalog.ApplyAsync(config.Models, cancellationToken);
        instance.DevelopmentKey = await developmentKey.CreateOnFirstStartAsync(options.Environment(DevelopmentKey.SeedVariable), cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(5004, LogLevel.Warning, "{Warning}")]
    private partial void LogWarning(ConfigError warning);
}
