using System.Buffers;
using System.Runtime.CompilerServices;
using Podvirt.Core.Http;
using Podvirt.Core.Replies;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Surfaces;
using Podvirt.Gateway.Upstream;

namespace Podvirt.Gateway.Relay;

/// <summary>
/// Relays one plain reply as it comes, whatever its size, reading the counts in passing. Its last byte is held until
/// the usage record is durable.
/// </summary>
internal sealed class PlainRelay(
    Exchange exchange, ClientReply reply, UpstreamConnection connection, RelayGuard guard, UsageRecorder recorder, ResponseHead head, string contentType)
{
    // Nothing in what is no JSON looks like a count but by accident.
    private readonly PlainUsageScanner? _scanner = exchange.Surface.IsBinary ? null : new PlainUsageScanner(exchange.Surface.Usage);
    private UpstreamBody _body = new(head);
    private byte _held;
    private bool _holds;
    private bool _hasUnflushed;
    private bool _hasExcess;

    /// <summary>Bytes of the engine's have gone to the client: no other replica may take over any more.</summary>
    public bool HasForwarded { get; private set; }

    /// <summary>The connection may carry another request.</summary>
    public bool IsReusable { get; private set; }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public async ValueTask<RelayEnd> RunAsync()
    {
        exchange.Capture?.Begin(contentType);
        var end = await RelayAsync();

        // Also of a reply that was not handed out whole: its counts may have passed by.
        ReadCounts();
        return end == RelayEnd.Completed ? await FinishAsync() : end;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<RelayEnd> RelayAsync()
    {
        while (!_body.IsComplete)
        {
            bool endOfConnection;
            try
            {
                var read = await connection.Input.ReadAsync();
                guard.Touch();
                Pump(read.Buffer);
                connection.Input.AdvanceTo(read.Buffer.End);
                endOfConnection = read.IsCompleted;
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                return guard.Reason ?? RelayEnd.EngineDied;
            }
            if (_hasUnflushed && !await FlushAsync())
            {
                return RelayEnd.ClientGone;
            }
            if (_body.IsMalformed)
            {
                return RelayEnd.EngineMalformed;
            }
            if (endOfConnection && !_body.IsComplete)
            {
                // A killed engine closes its connections too: where the close is all the end there is, the JSON must be whole.
                if (!_body.EndsWithConnection || _scanner is not { IsWhole: true })
                {
                    return guard.Reason ?? RelayEnd.EngineDied;
                }
                break;
            }
        }
        return _holds ? RelayEnd.Completed : RelayEnd.EngineMalformed;
    }

    private void Pump(in ReadOnlySequence<byte> buffer)
    {
        foreach (var segment in buffer)
        {
            var input = segment.Span;
            while (_body.TryRead(ref input, out var payload))
            {
                Take(payload);
            }
            _hasExcess |= input.Length > 0;
        }
    }

    /// <summary>False: the reply had none so far.</summary>
    private bool ReadCounts()
    {
        if (_scanner is null)
        {
            return false;
        }
        var hasCounts = _scanner.TryGetCounts(out var tokens, out var isBad);
        if (hasCounts)
        {
            exchange.ReadCounts(tokens);
        }
        if (isBad)
        {
            exchange.Disbelieve("it reported what is no count");
        }
        return hasCounts;
    }

    private void Take(ReadOnlySpan<byte> payload)
    {
        if (_scanner is null || exchange.Rates is null)
        {
            _scanner?.Scan(payload);
            Forward(payload);
            return;
        }
        while (payload.Length > 0)
        {
            var length = _scanner.ScanToUsageEnd(payload, out var isEnd);
            if (isEnd && ReadCounts())
            {
                if (length > 1)
                {
                    Forward(payload[..(length - 1)]);
                }
                Forward(UsageCost.Member(exchange.Quote()));
                Forward(payload[(length - 1)..length]);
            }
            else
            {
                Forward(payload[..length]);
            }
            payload = payload[length..];
        }
    }

    private void Forward(ReadOnlySpan<byte> payload)
    {
        exchange.Capture?.Add(payload);
        if (_holds || payload.Length > 1)
        {
            Begin();
            WriteHeld();
            reply.Writer.Write(payload[..^1]);
            HasForwarded = true;
            _hasUnflushed = true;
        }
        _held = payload[^1];
        _holds = true;
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<RelayEnd> FinishAsync()
    {
        IsReusable = head.KeepAlive && _body.IsComplete && !_hasExcess;
        guard.Pause();
        if (guard.Reason == RelayEnd.ClientGone)
        {
            return RelayEnd.ClientGone;
        }

        if (_scanner is not null)
        {
            exchange.KeepResponse(_scanner.Id);
        }

        // A reply that the engine gave up says so itself.
        var isKept = _scanner is { IsAborted: true } ? await recorder.TryRecordAsync(exchange, UsageOutcome.Truncated, head.Status, ApiErrors.EngineAbortedCode)
            : _scanner is { IsFailed: true } ? await recorder.TryRecordAsync(exchange, UsageOutcome.Failed, head.Status, "engine_error")
            : await recorder.TryCompleteAsync(exchange, head.Status);
        if (!isKept)
        {
            return RelayEnd.UsageLost;
        }
        Begin();
        WriteHeld();
        await FlushAsync();
        return RelayEnd.Completed;
    }

    private void Begin()
    {
        if (!reply.HasBegun)
        {
            reply.BeginPlain(head.Status, contentType, head.Framing == BodyFraming.ContentLength && (exchange.Rates is null || _scanner is null) ? head.ContentLength : null);
        }
    }

    private void WriteHeld()
    {
        if (_holds)
        {
            reply.Writer.Write([_held]);
        }
    }

    private ValueTask<bool> FlushAsync()
    {
        _hasUnflushed = false;
        return reply.FlushAsync(guard);
    }
}
