using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Surfaces;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Relay;

/// <summary>Turns an exchange into its usage record.</summary>
internal sealed partial class UsageRecorder(IUsageOutbox outbox, Accounts accounts, ILogger<UsageRecorder> logger)
{
    /// <summary>False when requests must be refused, because their usage would be lost.</summary>
    public bool IsHealthy => outbox.IsHealthy;

    /// <summary>Makes a completed request's record durable. False when that failed: the client must not be told of an end.</summary>
    public ValueTask<bool> TryCompleteAsync(Exchange exchange, int status) =>
        TryRecordAsync(exchange, UsageOutcome.Completed, status, "");

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> TryRecordAsync(Exchange exchange, UsageOutcome outcome, int status, string reason)
    {
        try
        {
            // Not cancelled with the request: what a client that left has used is owed all the same.
            var record = ToRecord(exchange, outcome, status, reason);
            await outbox.AppendAsync(record, CancellationToken.None);
            accounts.Settle(exchange, record);
            return true;
        }
        catch (UsageOutboxException e)
        {
            LogNotKept(e, exchange.Id, exchange.Dispatcher.Model.Id);
            return false;
        }
    }

    private static UsageRecord ToRecord(Exchange exchange, UsageOutcome outcome, int status, string reason) => new()
    {
        Id = exchange.Id,
        Project = exchange.Caller.Project,
        Key = exchange.Caller.Key,
        Model = exchange.Dispatcher.Model.Id,
        Revision = exchange.Replica?.Route.Revision ?? exchange.Dispatcher.Model.Revision,
        Replica = exchange.Replica?.Route.Id ?? "",
        Surface = exchange.Surface.Name,
        Outcome = outcome,
        Status = status,
        Reason = reason,
        Streamed = exchange.Request.Stream,
        Tokens = exchange.Tokens,
        Source = exchange.Source,
        StartedAt = exchange.StartedAt,
        ParkedUs = Microseconds(exchange.Parked),
        FirstTokenUs = exchange is { Request.Stream: true, FirstToken: { } first } ? Microseconds(first) : null,
        DurationUs = Microseconds(exchange.Elapsed),
        ColdStart = exchange.ColdStart,
    };

    private static long Microseconds(TimeSpan span) => span.Ticks / TimeSpan.TicksPerMicrosecond;

    [LoggerMessage(1101, LogLevel.Error, "The usage of request {RequestId} on {Model} could not be recorded.")]
    private partial void LogNotKept(Exception exception, Guid requestId, string model);
}
