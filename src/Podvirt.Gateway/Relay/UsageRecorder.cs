using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Admission;
using Podvirt.Gateway.Playground;
using Podvirt.Gateway.Surfaces;
using Podvirt.Messaging;

namespace Podvirt.Gateway.Relay;

/// <summary>Turns an exchange into its usage record.</summary>
internal sealed partial class UsageRecorder(IUsageOutbox outbox, Accounts accounts, ILogger<UsageRecorder> logger)
{
    /// <summary>Why a request has a record although its gateway did not live to write it.</summary>
    public const string KilledReason = "gateway_killed";

    /// <summary>Why a request that the engine had finished was not handed out whole.</summary>
    private const string NotRecordedReason = "usage_not_recorded";

    /// <summary>Why a retry's reply was not handed out: another gateway has run the same call, and bills it.</summary>
    private const string KeyTakenReason = "idempotency_key_taken";

    /// <summary>False when requests must be refused, because their usage would be lost.</summary>
    public bool IsHealthy => outbox.IsHealthy;

    /// <summary>Makes a completed request's record durable. False when that failed: the client must not be told of an end.</summary>
    public ValueTask<bool> TryCompleteAsync(Exchange exchange, int status) =>
        TryRecordAsync(exchange, UsageOutcome.Completed, status, "");

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<bool> TryRecordAsync(Exchange exchange, UsageOutcome outcome, int status, string reason)
    {
        exchange.BeginRecord();
        if (exchange.Surface == Surface.Playground)
        {
            exchange.Http.Features.Get<PlaygroundCall>()?.Recorded();
        }
        if (exchange.Disbelieved is { } what)
        {
            LogDisbelieved(exchange.Id, exchange.Dispatcher.Model.Id, exchange.Replica?.Route.Id ?? "", what);
        }
        if (exchange.Keeping is { IsCompleted: false } keeping)
        {
            // A client that saw the end goes on from it, through whichever gateway.
            await keeping;
        }
        var record = ToRecord(exchange, outcome, status, reason, exchange.Tokens, exchange.Source);
        try
        {
            // Not cancelled with the request: what a client that left has used is owed all the same.
            if (outcome == UsageOutcome.Completed && exchange.Capture?.ToStored(exchange, status) is { } reply)
            {
                // First: a gateway that dies in between has left its reply to the others, and what is not billed is not billed twice.
                if (exchange.Capture.Claim is { } claim && !await claim.KeepAsync(reply))
                {
                    record = ToRecord(exchange, UsageOutcome.Truncated, status, KeyTakenReason, default, UsageSource.None);
                    await outbox.AppendAsync(record, CancellationToken.None);
                    accounts.Settle(exchange, record);
                    return false;
                }
                await outbox.AppendAsync(record, reply, CancellationToken.None);
            }
            else
            {
                await outbox.AppendAsync(record, CancellationToken.None);
            }
            accounts.Settle(exchange, record);
            return true;
        }
        catch (UsageOutboxException e)
        {
            LogNotKept(e, exchange.Id, exchange.Dispatcher.Model.Id);

            // The client is not told of an end, so it was none. What it used is owed as soon as the disk takes it.
            var late = outcome == UsageOutcome.Completed ? record with { Outcome = UsageOutcome.Truncated, Reason = NotRecordedReason } : record;
            if (outbox.TryHold(late))
            {
                accounts.Settle(exchange, late);
            }
            return false;
        }
    }

    /// <summary>What stands on the ledger if the process is killed before the next one.</summary>
    public static UsageRecord CheckpointOf(Exchange exchange, TokenCounts tokens, UsageSource source) =>
        ToRecord(exchange, UsageOutcome.Truncated, StatusCodes.Status200OK, KilledReason, tokens, source);

    private static UsageRecord ToRecord(
        Exchange exchange, UsageOutcome outcome, int status, string reason, TokenCounts tokens, UsageSource source) => new()
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
            Streamed = exchange.IsStream,
            Tokens = tokens,
            Source = source,
            StartedAt = exchange.StartedAt,
            QueuedUs = Microseconds(exchange.Queued),
            ParkedUs = Microseconds(exchange.Parked),
            FirstTokenUs = exchange is { IsStream: true, FirstToken: { } first } ? Microseconds(first) : null,
            DurationUs = Microseconds(exchange.Elapsed),
            ColdStart = exchange.ColdStart,
            QuotedRate = exchange.QuotedRate,
        };

    private static long Microseconds(TimeSpan span) => span.Ticks / TimeSpan.TicksPerMicrosecond;

    [LoggerMessage(1101, LogLevel.Error, "The usage of request {RequestId} on {Model} could not be recorded when it ended.")]
    private partial void LogNotKept(Exception exception, Guid requestId, string model);

    [LoggerMessage(1104, LogLevel.Warning, "Request {RequestId} on {Model} is quarantined and billed at zero: the counts of replica {Replica} cannot be, {What}.")]
    private partial void LogDisbelieved(Guid requestId, string model, string replica, string what);
}
