using Microsoft.Extensions.Hosting;
using Podvirt.Catalogs;
using Podvirt.Core.Models;
using Podvirt.Fleet;
using Podvirt.Messaging;
using Podvirt.Scheduler;

namespace Podvirt.Health;

/// <summary>One thing that must hold before requests are welcome.</summary>
/// <param name="Detail">What is missing, or which of several it is; null when there is nothing to say.</param>
internal sealed record ReadinessCheck(string Name, bool Ok, string? Detail);

internal sealed record ReadinessReport(bool Ready, IReadOnlyList<ReadinessCheck> Checks);

/// <summary>Whether this process should get requests. A single engine that fails is no reason why not.</summary>
internal sealed class Readiness(
    IStateStore store, CatalogStore catalog, FleetView fleet, IUsageOutbox outbox, IEnumerable<ISchedulerStatus> schedulers,
    IHostApplicationLifetime lifetime, TimeProvider time)
{
    /// <summary>Two seconds: probes commonly give up after that.</summary>
    private static readonly TimeSpan _storeTimeout = TimeSpan.FromSeconds(2);

    public async Task<ReadinessReport> CheckAsync(CancellationToken cancellationToken)
    {
        ReadinessCheck[] checks =
        [
            await CheckStoreAsync(cancellationToken),
            Check("catalog", catalog.Applied is not null, "the configuration file has not been applied yet"),
            Check("routes", fleet.HasRoutes, "the scheduler has not said yet where models are served"),
            .. schedulers.Select(static s => s.Current).Where(static s => !s.IsAlone).Select(CheckScheduler),
            Check("usage_outbox", outbox.IsHealthy, "usage cannot be written; requests are refused"),
            Check("running", !lifetime.ApplicationStopping.IsCancellationRequested, "the server is stopping"),
        ];
        return new ReadinessReport(checks.All(c => c.Ok), checks);
    }

    private async Task<ReadinessCheck> CheckStoreAsync(CancellationToken cancellationToken)
    {
        const string Name = "state_store";
        try
        {
            await store.GetAsync(Catalog.StateKey, cancellationToken).AsTask().WaitAsync(_storeTimeout, time, cancellationToken);
            return new ReadinessCheck(Name, Ok: true, Detail: null);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            return new ReadinessCheck(Name, Ok: false, $"does not answer: {error.Message}");
        }
    }

    /// <summary>One that stands by is as ready as the one that leads: it takes over.</summary>
    private static ReadinessCheck CheckScheduler(SchedulerStatus scheduler) => new("scheduler", Ok: true, scheduler switch
    {
        { Role: SchedulerRole.Leader } => $"leads, epoch {scheduler.Epoch}",
        { Problem: { } problem } => $"standby; {problem}",
        { Leader.Length: > 0 } => $"standby; {scheduler.Leader} leads, epoch {scheduler.Epoch}",
        _ => "standby; none leads",
    });

    private static ReadinessCheck Check(string name, bool ok, string detail) => new(name, ok, ok ? null : detail);
}
