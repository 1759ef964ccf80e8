using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Models;
using Podvirt.Messaging;

namespace Podvirt.Catalogs;

/// <summary>In a cluster: keeps up with the catalog that other processes write.</summary>
internal sealed partial class CatalogFollower(IStateStore store, CatalogStore catalog, TimeProvider time, ILogger<CatalogFollower> logger) : BackgroundService
{
    private static readonly TimeSpan _retryDelay = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await foreach (var change in store.WatchAsync(Catalog.StateKey, stoppingToken))
                {
                    if (change is { Key: Catalog.StateKey, Entry: { } entry })
                    {
                        catalog.Take(entry.Read<Catalog>());
                    }
                }
            }
            catch (Exception error) when (error is IOException or JsonException)
            {
                LogNotRead(error);
                await Task.Delay(_retryDelay, time, stoppingToken);
            }
        }
    }

    [LoggerMessage(5080, LogLevel.Error, "The catalog cannot be read; what was known of it holds")]
    private partial void LogNotRead(Exception error);
}
