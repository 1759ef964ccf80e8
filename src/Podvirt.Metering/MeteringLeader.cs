using Microsoft.Extensions.Hosting;
using Podvirt.Messaging.Leases;
using Podvirt.Metering.GpuTime;
using Podvirt.Metering.Invoices;

namespace Podvirt.Metering;

/// <summary>
/// What only one metering worker of a cluster does, under the lease <c>leader/metering</c>: closing months, and writing down gpu time.
/// Each of them stands a former leader that goes on for a moment: what it does twice is once.
/// </summary>
internal sealed class MeteringLeader(LeaseHolder holder, InvoiceCloser closer, GpuTimeLeader gpuTime) : BackgroundService
{
    public const string LeaseName = "leader/metering";

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => holder.RunAsync(
        LeaseName, default, (_, held) => Task.WhenAll(closer.RunAsync(held), gpuTime.LeadAsync(held)), stoppingToken);
}
