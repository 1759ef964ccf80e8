using System.Buffers;
using System.Text;
using Podvirt.Core.Replies;
using Podvirt.Core.Requests;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Relay;

/// <summary>
/// The events of Anthropic's messages: the prompt's counts in <c>message_start</c>, the answer's in <c>message_delta</c>, and
/// <c>message_stop</c> at the end.
/// </summary>
internal sealed class MessageEditor(Exchange exchange, ClientReply reply) : TypedEditor(exchange, reply)
{
    private MessageUsage _usage;
    private long? _openBlock;
    private bool _hasCounts;
    private bool _hasStopReason;

    // Ends as max_tokens would have it.
    public override void WriteCut(ReadOnlySpan<byte> cost)
    {
        Begin();
        if (_openBlock is { } block)
        {
            Reply.Writer.Write(Encoding.UTF8.GetBytes($"event: content_block_stop\ndata: {{\"type\":\"content_block_stop\",\"index\":{block}}}\n\n"));
        }
        var tokens = Exchange.Tokens;
        Reply.Writer.Write(Encoding.UTF8.GetBytes(
            "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"max_tokens\",\"stop_sequence\":null},\"usage\":"
            + $"{{\"input_tokens\":{tokens.Prompt - tokens.Cached},\"cache_read_input_tokens\":{tokens.Cached},\"output_tokens\":{tokens.Completion}"));
        Reply.Writer.Write(cost);
        Reply.Writer.Write("}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"u8);
        MarkForwarded();
    }

    protected override void ProcessData(ReadOnlySpan<byte> sseEvent, ReadOnlySpan<byte> data, int dataStart)
    {
        if (!MessageEvent.TryRead(data, ref _usage, out var read))
        {
            // Older engines close with the end mark of chat: without message_stop before it, that is no end.
            End = data.SequenceEqual("[DONE]"u8) ? RelayEnd.EngineDied : RelayEnd.EngineMalformed;
            return;
        }
        switch (read.Kind)
        {
            case EventKind.Begin:
                // The prompt has been worked through, whether or not there is room for an answer.
                HoldBeginning(sseEvent);
                ReadCounts(read, data, mayCut: true);
                break;
            case EventKind.Output:
                Exchange.SawOutput();
                _openBlock = read.BeginsBlock ? read.Block : read.EndsBlock ? null : _openBlock;
                Forward(sseEvent);
                break;
            case EventKind.Counts:
                TakeCounts(read, sseEvent, data, dataStart);
                break;
            case EventKind.End when _hasCounts && !_hasStopReason:
                // vLLM has a reason for every end but that of what it gave up.
                GiveUp();
                break;
            case EventKind.End:
                HoldEnd(Whole(sseEvent), RelayEnd.Completed);
                break;
            case EventKind.Error:
                TellError(data);
                break;
            default:
                HoldOrForward(sseEvent);
                break;
        }
    }

    private void TakeCounts(in MessageEvent read, ReadOnlySpan<byte> sseEvent, ReadOnlySpan<byte> data, int dataStart)
    {
        _hasCounts = true;
        _hasStopReason = read.HasStopReason;

        // With a reason all of the answer is out by now: there is nothing left to hold back.
        if (!ReadCounts(read, data, mayCut: !read.HasStopReason))
        {
            return;
        }
        if (!read.HasStopReason && AwaitsOutput)
        {
            // Given up before its first token, as it seems: another replica may answer.
            HoldBeginning(sseEvent);
        }
        else if (read.HasUsage && Exchange.Rates is not null)
        {
            ForwardEdited(new ByteRange(read.UsageValue.End - 1, 0), UsageCost.Member(Exchange.Quote()), sseEvent, data, dataStart);
        }
        else
        {
            Forward(sseEvent);
        }
    }

    // A ping is sent right behind the beginning.
    private void HoldOrForward(ReadOnlySpan<byte> sseEvent)
    {
        if (AwaitsOutput)
        {
            HoldBeginning(sseEvent);
        }
        else
        {
            Forward(sseEvent);
        }
    }

    /// <returns>False: the request is beyond its limits, and is cut.</returns>
    private bool ReadCounts(in MessageEvent read, ReadOnlySpan<byte> data, bool mayCut)
    {
        if (read.HasBadUsage)
        {
            Exchange.Disbelieve($"it reported {Shown(read.UsageValue.Of(data))}");
        }
        if (!read.HasUsage)
        {
            return true;
        }
        if (!mayCut)
        {
            Exchange.ReadCounts(_usage.Counts);
            return true;
        }
        if (Exchange.TryReadCounts(_usage.Counts, choice: 0))
        {
            return true;
        }
        End = RelayEnd.QuotaSpent;
        return false;
    }
}
