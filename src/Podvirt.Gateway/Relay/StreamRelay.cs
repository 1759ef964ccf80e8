using System.Buffers;
using System.Runtime.CompilerServices;
using Podvirt.Core.Http;
using Podvirt.Core.Requests;
using Podvirt.Core.Sse;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Parking;
using Podvirt.Gateway.Surfaces;
using Podvirt.Gateway.Upstream;

namespace Podvirt.Gateway.Relay;

/// <summary>
/// Relays one event stream.
/// <code>
///  engine ─► read ─► take framing off ─► find events ─► read counts, take out what was not asked for ─► write ─► flush ─► client
/// </code>
/// <list type="number">
/// <item>Each upstream read is worked through in place; only an event that is split between reads is copied together.</item>
/// <item>Events are forwarded as they came, less the usage that the gateway asked for and the client did not.</item>
/// <item>One flush per upstream read; a slow client slows the engine down.</item>
/// <item>Where a month's limit is used up, the engine is cut, and the client gets the end that <c>max_tokens</c> would have made.</item>
/// <item>The last event, <c>[DONE]</c> on chat, is held until the usage record is durable. Without it the stream does not end well.</item>
/// </list>
/// Nothing is allocated per event.
/// </summary>
/// <param name="exchange">The request.</param>
/// <param name="reply">Its client's side.</param>
/// <param name="connection">Its engine's side, behind the head.</param>
/// <param name="guard">Cuts it.</param>
/// <param name="recorder">Makes its record durable.</param>
/// <param name="prefill">Keeps the client company until the model answers, where streams begin before that.</param>
internal sealed class StreamRelay(Exchange exchange, ClientReply reply, UpstreamConnection connection, RelayGuard guard, UsageRecorder recorder, PrefillWait? prefill = null)
    : IDisposable
{
    private static readonly TimeSpan s_drainTime = TimeSpan.FromSeconds(1);

    private readonly EventEditor _editor = EventEditor.For(exchange, reply);
    private PrefillWait? _prefill = prefill;
    private SseScanner _scanner;
    private UpstreamBody _body;
    private byte[] _partial = [];
    private int _partialLength;
    private bool _hasExcess;

    /// <summary>Bytes of the engine's have gone to the client: no other replica may take over any more.</summary>
    public bool HasForwarded => _editor.HasForwarded;

    /// <summary>The connection may carry another request.</summary>
    public bool IsReusable { get; private set; }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<RelayEnd> RunAsync(ResponseHead head)
    {
        _body = new UpstreamBody(head);
        while (true)
        {
            // 1. Read.
            bool endOfConnection;
            try
            {
                var reading = connection.Input.ReadAsync();
                var read = await (_prefill is null ? reading : _prefill.UntilAsync(reading));
                guard.Touch();

                // 2. Work through it in place.
                Pump(read.Buffer);
                connection.Input.AdvanceTo(read.Buffer.End);
                endOfConnection = read.IsCompleted;
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                return EndOfEngine();
            }

            if (_prefill is not null && !_editor.AwaitsOutput)
            {
                _prefill.End();
                _prefill = null;
            }

            // 3. Flush.
            if (_editor.HasUnflushed && !await FlushAsync())
            {
                return RelayEnd.ClientGone;
            }

            // 4. End.
            if (_editor.End is { } end)
            {
                return await FinishAsync(end, head.KeepAlive);
            }
            if (_body.IsMalformed)
            {
                return RelayEnd.EngineMalformed;
            }
            if (_body.IsComplete || endOfConnection)
            {
                return EndOfEngine();
            }
        }
    }

    public void Dispose()
    {
        _editor.Dispose();
        ReturnPartial();
    }

    private void Pump(in ReadOnlySequence<byte> buffer)
    {
        foreach (var segment in buffer)
        {
            var input = segment.Span;
            while (_editor.End is null && _body.TryRead(ref input, out var payload))
            {
                Scan(payload);
            }

            // Behind the last event only the framing's end still matters: it decides whether the connection can be used again.
            while (_body.TryRead(ref input, out _))
            {
            }
            _hasExcess |= input.Length > 0;
        }
    }

    private void Scan(ReadOnlySpan<byte> payload)
    {
        while (payload.Length > 0 && _editor.End is null)
        {
            var length = _scanner.FindEventEnd(payload);
            if (length < 0)
            {
                Keep(payload);
                return;
            }
            if (_partialLength == 0)
            {
                _editor.Process(payload[..length]);
            }
            else
            {
                Keep(payload[..length]);
                if (_editor.End is null)
                {
                    _editor.Process(_partial.AsSpan(0, _partialLength));
                }
                _partialLength = 0;
            }
            payload = payload[length..];
        }
    }

    // An event that goes on in the next read.
    private void Keep(ReadOnlySpan<byte> bytes)
    {
        var needed = _partialLength + bytes.Length;
        if (needed > _editor.EventBytesMax)
        {
            _editor.RefuseEvent();
            return;
        }
        if (needed > _partial.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, 1024));
            _partial.AsSpan(0, _partialLength).CopyTo(larger);
            ReturnPartial();
            _partial = larger;
        }
        bytes.CopyTo(_partial.AsSpan(_partialLength));
        _partialLength = needed;
    }

    private ValueTask<bool> FlushAsync()
    {
        _editor.HasUnflushed = false;
        return reply.FlushAsync(guard);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<RelayEnd> FinishAsync(RelayEnd end, bool keepAlive)
    {
        if (end is not (RelayEnd.Completed or RelayEnd.QuotaSpent))
        {
            return end;
        }
        if (guard.Reason == RelayEnd.ClientGone)
        {
            return RelayEnd.ClientGone;
        }
        guard.Pause();
        if (end == RelayEnd.QuotaSpent)
        {
            return await CutAsync();
        }
        if (!await recorder.TryCompleteAsync(exchange, reply.Status))
        {
            return RelayEnd.UsageLost;
        }
        // The last event and the response's own end leave in one send.
        _editor.WriteEnd();
        await reply.CompleteAsync(guard);
        IsReusable = keepAlive && await DrainAsync();
        return RelayEnd.Completed;
    }

    // The engine stops at once: what it generates from here on is nobody's.
    private async ValueTask<RelayEnd> CutAsync()
    {
        connection.Cut();

        // The record keeps the rate by which the client is told.
        var cost = exchange.Rates is not null && (exchange.Request.WantsUsage || !exchange.Request.TakesStreamOptions) ? UsageCost.Member(exchange.Quote()) : [];
        if (!await recorder.TryRecordAsync(exchange, UsageOutcome.Truncated, reply.Status, ApiError.Quota))
        {
            return RelayEnd.UsageLost;
        }
        _editor.WriteCut(cost);
        await reply.CompleteAsync(guard);
        return RelayEnd.QuotaSpent;
    }

    private RelayEnd EndOfEngine() => guard.Reason ?? RelayEnd.EngineDied;

    // The framing's end comes right behind the last event, often in a read of its own: worth a moment, for a connection that
    // can be used again. Mostly it is there by now, and the moment needs no timer.
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> DrainAsync()
    {
        while (!_body.IsComplete && !_body.IsMalformed)
        {
            try
            {
                var reading = connection.Input.ReadAsync();
                if (!reading.IsCompleted)
                {
                    guard.Expect(s_drainTime);
                }
                var read = await reading;
                Pump(read.Buffer);
                connection.Input.AdvanceTo(read.Buffer.End);
                if (read.IsCompleted)
                {
                    return false;
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                return false;
            }
        }
        return _body.IsComplete && !_hasExcess && guard.Reason is null;
    }

    private void ReturnPartial()
    {
        if (_partial.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_partial);
            _partial = [];
        }
    }
}
