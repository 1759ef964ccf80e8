using System.Buffers;
using Podvirt.Core.Http;
using Podvirt.Core.Replies;
using Podvirt.Gateway.Surfaces;
using Podvirt.Gateway.Upstream;

namespace Podvirt.Gateway.Relay;

/// <summary>
/// Relays one plain reply as it comes, whatever its size, reading the counts in passing. Its last byte is held until
/// the usage record is durable.
/// </summary>
internal sealed class PlainRelay(Exchange exchange, ClientReply reply, UpstreamConnection connection, RelayGuard guard, UsageRecorder recorder)
{
    private readonly PlainUsageScanner _scanner = new();
    private byte _held;
    private bool _holds;
    private bool _hasUnflushed;
    private bool _hasExcess;

    public bool HasForwarded { get; private set; }

    public bool IsReusable { get; private set; }

    public async ValueTask<RelayEnd> RunAsync(ResponseHead head, string contentType)
    {
        var body = new UpstreamBody(head);
        while (!body.IsComplete)
        {
            bool endOfConnection;
            try
            {
                var read = await connection.Input.ReadAsync();
                guard.Touch();
                Pump(read.Buffer, ref body, head, contentType);
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
            if (body.IsMalformed)
            {
                return RelayEnd.EngineMalformed;
            }
            if (endOfConnection && !body.IsComplete)
            {
                if (!body.EndsWithConnection)
                {
                    return guard.Reason ?? RelayEnd.EngineDied;
                }
                break;
            }
        }
        IsReusable = head.KeepAlive && body.IsComplete && !_hasExcess;
        return await FinishAsync(head, contentType);
    }

    private void Pump(in ReadOnlySequence<byte> buffer, ref UpstreamBody body, in ResponseHead head, string contentType)
    {
        foreach (var segment in buffer)
        {
            var input = segment.Span;
            while (body.TryRead(ref input, out var payload))
            {
                if (!reply.HasBegun)
                {
                    reply.BeginPlain(head.Status, contentType, head.Framing == BodyFraming.ContentLength ? head.ContentLength : null);
                }
                Forward(payload);
            }
            _hasExcess |= input.Length > 0;
        }
    }

    private void Forward(ReadOnlySpan<byte> payload)
    {
        _scanner.Scan(payload);
        var writer = reply.Writer;
        if (_holds)
        {
            writer.Write([_held]);
        }
        writer.Write(payload[..^1]);
        _hasUnflushed |= _holds || payload.Length > 1;
        _held = payload[^1];
        _holds = true;
        HasForwarded = true;
    }

    private async ValueTask<RelayEnd> FinishAsync(ResponseHead head, string contentType)
    {
        if (_scanner.TryGetCounts(out var tokens))
        {
            exchange.ReadCounts(tokens);
        }
        guard.Pause();
        if (guard.Reason == RelayEnd.ClientGone)
        {
            return RelayEnd.ClientGone;
        }
        if (!await recorder.TryCompleteAsync(exchange, head.Status))
        {
            return RelayEnd.UsageLost;
        }
        if (!reply.HasBegun)
        {
            reply.BeginPlain(head.Status, contentType, 0);
        }
        if (_holds)
        {
            reply.Writer.Write([_held]);
        }
        await FlushAsync();
        return RelayEnd.Completed;
    }

    private ValueTask<bool> FlushAsync()
    {
        _hasUnflushed = false;
        return reply.FlushAsync(guard);
    }
}
