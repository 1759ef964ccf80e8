using System.Text.Json;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Language;

namespace Podvirt.Simulator.Completions;

/// <summary>The frames of <c>/v1/completions</c>: every field in every frame, <c>usage</c> null where there is none.</summary>
/// <param name="logprobs">Null when they are not asked for.</param>
internal sealed class CompletionStream(
    HttpContext context, ReplyHead head, Sampling sampling, Generation generation, Errors errors, bool reportCached, CompletionLogprobs? logprobs)
    : StreamSink(context, head, sampling, generation, errors, reportCached)
{
    private readonly Action<Utf8JsonWriter, Sequence, int>? _logprobs = logprobs is null ? null : logprobs.Write;

    protected override ReadOnlySpan<byte> NoUsage => ",\"usage\":null"u8;

    // Completions have no opening frame.
    public override ValueTask BeginAsync() => ValueTask.CompletedTask;

    protected override void WriteChoice(Sequence sequence, IReadOnlyList<(Part Part, string Text)> deltas)
    {
        Frame.Raw("{\"index\":"u8);
        Frame.Number(sequence.Index);
        Frame.Raw(",\"text\":"u8);
        Frame.Text(deltas.Count == 0 ? "" : deltas[0].Text);
        Frame.Raw(",\"logprobs\":"u8);
        WriteLogprobs(sequence, _logprobs);
        Frame.Raw(",\"finish_reason\":"u8);
        if (sequence.Finish == FinishReason.None)
        {
            Frame.Raw("null,\"stop_reason\":null"u8);
        }
        else
        {
            WriteFinish(sequence, sequence.Finish.Name());
        }

        Frame.Raw("}"u8);
    }
}
