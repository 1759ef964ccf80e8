using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Messaging.Leases;
using Podvirt.Metering.GpuTime;
using Podvirt.Metering.Invoices;
using Podvirt.Metering.Ledger;

namespace Podvirt.Metering;

/// <summary>
/// What only one metering worker of a cluster does, under the lease <c>leader/metering</c>: closing months, writing down gpu time, removing old minutes.
/// Each of them stands a former leader that goes on for a moment: what it does twice is once.
/// </summary>
internal sealed partial class MeteringLeader(
    LeaseHolder holder, InvoiceCloser closer, GpuTimeLeader gpuTime, ILedger ledger, TimeProvider time, ILogger<MeteringLeader> log) : BackgroundService
{
    public const string LeaseName = "leader/metering";

    /// <summary>As in the embedded mode.</summary>
    private static readonly TimeSpan s_minutesKept = TimeSpan.FromHours(48);

    private static readonly TimeSpan s_cleanupInterval = TimeSpan.FromHours(1);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => holder.RunAsync(
        LeaseName, default,
        (_, held) => Task.WhenAll(closer.RunAsync(held), gpuTime.LeadAsync(held), RemoveMinutesAsync(held)),
        stoppingToken);

    private async Task RemoveMinutesAsync(CancellationToken held)
    {
        while (ledger is IMinuteRollups minutes && !held.IsCancellationRequested)
        {
            try
            {
                await minutes.RemoveMinutesBeforeAsync(time.GetUtcNow() - s_minutesKept, held);
            }
            catch (Exception e) when (!held.IsCancellationRequested)
            {
                LogNotRemoved(e);
            }
            await Task.Delay(s_cleanupInterval, time, held).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(EventId = 4541, Level = LogLevel.Warning, Message = "Old minutes could not be removed; it is tried again in an hour")]
    private partial void LogNotRemoved(Exception error);
}
