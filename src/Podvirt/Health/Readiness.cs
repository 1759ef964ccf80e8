using Microsoft.Extensions.Hosting;
using Podvirt.Catalogs;
using Podvirt.Core.Models;
using Podvirt.Fleet;
using Podvirt.Gateway;
using Podvirt.Messaging;
using Podvirt.Scheduler;

namespace Podvirt.Health;

/// <summary>One thing that must hold before requests are welcome.</summary>
/// <param name="Detail">What is missing, is done without, or which of several it is; null when there is nothing to say.</param>
internal sealed record ReadinessCheck(string Name, bool Ok, string? Detail);

internal sealed record ReadinessReport(bool Ready, IReadOnlyList<ReadinessCheck> Checks);

/// <summary>Whether this process should get requests. A single engine that fails is no reason why not.</summary>
internal sealed class Readiness(
    PodvirtOptions options, IStateStore store, CatalogStore catalog, FleetView fleet, IBusHealth bus, IHostApplicationLifetime lifetime, TimeProvider time,
    GatewayStatus? gateway = null, IUsageOutbox? outbox = null, ISchedulerStatus? scheduler = null, IUsageFlow? flow = null)
{
    /// <summary>Two seconds: probes commonly give up after that.</summary>
    private static readonly TimeSpan _storeTimeout = TimeSpan.FromSeconds(2);

    public async Task<ReadinessReport> CheckAsync(CancellationToken cancellationToken)
    {
        // A node agent has nothing to do with the store, and no right to it.
        var checks = new List<ReadinessCheck>
        {
            options.Roles == PodvirtRoles.Node ? Check("bus", bus.IsConnected, bus.Reason) : await CheckStoreAsync(cancellationToken),
        };
        if (gateway is not null)
        {
            checks.Add(Check("catalog", catalog.Applied is not null, "the configuration file has not been applied yet"));
            checks.Add(Check("routes", fleet.HasRoutes, "the scheduler has not said yet where models are served"));
            checks.Add(CheckAttached(gateway));
        }
        if (outbox is not null)
        {
            checks.Add(Check("usage_outbox", outbox.IsHealthy, "usage cannot be written; requests are refused"));
        }
        if (flow is not null)
        {
            checks.Add(CheckFlow(flow.Now));
        }
        if (scheduler is { Current: { IsAlone: false } status })
        {
            checks.Add(CheckLeadership(status));
        }
        checks.Add(Check("running", !lifetime.ApplicationStopping.IsCancellationRequested, "the server is stopping"));
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
        catch (Exception error) when (error is not OperationCanceledException && !bus.IsConnected && gateway is { HasRoutes: true })
        {
            // Both are gone with one connection; what is needed of them to serve was read before.
            return new ReadinessCheck(Name, Ok: true, $"does not answer, and is done without: {error.Message}");
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            return new ReadinessCheck(Name, Ok: false, $"does not answer: {error.Message}");
        }
    }

    // A gateway that serves by its last routes is welcome: else losing the bus would lose them all at once.
    private static ReadinessCheck CheckAttached(GatewayStatus gateway) => new("attached", Ok: true, gateway.DetachedAt is { } since
        ? $"the scheduler's decisions do not reach this gateway since {since:yyyy-MM-dd'T'HH:mm:ss'Z'}; it serves by its last routes and asks engines whether they sleep"
        : null);

    // What is on this gateway's disk is safe, and its clients lack nothing.
    private static ReadinessCheck CheckFlow(UsageFlow flow) => new("usage_stream", Ok: true, flow.Since is { } since
        ? $"{flow.Waiting} usage records wait on this gateway's disk since {since:yyyy-MM-dd'T'HH:mm:ss'Z'}: {flow.Trouble}"
        : null);

    // A standby is as ready as a leader: there is nothing else that it could do.
    private static ReadinessCheck CheckLeadership(SchedulerStatus status) => new("scheduler", Ok: true, status switch
    {
        { Role: SchedulerRole.Leader } => $"leads, epoch {status.Epoch}",
        { Problem: { } problem } => $"standby; {problem}",
        { Leader.Length: > 0 } => $"standby; {status.Leader} leads, epoch {status.Epoch}",
        _ => "standby; none leads",
    });

    private static ReadinessCheck Check(string name, bool ok, string detail) => new(name, ok, ok ? null : detail);
}
