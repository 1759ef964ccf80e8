using System.Buffers;
using System.Diagnostics;
using Podvirt.Core.Replies;
using Podvirt.Core.Requests;
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
                ReadCounts(read, data);
                Finish(read, sseEvent, data, dataStart);
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

    private void ReadCounts(in SpeechEvent read, ReadOnlySpan<byte> data)
    {
        if (read.HasUsage)
        {
            Exchange.ReadCounts(read.Tokens);
        }
        if (read.HasBadUsage)
        {
            Exchange.Disbelieve($"it reported {Shown(read.UsageValue.Of(data))}");
        }
    }

    private void Finish(in SpeechEvent read, ReadOnlySpan<byte> sseEvent, ReadOnlySpan<byte> data, int dataStart)
    {
        if (Exchange.Rates is null || !read.HasUsage)
        {
            HoldEnd(Whole(sseEvent), RelayEnd.Completed);
            return;
        }
        var edited = new ArrayBufferWriter<byte>(sseEvent.Length + 64);
        WriteEvent(edited, new ByteRange(read.UsageValue.End - 1, 0), UsageCost.Member(Exchange.Quote()), sseEvent, data, dataStart);
        HoldEnd(Whole(edited.WrittenSpan), RelayEnd.Completed);
    }
}
