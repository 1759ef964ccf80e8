using System.Text.Json;
using Podvirt.Simulator.Completions;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Language;
using Podvirt.Simulator.Options;

namespace Podvirt.Simulator.Chat;

/// <summary>
/// The frames of <c>/v1/chat/completions</c>: a role frame per choice, deltas, and a last delta with the finish reason. A call of a function
/// is a delta with its index, id and name, and deltas with pieces of its arguments.
/// </summary>
/// <param name="named">Whether the request named the function to call.</param>
/// <param name="logprobs">Null when they are not asked for.</param>
internal sealed class ChatStream(
    HttpContext context,
    ReplyHead head,
    Sampling sampling,
    Generation generation,
    Errors errors,
    SimulatorOptions options,
    bool named,
    ChatLogprobs? logprobs)
    : StreamSink(context, head, sampling, generation, errors, options.PromptTokensDetails)
{
    private readonly int[] _calls = new int[generation.Sequences.Count];
    private readonly Action<Utf8JsonWriter, Sequence, int>? _logprobs = logprobs is null ? null : logprobs.Write;

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
        WriteDelta(sequence, deltas);
        Frame.Raw("},\"logprobs\":"u8);
        WriteLogprobs(sequence, _logprobs);
        Frame.Raw(",\"finish_reason\":"u8);
        if (sequence.Finish == FinishReason.None)
        {
            Frame.Raw("null"u8);
        }
        else
        {
            WriteFinish(sequence, ChatChoice.FinishName(sequence, named));
        }

        Frame.Raw(",\"token_ids\":null}"u8);
    }

    private void WriteDelta(Sequence sequence, IReadOnlyList<(Part Part, string Text)> deltas)
    {
        if (deltas.Count == 0)
        {
            Frame.Raw("\"content\":\"\""u8);
            return;
        }

        var calls = false;
        for (var i = 0; i < deltas.Count; i++)
        {
            var (part, text) = deltas[i];
            if (i > 0)
            {
                Frame.Raw(","u8);
            }

            if (part is Part.Thinking or Part.Answer)
            {
                Frame.Raw(part == Part.Answer ? "\"content\":"u8
                    : options.ReasoningContent ? "\"reasoning_content\":"u8
                    : "\"reasoning\":"u8);
                Frame.Text(text);
                continue;
            }

            // Calls follow everything else, so all of a frame's are one array.
            Frame.Raw(calls ? ""u8 : "\"tool_calls\":["u8);
            calls = true;
            WriteCall(sequence, part, text);
        }

        Frame.Raw(calls ? "]"u8 : ""u8);
    }

    private void WriteCall(Sequence sequence, Part part, string text)
    {
        if (part == Part.CallName)
        {
            var call = _calls[sequence.Index]++;
            Frame.Raw("{\"id\":"u8);
            Frame.Text(ChatChoice.CallId(Head, sequence, call));
            Frame.Raw(",\"type\":\"function\",\"index\":"u8);
            Frame.Number(call);
            Frame.Raw(",\"function\":{\"name\":"u8);
            Frame.Text(text);
            Frame.Raw(",\"arguments\":\"\"}}"u8);
            return;
        }

        Frame.Raw("{\"index\":"u8);
        Frame.Number(_calls[sequence.Index] - 1);
        Frame.Raw(",\"function\":{\"arguments\":"u8);
        Frame.Text(text);
        Frame.Raw("}}"u8);
    }
}
