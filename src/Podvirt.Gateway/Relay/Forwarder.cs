using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Podvirt.Core.Messages;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Affinity;
using Podvirt.Gateway.Parking;
using Podvirt.Gateway.Responses;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Relay;

/// <summary>
/// Serves one admitted request.
/// <list type="number">
/// <item>Lease: a slot of a replica, at once or after parking.</item>
/// <item>Send: over a pooled connection; one that had gone stale is replaced once.</item>
/// <item>Head: after a broken connection, nonsense, 502, 503 or 429 another replica has it, while nothing has been forwarded.</item>
/// <item>Relay: until the end, whichever side makes it.</item>
/// <item>Record: exactly one usage record, durable before the client sees the end.</item>
/// </list>
/// </summary>
internal sealed partial class Forwarder(
    ParkingLot parking, WaitClock clock, UsageRecorder recorder, StreamCheckpoints checkpoints, SessionMemory sessions, RouteDirectory routes, Membership membership, Announcer announcer,
    GatewayDrain drain, GatewayOptions options, TimeProvider time, ILogger<Forwarder> logger)
{
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
    public async ValueTask ServeAsync(Exchange exchange, TimeSpan? maxWait)
    {
        using var reply = new ClientReply(exchange, options, time);
        using var prefill = exchange.Request.Stream ? new PrefillWait(exchange, reply, clock, options, time) : null;
        List<string> tried = [];
        ApiError? busy = null;
        using var running = drain.Enter();
        using var watched = checkpoints.Enter(exchange);
        var result = exchange.Previous is { } previous ? LeaseHolderOf(previous, exchange) : await parking.AcquireAsync(exchange, reply, maxWait, tried);
        while (result.Lease is { } lease)
        {
            ForwardAttempt attempt;
            RelayEnd? end;
            using (lease)
            {
                Note(exchange, lease.Replica);
                prefill?.Begin();
                attempt = new ForwardAttempt(exchange, reply, lease.Replica, prefill, recorder, drain, membership, options, time);
                end = await attempt.RunAsync();
                if (attempt.UsageAskLowered)
                {
                    LogAsksLess(lease.Replica.Route.Id, exchange.Dispatcher.Model.Id, lease.Replica.UsageAsk);
                }
                if (end is { } final && !attempt.MayRetry(final))
                {
                    await FinishAsync(exchange, reply, final, attempt);
                    return;
                }
                if (end == RelayEnd.EngineAsleep)
                {
                    // No fault of the replica's, and no attempt: the request waits until one is awake.
                    exchange.Dispatcher.NoteAsleep(lease.Replica);
                }
                else
                {
                    tried.Add(lease.Replica.Route.Id);
                    Suspend(exchange, lease.Replica, end, attempt);
                }
            }
            busy = end == RelayEnd.EngineBusy ? attempt.Refusal : busy;
            if (tried.Count >= options.AttemptsMax || exchange.Previous is not null)
            {
                result = Refused(busy ?? attempt.Refusal ?? ErrorOf(exchange, end));
            }
            else if (busy is not null)
            {
                // Another that has room now; else the engine's own word, by which the client decides how long it waits.
                result = exchange.Dispatcher.TryLeaseOther(exchange.Session, tried) is { } other ? new LeaseResult(other, null, ClientGone: false) : Refused(busy);
            }
            else
            {
                result = await parking.AcquireAsync(exchange, reply, maxWait, tried);
            }
        }
        await RefuseAsync(exchange, reply, result);
    }

    // What a request goes on from is in the memory of one engine: no other can serve it, and none is started for it.
    private static LeaseResult LeaseHolderOf(KeptResponse previous, Exchange exchange) =>
        exchange.Dispatcher.TryLeaseAt(previous.Replica, out var isBusy) is { } lease ? new LeaseResult(lease, null, ClientGone: false)
        : Refused(isBusy ? ApiErrors.ResponseBusy(previous.Id) : ApiErrors.ResponseGone(previous.Id));

    private static LeaseResult Refused(ApiError error) => new(null, error, ClientGone: false);

    private static ApiError ErrorOf(Exchange exchange, RelayEnd? end) => end == RelayEnd.EngineMalformed
        ? ApiErrors.EngineMalformed(exchange.Dispatcher.Model.Id)
        : ApiErrors.EngineUnreachable(exchange.Dispatcher.Model.Id);

    private void Note(Exchange exchange, ReplicaSlots replica)
    {
        // A session is one model's: the same one at another model has a replica of its own there.
        var noted = sessions.Note(Rendezvous.Mix(exchange.Session, exchange.Dispatcher.Hash), replica.Hash);

        // A first turn that went from one replica to another is a first turn all the same.
        exchange.Affinity = exchange is { Replica: not null, Affinity: AffinityOutcome.New } ? AffinityOutcome.New : noted;
        exchange.Replica = replica;
        exchange.ForgetCounts();
    }

    private async Task RefuseAsync(Exchange exchange, ClientReply reply, LeaseResult result)
    {
        // What was refused without waiting used nothing and is no record; who waited or was at an engine has one, served or not.
        var counts = exchange.Parked > TimeSpan.Zero || exchange.Replica is not null;
        if (result.ClientGone)
        {
            await recorder.TryRecordAsync(exchange, UsageOutcome.Cancelled, StatusOf(reply, StatusCodes.ClientClosedRequest), reply.GoneReason);
            return;
        }
        var error = result.Error!;
        if (counts)
        {
            await FinishFailedAsync(exchange, reply, error);
            return;
        }
        await reply.FailAsync(error);
    }

    private async Task FinishAsync(Exchange exchange, ClientReply reply, RelayEnd end, ForwardAttempt attempt)
    {
        var model = exchange.Dispatcher.Model;
        switch (end)
        {
            case RelayEnd.Completed or RelayEnd.QuotaSpent:
                exchange.Replica!.NoteSuccess();
                return;
            case RelayEnd.ClientGone:
                await recorder.TryRecordAsync(exchange, UsageOutcome.Cancelled, StatusOf(reply, StatusCodes.ClientClosedRequest), reply.GoneReason);
                return;
            case RelayEnd.UsageLost when exchange.Capture is { Claim.IsLost: true }:
                // The client's next try gets the other gateway's reply.
                await TruncateAsync(exchange, reply, ApiErrors.IdempotencyKeyInUse, attempt);
                return;
            case RelayEnd.UsageLost:
                await TruncateAsync(exchange, reply, ApiErrors.UsageLost(model.Id), attempt);
                return;
            case RelayEnd.EngineError when attempt.Refusal is { } refusal:
                if (attempt.EngineStatus >= 500)
                {
                    Tell(exchange, exchange.Replica!, TroubleKind.BadResponse, attempt.Detail);
                }
                await FinishFailedAsync(exchange, reply, refusal);
                return;
            case RelayEnd.EngineError:
                Tell(exchange, exchange.Replica!, TroubleKind.BadResponse, "The engine reported an error in the middle of its stream.");
                await recorder.TryRecordAsync(exchange, UsageOutcome.Truncated, reply.Status, "engine_error");
                return;
            default:
                break;
        }

        var error = end switch
        {
            RelayEnd.EngineStalled => ApiErrors.EngineStalled(model.Id, attempt.SilenceMax),
            RelayEnd.EngineMalformed => ApiErrors.EngineMalformed(model.Id),
            RelayEnd.EngineAborted => ApiErrors.EngineAborted(model.Id),
            RelayEnd.Drained => ApiErrors.ShuttingDown,
            _ => ApiErrors.EngineTruncated(model.Id),
        };
        if (end != RelayEnd.Drained)
        {
            Report(exchange, exchange.Replica!, end, attempt);
        }
        if (!attempt.HasForwarded)
        {
            await FinishFailedAsync(exchange, reply, error);
            return;
        }
        await recorder.TryRecordAsync(exchange, UsageOutcome.Truncated, reply.Status, error.Code!);
        await TruncateAsync(exchange, reply, error, attempt);
    }

    private async Task FinishFailedAsync(Exchange exchange, ClientReply reply, ApiError error)
    {
        await recorder.TryRecordAsync(exchange, UsageOutcome.Failed, StatusOf(reply, error.Status), error.Code ?? "engine_error");
        await reply.FailAsync(error);
    }

    private static async Task TruncateAsync(Exchange exchange, ClientReply reply, ApiError error, ForwardAttempt attempt)
    {
        if (attempt.IsStream || !reply.HasBegun)
        {
            await reply.FailAsync(error);
            return;
        }

        // A plain body cannot tell: its client must not take the part for the whole.
        exchange.Http.Abort();
    }

    // What is in the client's hands already stands, whatever the error says.
    private static int StatusOf(ClientReply reply, int otherwise) => reply.HasBegun ? reply.Status : otherwise;

    // A busy replica works as it should: that is no news for the scheduler.
    private void Suspend(Exchange exchange, ReplicaSlots replica, RelayEnd? end, ForwardAttempt attempt)
    {
        if (end != RelayEnd.EngineBusy)
        {
            Report(exchange, replica, end, attempt);
        }
        else if (attempt.Refusal?.RetryAfter is { } wish)
        {
            exchange.Dispatcher.Suspend(replica, wish);
        }
    }

    private void Report(Exchange exchange, ReplicaSlots replica, RelayEnd? end, ForwardAttempt attempt)
    {
        var kind = end switch
        {
            null => TroubleKind.Unreachable,
            RelayEnd.EngineStalled => TroubleKind.Stalled,
            RelayEnd.EngineMalformed or RelayEnd.EngineError => TroubleKind.BadResponse,
            _ => TroubleKind.Died,
        };
        exchange.Dispatcher.Suspend(replica);
        Tell(exchange, replica, kind, attempt.Detail);
    }

    // A hint for the scheduler, without keeping requests away from the replica.
    private void Tell(Exchange exchange, ReplicaSlots replica, TroubleKind kind, string detail)
    {
        var model = exchange.Dispatcher.Model.Id;
        LogTrouble(replica.Route.Id, model, kind, exchange.Id, detail);
        announcer.Announce(new ReplicaTrouble(routes.GatewayId, model, replica.Route.Id, kind, detail, replica.NoteFailure()));
    }

    [LoggerMessage(1301, LogLevel.Warning, "Replica {Replica} of {Model}: {Kind} on request {RequestId}. {Detail}")]
    private partial void LogTrouble(string replica, string model, TroubleKind kind, Guid requestId, string detail);

    [LoggerMessage(1302, LogLevel.Warning, "Replica {Replica} of {Model} refuses stream_options: from now on it is asked for usage {Asked}.")]
    private partial void LogAsksLess(string replica, string model, UsageAsk asked);

    private static class StatusCodes
    {
        /// <summary>nginx's number for a client that left before a status was sent. Only in records.</summary>
        public const int ClientClosedRequest = 499;
    }
}
