using Podvirt.Simulator.Completions;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Language;

namespace Podvirt.Simulator.Chat;

/// <summary>The frames of <c>/v1/chat/completions</c>: a role frame per choice, deltas, and a last delta with the finish reason.</summary>
internal sealed class ChatStream(
    HttpContext context, ReplyHead head, Sampling sampling, Generation generation, Errors errors, bool reportCached, bool olderReasoningName)
    : StreamSink(context, head, sampling, generation, errors, reportCached)
{
    protected override ReadOnlySpan<byte> NoUsage => [];

    public override async ValueTask BeginAsync()
    {
        foreach (var sequence in Generation.Sequences)
        {
            StartFrame();
            Frame.Raw("{\"index\":"u8);
            Frame.Number(sequence.Index);
            Frame.Raw(",\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,\"finish_reason\":null}"u8);
            await EndFrameAsync(0);
        }
    }

    protected override void WriteChoice(Sequence sequence, IReadOnlyList<(Part Part, string Text)> deltas)
    {
        Frame.Raw("{\"index\":"u8);
        Frame.Number(sequence.Index);
        Frame.Raw(",\"delta\":{"u8);
        WriteDelta(deltas);
        Frame.Raw("},\"logprobs\":null,\"finish_reason\":"u8);
        if (sequence.Finish == FinishReason.None)
        {
            Frame.Raw("null"u8);
        }
        else
        {
            WriteFinish(sequence);
        }

        Frame.Raw(",\"token_ids\":null}"u8);
    }

    private void WriteDelta(IReadOnlyList<(Part Part, string Text)> deltas)
    {
        if (deltas.Count == 0)
        {
            Frame.Raw("\"content\":\"\""u8);
            return;
        }

        for (var i = 0; i < deltas.Count; i++)
        {
            if (i > 0)
            {
                Frame.Raw(","u8);
            }

            Frame.Raw(deltas[i].Part == Part.Answer ? "\"content\":"u8
                : olderReasoningName ? "\"reasoning_content\":"u8
                : "\"reasoning\":"u8);
            Frame.Text(deltas[i].Text);
        }
    }
}
