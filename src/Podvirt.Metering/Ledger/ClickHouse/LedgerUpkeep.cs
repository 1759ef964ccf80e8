using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Projects;
using Podvirt.Messaging.Leases;
using Podvirt.Metering.Invoices;

namespace Podvirt.Metering.Ledger.ClickHouse;

/// <summary>What one process at a time does for the ledger: 1. minutes that nobody looks back at go; 2. stale hours are rolled up anew; 3. raw months that need not stay go.</summary>
internal sealed partial class LedgerUpkeep(
    ClickHouseLedger ledger, ClickHouseDatabase database, IBillingLedger billing, LeaseHolder holder, TimeProvider time, ILogger<LedgerUpkeep> log) : BackgroundService
{
    public const string Lease = "metering/ledger-upkeep";

    /// <summary>As long as a dashboard looks back by the minute.</summary>
    private static readonly TimeSpan s_minutesKept = TimeSpan.FromHours(48);

    private static readonly TimeSpan s_interval = TimeSpan.FromMinutes(1);

    /// <summary>Beyond the time that an insert may take on the server, and the clocks' differences.</summary>
    private static readonly TimeSpan s_quiet = TimeSpan.FromMinutes(5);

    /// <summary>One round. What fails is done by the next one.</summary>
    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await ledger.RemoveMinutesBeforeAsync(now - s_minutesKept, cancellationToken);
        var store = await database.OpenAsync(cancellationToken);
        var rebuilt = await new HourRebuild(store, s_quiet + database.Options.Timeout, time).RunAsync(cancellationToken);
        if (rebuilt > 0)
        {
            LogRebuilt(rebuilt);
        }
        if (database.Options.RawMonthsKept is { } kept)
        {
            await RemoveMonthsAsync(store, new UtcMonth(UtcMonth.Of(now).Number - kept), cancellationToken);
        }
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => holder.RunAsync(Lease, default, RunAsync, stoppingToken);

    private async Task RunAsync(Messaging.NamedLease lease, CancellationToken held)
    {
        while (!held.IsCancellationRequested)
        {
            try
            {
                await RunOnceAsync(held);
            }
            catch (Exception error) when (error is IOException or InvalidOperationException)
            {
                LogFailed(s_interval, error);
            }
            await Task.Delay(s_interval, time, held);
        }
    }

    /// <summary>Only what is on final invoices, and has nothing that waits for another one or for a rebuild.</summary>
    private async Task RemoveMonthsAsync(ClickHouseStore store, UtcMonth firstKept, CancellationToken cancellationToken)
    {
        var bills = await billing.StateAsync(cancellationToken);
        var lastIssued = bills.ClosedNotIssued is { } waiting ? waiting.Before : bills.Closed;
        if (bills.HasPending || lastIssued is not { } issued)
        {
            return;
        }
        var end = firstKept.Number <= issued.Number ? firstKept : issued.Next;
        var stale = (await LedgerState.ReadAsync(store, cancellationToken)).StaleHours;
        var months = await store.ReadAsync(
            $"SELECT DISTINCT month FROM usage WHERE ended_us < {SqlParameters.Of(Micros.Of(end.Start))} ORDER BY month", SqlParameters.None,
            row => new UtcMonth(row.GetInt32(0)), cancellationToken);
        foreach (var month in months)
        {
            if (stale.Any(h => h < Micros.Of(month.End)))
            {
                return;
            }
            await store.ExecuteAsync(LedgerState.Raise(LedgerState.RawFromMark, month.Next.Number), cancellationToken);
            await store.ExecuteAsync($"ALTER TABLE usage DROP PARTITION {month.Number}", cancellationToken);
            LogRemoved(month);
        }
    }

    [LoggerMessage(EventId = 4601, Level = LogLevel.Warning, Message = "The ledger's upkeep failed; next attempt in {Interval}")]
    private partial void LogFailed(TimeSpan interval, Exception error);

    [LoggerMessage(EventId = 4602, Level = LogLevel.Information, Message = "{Hours} hours in which records had been rolled up more than once were rolled up anew")]
    private partial void LogRebuilt(int hours);

    [LoggerMessage(EventId = 4603, Level = LogLevel.Information, Message = "The raw records of {Month} were removed: they are on final invoices, and older than are kept")]
    private partial void LogRemoved(UtcMonth month);
}
