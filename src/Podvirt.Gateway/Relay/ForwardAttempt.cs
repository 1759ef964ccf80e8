using System.Buffers;
using System.Runtime.CompilerServices;
using Podvirt.Core.Http;
using Podvirt.Core.Requests;
using Podvirt.Gateway.Parking;
using Podvirt.Gateway.Routing;
using Podvirt.Gateway.Surfaces;
using Podvirt.Gateway.Upstream;

namespace Podvirt.Gateway.Relay;

/// <summary>One request at one replica.</summary>
internal sealed class ForwardAttempt(
    Exchange exchange, ClientReply reply, ReplicaSlots replica, PrefillWait? prefill, UsageRecorder recorder, GatewayDrain drain,
    Membership membership, GatewayOptions options, TimeProvider time)
{
    // Error bodies of engines are short; a longer one is cut, not held.
    private const int ErrorBytesMax = 64 * 1024;

    private bool _mayRetry;
    private UsageAsk _asked = replica.UsageAsk;

    /// <summary>Bytes of the engine's answer have gone to the client.</summary>
    public bool HasForwarded { get; private set; }

    public bool IsStream => exchange.IsStream;

    /// <summary>The engine's own refusal, in the API's shape.</summary>
    public ApiError? Refusal { get; private set; }

    /// <summary>The status of the engine's refusal; 0 when it gave none.</summary>
    public int EngineStatus { get; private set; }

    /// <summary>What went wrong, for the log.</summary>
    public string Detail { get; private set; } = "";

    /// <summary>The engine was found to take less of the gateway's wish for usage than was thought.</summary>
    public bool UsageAskLowered { get; private set; }

    /// <summary>The silence that counts as a stall in the present phase.</summary>
    public TimeSpan SilenceMax { get; private set; } = options.HeadTimeout;

    /// <summary>Another replica may try: nothing went out, and it was the replica's fault, or it has no room.</summary>
    public bool MayRetry(RelayEnd end) => !HasForwarded && (_mayRetry || end is RelayEnd.EngineDied or RelayEnd.EngineBusy or RelayEnd.EngineAsleep);

    /// <returns>How it ended; null when no connection could be had.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<RelayEnd?> RunAsync()
    {
        var fresh = false;
        while (true)
        {
            var connecting = time.GetTimestamp();
            UpstreamConnection connection;
            try
            {
                connection = await UntilAsync(replica.Pool.RentAsync(fresh, exchange.Http.RequestAborted));
            }
            catch (OperationCanceledException)
            {
                return RelayEnd.ClientGone;
            }
            catch (IOException e)
            {
                Detail = e.Message;
                return null;
            }
            exchange.Connected = time.GetElapsedTime(connecting);
            exchange.Queued = exchange.Elapsed;

            var result = await UseAsync(connection);
            if (result.Again == Again.No)
            {
                return result.End;
            }

            // A stale connection is replaced by a new one, which cannot be stale: no request is sent a third time for it.
            fresh |= result.Again == Again.Stale;
        }
    }

    // Gives the connection back, or closes it, whatever happens.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<AttemptResult> UseAsync(UpstreamConnection connection)
    {
        var sending = Task.CompletedTask;
        var reusable = false;
        try
        {
            AttemptResult result;
            RelayGuard guard;
            using (guard = new RelayGuard(connection, options.HeadTimeout, time, exchange.Http.RequestAborted, drain.Deadline))
            {
                if (exchange.Dispatcher.MaySleep && !membership.IsAttached && await MayBeAsleepAsync(connection, guard) is { } unsent)
                {
                    // It may have been put to sleep without this gateway's word.
                    return unsent;
                }
                Doubt(guard);
                try
                {
                    sending = SendAsync(connection);
                    result = await AnswerAsync(connection, guard);
                }
                finally
                {
                    Trust(guard);
                }
            }

            // Only now is it certain that the guard will not cut a connection that carries another request.
            reusable = result.Reusable && sending.IsCompletedSuccessfully && guard.Reason is null;
            return result;
        }
        finally
        {
            if (reusable)
            {
                await replica.Pool.ReturnAsync(connection);
            }
            else
            {
                // The body is the exchange's: nothing may still be sending it when that has ended.
                connection.Cut();
                await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await connection.DisposeAsync();
            }
        }
    }

    // Null: it says that it is awake, and the connection is good for the request.
    private async ValueTask<AttemptResult?> MayBeAsleepAsync(UpstreamConnection connection, RelayGuard guard)
    {
        guard.Expect(options.ConnectTimeout);
        try
        {
            var answer = await UntilAsync(SleepQuestion.AskAsync(connection, replica.Pool, exchange.Id));
            guard.Expect(options.HeadTimeout);
            return answer.IsAsleep ? new AttemptResult(RelayEnd.EngineAsleep)
                : answer.IsReusable ? null : new AttemptResult(RelayEnd.EngineDied, Again.Stale);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            Detail = e.Message;
            return new AttemptResult(guard.Reason ?? RelayEnd.EngineDied, guard.Reason is null && connection is { IsReused: true, HasAnswer: false } ? Again.Stale : Again.No);
        }
    }

    // From here on, until it has said something, it may fall asleep without this gateway's word.
    private void Doubt(RelayGuard guard)
    {
        if (exchange.Dispatcher.MaySleep)
        {
            replica.HeadWaits.Add(guard);
        }
    }

    private void Trust(RelayGuard guard)
    {
        if (exchange.Dispatcher.MaySleep)
        {
            replica.HeadWaits.Remove(guard);
        }
    }

    // Runs beside the answer: an engine may refuse a large body before it has read all of it.
    private Task SendAsync(UpstreamConnection connection)
    {
        var splice = _asked == UsageAsk.Nothing
            ? BodySplice.WithoutUsage(exchange.Request, replica.ServedAs)
            : BodySplice.For(exchange.Request, replica.ServedAs, _asked == UsageAsk.OnEveryChunk);
        return UpstreamRequest.WriteAsync(connection, replica.Pool, exchange.Surface.EnginePath, exchange.Id, IsStream, exchange.Body, splice).AsTask();
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<AttemptResult> AnswerAsync(UpstreamConnection connection, RelayGuard guard)
    {
        ResponseHead head;
        string contentType;
        try
        {
            (head, contentType) = await UntilAsync(connection.ReadHeadAsync());
        }
        catch (UpstreamProtocolException e)
        {
            Detail = e.Message;
            _mayRetry = guard.Reason is null;
            return new AttemptResult(guard.Reason ?? RelayEnd.EngineMalformed);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            Detail = e.Message;
            if (guard.Reason is { } reason)
            {
                return new AttemptResult(reason);
            }

            // An idle connection that the engine had closed: the request was never read.
            return new AttemptResult(RelayEnd.EngineDied, connection is { IsReused: true, HasAnswer: false } ? Again.Stale : Again.No);
        }

        if (head.Status == 408 && connection.IsReused)
        {
            // Servers say so before they close an idle connection: it is no answer to this request (RFC 9110, 15.5.9).
            return new AttemptResult(RelayEnd.EngineDied, Again.Stale);
        }
        guard.Expect(SilenceMax = exchange.Dispatcher.Model.Engine.TokenTimeout);
        if (head.Status >= 300)
        {
            return await RefusedAsync(connection, guard, head);
        }
        if (exchange.Request.MayStream)
        {
            exchange.IsStream = head.IsEventStream;
        }
        if (IsStream != head.IsEventStream || head.Status is 204 or 205)
        {
            Detail = $"The engine answered with '{contentType}'.";
            return new AttemptResult(RelayEnd.EngineMalformed);
        }

        if (exchange.Surface.IsBinary && !IsStream && head.Framing == BodyFraming.CloseDelimited)
        {
            Detail = "The engine announced no end of its bytes: whether they are all there could not be told.";
            return new AttemptResult(RelayEnd.EngineMalformed);
        }

        // Remembered only now that it has helped: a client's own mistake may be refused in the same words.
        if (_asked < replica.UsageAsk)
        {
            replica.UsageAsk = _asked;
            UsageAskLowered = true;
        }
        var result = IsStream ? await StreamAsync(connection, guard, head) : await PlainAsync(connection, guard, head, contentType);
        Detail = result.End switch
        {
            RelayEnd.EngineDied => "Its answer broke off.",
            RelayEnd.EngineStalled => "It fell silent in the middle of its answer.",
            RelayEnd.EngineMalformed => "Its answer is not what its head announced.",
            _ => "",
        };
        return result;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<AttemptResult> StreamAsync(UpstreamConnection connection, RelayGuard guard, ResponseHead head)
    {
        if (!await HasBegunAsync(connection))
        {
            return new AttemptResult(guard.Reason ?? RelayEnd.EngineDied);
        }
        Trust(guard);
        using var relay = new StreamRelay(exchange, reply, connection, guard, recorder, exchange.Surface.BeginsEarly ? prefill : null);
        var end = await relay.RunAsync(head);
        HasForwarded = relay.HasForwarded;
        return new AttemptResult(end, Reusable: relay.IsReusable);
    }

    // Waits for the first byte behind the head and leaves it where it is. False when the connection broke.
    private async ValueTask<bool> HasBegunAsync(UpstreamConnection connection)
    {
        try
        {
            var read = await UntilAsync(connection.Input.ReadAsync());
            connection.Input.AdvanceTo(read.Buffer.Start);
            if (!read.Buffer.IsEmpty && !exchange.Surface.BeginsEarly)
            {
                prefill?.End();
            }
            return true;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            Detail = e.Message;
            return false;
        }
    }

    // A streaming client gets its comments while the engine has not said anything.
    private ValueTask<T> UntilAsync<T>(ValueTask<T> step) => prefill is null ? step : prefill.UntilAsync(step);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<AttemptResult> PlainAsync(UpstreamConnection connection, RelayGuard guard, ResponseHead head, string contentType)
    {
        Trust(guard);
        var relay = new PlainRelay(exchange, reply, connection, guard, recorder, head, contentType);
        var end = await relay.RunAsync();
        HasForwarded = relay.HasForwarded;
        return new AttemptResult(end, Reusable: relay.IsReusable);
    }

    private async ValueTask<AttemptResult> RefusedAsync(UpstreamConnection connection, RelayGuard guard, ResponseHead head)
    {
        var body = new ArrayBufferWriter<byte>(512);
        var reusable = false;
        try
        {
            reusable = await ReadErrorAsync(connection, head, body) && head.KeepAlive;
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // What came of the body will do: the status is what counts.
            Detail = e.Message;
        }
        if (guard.Reason is { } reason)
        {
            return new AttemptResult(reason);
        }
        if (head.Status is 400 or 422 && exchange.Request is { Stream: true, TakesStreamOptions: true } && _asked != UsageAsk.Nothing && NamesStreamOptions(body.WrittenSpan))
        {
            _asked--;
            return new AttemptResult(RelayEnd.EngineError, Again.AskingLess, reusable);
        }

        EngineStatus = head.Status;
        Detail = $"The engine answered with status {head.Status}.";
        if (head.Status == 429 || (head.Status == 503 && head.RetryAfter.IsSaid))
        {
            Refusal = EngineErrors.Busy(head.Status, body.WrittenSpan, head.RetryAfter.From(time.GetUtcNow()));
            return new AttemptResult(RelayEnd.EngineBusy, Reusable: reusable);
        }
        _mayRetry = head.Status is 502 or 503;
        Refusal = head.Status switch
        {
            404 when exchange.Previous is { } previous => ApiErrors.ResponseForgotten(previous.Id),
            404 or 405 when exchange.Surface.IsOptional && !EngineErrors.NamesTheModel(body.WrittenSpan) =>
                ApiErrors.EngineLacks(exchange.Dispatcher.Model, exchange.Surface.Path),

            // The gateway's own key, path or name was refused, or it was sent elsewhere: nothing the client could mend.
            < 400 or 401 or 403 or 404 or 405 => ApiErrors.EngineRefused(exchange.Dispatcher.Model.Id, head.Status),
            _ => EngineErrors.Normalise(head.Status, body.WrittenSpan),
        };
        return new AttemptResult(RelayEnd.EngineError, Reusable: reusable);
    }

    private static bool NamesStreamOptions(ReadOnlySpan<byte> error) =>
        error.IndexOf("continuous_usage_stats"u8) >= 0 || error.IndexOf("stream_options"u8) >= 0 || error.IndexOf("include_usage"u8) >= 0;

    // True when all of the body was there.
    private static async ValueTask<bool> ReadErrorAsync(UpstreamConnection connection, ResponseHead head, ArrayBufferWriter<byte> destination)
    {
        var body = new UpstreamBody(head);
        var hasExcess = false;
        while (!body.IsComplete && !body.IsMalformed && destination.WrittenCount < ErrorBytesMax)
        {
            var read = await connection.Input.ReadAsync();
            foreach (var segment in read.Buffer)
            {
                var input = segment.Span;
                while (body.TryRead(ref input, out var payload))
                {
                    destination.Write(payload);
                }
                hasExcess |= input.Length > 0;
            }
            connection.Input.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
            {
                break;
            }
        }
        return body.IsComplete && !hasExcess;
    }

    private enum Again
    {
        No,

        /// <summary>Over a new connection: the idle one had been closed by the engine.</summary>
        Stale,

        /// <summary>With less in <c>stream_options</c>.</summary>
        AskingLess,
    }

    /// <param name="End">How it ended.</param>
    /// <param name="Again">Whether to try the same replica once more.</param>
    /// <param name="Reusable">The connection is between two answers.</param>
    private readonly record struct AttemptResult(RelayEnd End, Again Again = Again.No, bool Reusable = false);
}
