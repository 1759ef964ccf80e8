using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Projects;

namespace Podvirt.Metering.Invoices;

/// <summary>Makes invoices final when their time has come, also what became due while the server was down.</summary>
internal sealed partial class InvoiceCloser(InvoiceBook book, IPendingUsage pending, TimeProvider time, ILogger<InvoiceCloser> log) : BackgroundService
{
    /// <summary>A look costs a few lookups in an index. By the wall clock, so that a clock that was set is followed.</summary>
    private static readonly TimeSpan _interval = TimeSpan.FromMinutes(1);

    /// <summary>Month by month, until none is due.</summary>
    internal async Task FinaliseDueAsync(CancellationToken cancellationToken)
    {
        while (await book.NextAsync(cancellationToken) is { } month && month.End + Invoice.Delay <= time.GetUtcNow())
        {
            // After a pause records of the month may still be under way: they belong on its own invoice, not as late ones on the next.
            if (await pending.MayHoldAsync(month, cancellationToken))
            {
                return;
            }
            var count = await book.FinaliseAsync(month, time.GetUtcNow(), cancellationToken);
            LogFinal(month, count);
        }
    }

    /// <summary>Until it is cancelled: in a cluster, while this process leads.</summary>
    internal async Task RunAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await FinaliseDueAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                LogFailed(error);
            }
            await Task.Delay(_interval, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => RunAsync(stoppingToken);

    [LoggerMessage(EventId = 4301, Level = LogLevel.Information, Message = "The invoices of {Month} are final: {Count}")]
    private partial void LogFinal(UtcMonth month, int count);

    [LoggerMessage(EventId = 4302, Level = LogLevel.Error, Message = "Invoices that are due could not be made final; it is tried again")]
    private partial void LogFailed(Exception error);
}
