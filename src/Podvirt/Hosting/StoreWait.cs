using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Models;
using Podvirt.Messaging;

namespace Podvirt.Hosting;

/// <summary>In a cluster, before what needs the state store starts: NATS may come up after this process.</summary>
internal sealed partial class StoreWait(IStateStore store, TimeProvider time, ILogger<StoreWait> logger) : IHostedService
{
    private static readonly TimeSpan _retryDelay = TimeSpan.FromSeconds(1);

    /// <summary>Returns when the state store has answered.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                await store.GetAsync(Catalog.StateKey, cancellationToken);
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

    [LoggerMessage(5081, LogLevel.Error, "The state store does not answer; the start waits for it, and asks again every {Delay}")]
    private partial void LogWaits(TimeSpan delay, Exception error);
}
