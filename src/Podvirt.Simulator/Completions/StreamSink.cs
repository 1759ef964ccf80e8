using System.Text.Json;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Events;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Language;

namespace Podvirt.Simulator.Completions;

/// <summary>Sends a generation as an event stream, one flush per frame. What a frame holds is up to the endpoint.</summary>
internal abstract class StreamSink(HttpContext context, ReplyHead head, Sampling sampling, Generation generation, Errors errors, bool reportCached)
    : IReplyStream
{
    private readonly ClientEvents _client = new(context);
    private readonly byte[] _start = head.FrameStart();
    private readonly int[] _reported = new int[generation.Sequences.Count];

    protected FrameWriter Frame { get; } = new(context.Response.BodyWriter);

    protected Generation Generation => generation;

    protected ReplyHead Head => head;

    private bool Continuous => sampling.ContinuousUsage && !generation.Faults.NoUsage;

    public Task OpenAsync() => _client.OpenAsync();

    public abstract ValueTask BeginAsync();

    public async ValueTask WriteAsync(Sequence sequence, IReadOnlyList<(Part Part, string Text)> deltas)
    {
        if (deltas.Count == 0 && sequence.Finish == FinishReason.None)
        {
            return;
        }

        Frame.Raw(_start);
        WriteChoice(sequence, deltas);
        await EndFrameAsync(sequence.GeneratedTokens, sequence.Prompt.Count);
    }

    public async ValueTask WriteMalformedAsync()
    {
        Frame.Raw(_start);
        Frame.Raw("{\"index\":0,,\"delta\":}\n\n"u8);
        await Frame.FlushAsync();
    }

    public async ValueTask CutAsync()
    {
        Frame.Raw(_start.AsSpan(0, _start.Length / 2));
        await Frame.FlushAsync();
        await _client.CutAsync();
    }

    public async ValueTask FailAsync()
    {
        Frame.Raw("data: "u8);
        Frame.Raw(Json.Bytes(writer => errors.Write(writer, RequestException.Engine("EngineCore encountered an issue."))).Span);
        Frame.Raw("\n\ndata: [DONE]\n\n"u8);
        await Frame.FlushAsync();
    }

    /// <summary>The usage frame, if asked for, and the end marker.</summary>
    public async ValueTask CloseAsync()
    {
        if (sampling.IncludeUsage && !generation.Faults.NoUsage)
        {
            Frame.Raw(_start);
            Frame.Raw("],"u8);
            new ReplyUsage(generation.PromptTokens, generation.GeneratedTokens, reportCached ? generation.CachedTokens : null).Write(Frame);
            Frame.Raw("}\n\n"u8);
            await Frame.FlushAsync();
        }

        Frame.Raw("data: [DONE]\n\n"u8);
        await Frame.FlushAsync();
    }

    /// <summary>One element of <c>choices</c>.</summary>
    protected abstract void WriteChoice(Sequence sequence, IReadOnlyList<(Part Part, string Text)> deltas);

    /// <summary>What follows <c>choices</c> when the frame carries no usage.</summary>
    protected abstract ReadOnlySpan<byte> NoUsage { get; }

    protected void StartFrame() => Frame.Raw(_start);

    /// <param name="completionTokens">Of this frame's choice, so far: with several choices, each frame counts its own only.</param>
    /// <param name="promptTokens">Of this frame's prompt: of several, each frame counts its own only. Null: there is one.</param>
    protected async ValueTask EndFrameAsync(int completionTokens, int? promptTokens = null)
    {
        if (Continuous)
        {
            Frame.Raw("],"u8);
            new ReplyUsage(promptTokens ?? generation.PromptTokens, completionTokens, null).Write(Frame);
        }
        else
        {
            Frame.Raw("]"u8);
            Frame.Raw(NoUsage);
        }

        Frame.Raw("}\n\n"u8);
        await Frame.FlushAsync();
    }

    /// <summary>Writes the log probabilities of all tokens since the last frame, whose text may still be kept back; the natural end has none.</summary>
    /// <param name="write">Writes those of a sequence from one place on; null when they are not asked for.</param>
    protected void WriteLogprobs(Sequence sequence, Action<Utf8JsonWriter, Sequence, int>? write)
    {
        var from = _reported[sequence.Index];
        _reported[sequence.Index] = sequence.GeneratedTokens;
        if (write is null || from == sequence.GeneratedTokens)
        {
            Frame.Raw("null"u8);
            return;
        }

        Frame.Raw(Json.Bytes(writer => write(writer, sequence, from)).Span);
    }

    protected void WriteFinish(Sequence sequence, string name)
    {
        Frame.Text(name);
        Frame.Raw(",\"stop_reason\":"u8);
        switch (sequence.StopReason)
        {
            case string text:
                Frame.Text(text);
                break;
            case int token:
                Frame.Number(token);
                break;
            default:
                Frame.Raw("null"u8);
                break;
        }
    }
}
