using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Catalogs;
using Podvirt.Configuration;
using Podvirt.Core.Models;
using Podvirt.Core.Projects;
using Podvirt.Keys;
using Podvirt.Messaging;
using Podvirt.Projects;

namespace Podvirt.Hosting;

/// <summary>
/// The start of one process of a cluster. The first of all makes the catalog and the plans of its file, the default project and the first
/// key. Every later one takes what is there, whatever its file says: a process that comes back with an older file must not undo what was
/// applied since (<c>podvirt apply</c> changes it).
/// </summary>
internal sealed partial class ClusterStartup(
    PodvirtOptions options, PodvirtConfig config, IStateStore store, CatalogStore catalog, PlanStore plans, ProjectStore projects,
    DevelopmentKey developmentKey, PodvirtInstance instance, TimeProvider time, ILogger<ClusterStartup> logger)
    : IHostedService
{
    private static readonly TimeSpan _retryDelay = TimeSpan.FromSeconds(1);

    /// <summary>Returns when the state store has answered; until then nothing that needs it can start.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var warning in config.Warnings)
        {
            LogWarning(warning);
        }
        while (true)
        {
            try
            {
                await PrepareAsync(cancellationToken);
                return;
            }
            catch (IOException error)
            {
                LogWaits(_retryDelay, error);
                await Task.Delay(_retryDelay, time, cancellationToken);
            }
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        if (await store.GetAsync(PlanBook.StateKey, cancellationToken) is null)
        {
            await plans.ApplyAsync(config.Plans, isDryRun: false, cancellationToken);
        }
        await projects.EnsureDefaultAsync(cancellationToken);
        if (await store.GetAsync(Catalog.StateKey, cancellationToken) is { } entry)
        {
            catalog.Take(entry.Read<Catalog>());
        }
        else
        {
            await catalog.ApplyAsync(config.Models, cancellationToken);
        }
        instance.DevelopmentKey = await developmentKey.CreateOnFirstStartOfAllAsync(options.Environment(DevelopmentKey.SeedVariable), cancellationToken);
    }

    [LoggerMessage(5081, LogLevel.Warning, "{Warning}")]
    private partial void LogWarning(ConfigError warning);

    [LoggerMessage(5082, LogLevel.Error, "The state store does not answer; the start waits for it and tries again every {Delay}")]
    private partial void LogWaits(TimeSpan delay, Exception error);
}
