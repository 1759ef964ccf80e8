using System.Buffers;
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
    GatewayOptions options, TimeProvider time)
{
    // Error bodies of engines are short; a longer one is cut, not held.
    private const int ErrorBytesMax = 64 * 1024;

    private bool _mayRetry;
    private bool _askedContinuous;

    /// <summary>Bytes of the engine's answer have gone to the client.</summary>
    public bool HasForwarded { get; private set; }

    public bool IsStream { get; private set; } = exchange.Request.Stream;

    /// <summary>The engine's own refusal, in the API's shape.</summary>
    public ApiError? Refusal { get; private set; }

    /// <summary>The status of the engine's refusal; 0 when it gave none.</summary>
    public int EngineStatus { get; private set; }

    /// <summary>What went wrong, for the log.</summary>
    public string Detail { get; private set; } = "";

    /// <summary>The silence that counts as a stall in the present phase.</summary>
    public TimeSpan SilenceMax { get; private set; } = options.HeadTimeout;

    /// <summary>Another replica may try: nothing went out, and it was the replica's fault.</summary>
    public bool MayRetry(RelayEnd end) => !HasForwarded && (_mayRetry || end == RelayEnd.EngineDied);

    /// <returns>How it ended; null when no connection could be had.</returns>
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

            RelayEnd end;
            bool again, reusable;
            try
            {
                (end, again, reusable) = await RunAsync(connection);
            }
            catch
            {
                await connection.DisposeAsync();
                throw;
            }
            if (reusable)
            {
                await replica.Pool.ReturnAsync(connection);
            }
            else
            {
                await connection.DisposeAsync();
            }
            if (!again)
            {
                return end;
            }
            fresh = true;
        }
    }

    private async ValueTask<AttemptResult> RunAsync(UpstreamConnection connection)
    {
        using var guard = new RelayGuard(connection, options.HeadTimeout, time, exchange.Http.RequestAborted, drain.Deadline);
        ResponseHead head;
        string contentType;
        _askedContinuous = replica.TakesContinuousUsage;
        try
        {
            var splice = BodySplice.For(exchange.Request, replica.ServedAs, _askedContinuous);
            await UpstreamRequest.WriteAsync(connection, replica.Pool, exchange.Surface.Path, exchange.Id, IsStream, exchange.Body, splice);
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
            var wasStale = connection.IsReused && e is not UpstreamClosedException { BeforeAnyByte: false };
            return new AttemptResult(RelayEnd.EngineDied, Again: wasStale);
        }

        guard.Expect(SilenceMax = exchange.Dispatcher.Model.Engine.TokenTimeout);
        if (head.Status >= 300)
        {
            return await RefusedAsync(connection, guard, head);
        }
        if (IsStream != head.IsEventStream || head.Status is 204 or 205)
        {
            Detail = $"The engine answered with '{contentType}'.";
            return new AttemptResult(RelayEnd.EngineMalformed);
        }
        return IsStream ? await StreamAsync(connection, guard, head) : await PlainAsync(connection, guard, head, contentType);
    }

    private async ValueTask<AttemptResult> StreamAsync(UpstreamConnection connection, RelayGuard guard, ResponseHead head)
    {
        if (!await HasBegunAsync(connection))
        {
            return new AttemptResult(guard.Reason ?? RelayEnd.EngineDied);
        }
        using var relay = new StreamRelay(exchange, reply, connection, guard, recorder);
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
            if (!read.Buffer.IsEmpty)
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

    private async ValueTask<AttemptResult> PlainAsync(UpstreamConnection connection, RelayGuard guard, ResponseHead head, string contentType)
    {
        var relay = new PlainRelay(exchange, reply, connection, guard, recorder);
        var end = await relay.RunAsync(head, contentType);
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
        if (head.Status == 400 && exchange.Request.Stream && _askedContinuous
            && body.WrittenSpan.IndexOf("continuous_usage_stats"u8) >= 0)
        {
            replica.TakesContinuousUsage = false;
            return new AttemptResult(RelayEnd.EngineError, Again: true, Reusable: reusable);
        }

        EngineStatus = head.Status;
        Detail = $"The engine answered with status {head.Status}.";
        _mayRetry = head.Status is 502 or 503;
        Refusal = head.Status switch
        {
            // The gateway's own key, path or name was refused, or it was sent elsewhere: nothing the client could mend.
            < 400 or 401 or 403 or 404 or 405 => ApiErrors.EngineRefused(exchange.Dispatcher.Model.Id, head.Status),
            _ => EngineErrors.Normalise(head.Status, body.WrittenSpan),
        };
        return new AttemptResult(RelayEnd.EngineError, Reusable: reusable);
    }

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

    /// <param name="End">How it ended.</param>
    /// <param name="Again">Try the same replica once more, over a new connection.</param>
    /// <param name="Reusable">The connection is between two answers.</param>
    private readonly record struct AttemptResult(RelayEnd End, bool Again = false, bool Reusable = false);
}
