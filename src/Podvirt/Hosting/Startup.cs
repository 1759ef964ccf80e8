using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Catalogs;
using Podvirt.Configuration;
using Podvirt.Keys;
using Podvirt.Messaging;
using Podvirt.Projects;

namespace Podvirt.Hosting;

/// <summary>Between the stores and the scheduler: the file becomes the catalog, and a first start gets its key.</summary>
internal sealed partial class Startup(
    PodvirtOptions options, PodvirtConfig config, CatalogStore catalog, PlanStore plans, ProjectStore projects, DevelopmentKey developmentKey,
    PodvirtInstance instance, ILogger<Startup> logger, FilePolicy? policy = null, PatientStart? patience = null)
    : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var warning in config.Warnings)
        {
            LogWarning(warning);
        }
        await patience.RunOrWaitAsync("the catalog", PrepareAsync, cancellationToken);
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task PrepareAsync(CancellationToken cancellationToken)
    {
        if (policy is null)
        {
            await ApplyAsync(cancellationToken);
        }
        else if (policy.Applies && await policy.IsNewsAsync(options.ReadText!, cancellationToken))
        {
            await ApplyAsync(cancellationToken);
            await policy.NoteAsync(options.ReadText!, cancellationToken);
        }
        else
        {
            if (policy.Applies)
            {
                LogOlder();
            }
            await catalog.SeeAsync(cancellationToken);
            await projects.EnsureDefaultAsync(cancellationToken);
        }
        if (options.Roles.HasFlag(PodvirtRoles.Gateway))
        {
            // Of a cluster's processes, one that says where to use it.
            instance.DevelopmentKey = await developmentKey.CreateOnFirstStartAsync(options.Environment(DevelopmentKey.SeedVariable), cancellationToken);
        }
    }

    private async Task ApplyAsync(CancellationToken cancellationToken)
    {
        await catalog.ApplyAsync(config.Models, cancellationToken);
        await projects.EnsureDefaultAsync(cancellationToken);
        foreach (var warning in (await plans.ApplyAsync(config.Plans, isDryRun: false, cancellationToken)).Warnings)
        {
            LogPlanWarning(warning);
        }
    }

    [LoggerMessage(5009, LogLevel.Warning, "Another file was applied since this one was: it is not applied, and the catalog stays. 'podvirt apply' goes back to it")]
    private partial void LogOlder();

    [LoggerMessage(5008, LogLevel.Warning, "{Warning}")]
    private partial void LogPlanWarning(string warning);

    [LoggerMessage(5004, LogLevel.Warning, "{Warning}")]
    private partial void LogWarning(ConfigError warning);
}
