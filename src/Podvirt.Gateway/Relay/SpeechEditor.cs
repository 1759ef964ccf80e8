using System.Diagnostics;
using Podvirt.Core.Replies;
using Podvirt.Gateway.Surfaces;

namespace Podvirt.Gateway.Relay;

/// <summary>The events of streamed speech, as OpenAI has them and vllm-omni sends them. What they count stands in the last one.</summary>
internal sealed class SpeechEditor(Exchange exchange, ClientReply reply) : EventEditor(exchange, reply)
{
    /// <summary>Engines that make their sound in one go send it so: some twenty minutes of it, in base64.</summary>
    public override int EventBytesMax => 64 * 1024 * 1024;

    public override void WriteCut(ReadOnlySpan<byte> cost) => throw new UnreachableException("Nothing is counted before the end.");

    protected override void ProcessData(ReadOnlySpan<byte> sseEvent, ReadOnlySpan<byte> data, int dataStart)
    {
        if (!SpeechEvent.TryRead(data, out var read))
        {
            // The end mark of chat, without a last event before it, is none.
            End = data.SequenceEqual("[DONE]"u8) ? RelayEnd.EngineDied : RelayEnd.EngineMalformed;
            return;
        }
        switch (read.Kind)
        {
            case EventKind.Output:
                Exchange.SawOutput();
                Forward(sseEvent);
                break;
            case EventKind.End:
                TakeCounts(read.HasUsage ? read.Tokens : null, read.HasBadUsage, read.UsageValue, data);
                HoldCountedEnd(read.HasUsage ? read.UsageValue : default, sseEvent, data, dataStart);
                break;
            case EventKind.Failed:
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
}
