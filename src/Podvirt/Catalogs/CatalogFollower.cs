using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Models;
using Podvirt.Messaging;

namespace Podvirt.Catalogs;

/// <summary>Knows the catalog that any process applied. For those that share a state store; one process alone knows what it applied.</summary>
internal sealed partial class CatalogFollower(IStateStore store, CatalogStore catalog, TimeProvider time, ILogger<CatalogFollower> logger) : BackgroundService
{
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await foreach (var change in store.WatchAsync(Catalog.StateKey, stoppingToken))
                {
                    if (change.Entry is { Key: Catalog.StateKey } entry)
                    {
                        catalog.See(entry.Read<Catalog>());
                    }
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                // The store may be out of reach for a while. A new watch begins with what there is.
                LogFailed(error);
            }
            await Task.Delay(_pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(5010, LogLevel.Warning, "Changes of the catalog could not be read; it is tried again")]
    private partial void LogFailed(Exception error);
}
