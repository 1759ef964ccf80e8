using System.Diagnostics;
using Podvirt.Core.Replies;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Relay;

/// <summary>
/// The events of OpenAI's responses. Engines count in the last one alone, so nothing can be cut before: <c>response.completed</c>,
/// <c>response.incomplete</c> and <c>response.cancelled</c> end a stream, <c>response.failed</c> and <c>error</c> too, badly.
/// </summary>
internal sealed class ResponseEditor(Exchange exchange, ClientReply reply) : TypedEditor(exchange, reply)
{
    public override void WriteCut(ReadOnlySpan<byte> cost) => throw new UnreachableException("Nothing is counted before the end.");

    protected override void ProcessData(ReadOnlySpan<byte> sseEvent, ReadOnlySpan<byte> data, int dataStart)
    {
        if (!ResponseEvent.TryRead(data, out var read))
        {
            // Some engines close with the end mark of chat: without a last event before it, that is none.
            End = data.SequenceEqual("[DONE]"u8) ? RelayEnd.EngineDied : RelayEnd.EngineMalformed;
            return;
        }
        if (read.Sequence is { } sequence)
        {
            Reply.NextSequence = sequence + 1;
        }
        switch (read.Kind)
        {
            case EventKind.Begin:
                HoldBeginning(sseEvent);
                break;
            case EventKind.Output:
                Exchange.SawOutput();
                Forward(sseEvent);
                break;
            case EventKind.End:
                TakeCounts(read.HasUsage ? read.Tokens : null, read.HasBadUsage, read.UsageValue, data);
                Finish(read, sseEvent, data, dataStart);
                break;
            case EventKind.Failed:
                // It is told in whole as the engine has it: the error stands in it.
                TakeCounts(read.HasUsage ? read.Tokens : null, read.HasBadUsage, read.UsageValue, data);
                Forward(sseEvent);
                End = RelayEnd.EngineError;
                break;
            case EventKind.Error:
                TellError(data);
                break;
            default:
                Forward(sseEvent);
                break;
        }
    }

    private void Finish(in ResponseEvent read, ReadOnlySpan<byte> sseEvent, ReadOnlySpan<byte> data, int dataStart)
    {
        if (read.IsAborted)
        {
            GiveUp();
            return;
        }
        Exchange.KeepResponse(read.Id.Of(data));
        HoldCountedEnd(read.HasUsage ? read.UsageValue : default, sseEvent, data, dataStart);
    }
}
