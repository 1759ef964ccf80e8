using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Models;
using Podvirt.Messaging;

namespace Podvirt.Catalogs;

/// <summary>Knows the catalog that any process applied. For those that share a state store; one process alone knows what it applied.</summary>
internal sealed partial class CatalogFollower(IStateStore store, CatalogStore catalog, TimeProvider time, ILogger<CatalogFollower> logger) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        store.FollowAsync(Catalog.StateKey, Take, LogFailed, time, stoppingToken);

    private void Take(StateChange change)
    {
        if (change.Entry is { Key: Catalog.StateKey } entry)
        {
            catalog.See(entry);
        }
    }

    [LoggerMessage(5010, LogLevel.Warning, "Changes of the catalog could not be read; it is tried again")]
    private partial void LogFailed(Exception error);
}
