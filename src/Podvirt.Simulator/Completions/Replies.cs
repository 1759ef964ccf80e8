using System.Text.Json;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Http;

namespace Podvirt.Simulator.Completions;

/// <summary>Runs a generation and sees its reply through to the end, streamed or in one body.</summary>
internal sealed class Replies(SimulatedEngine engine, Errors errors)
{
    public Errors Errors => errors;

    public async Task<GenerationOutcome> StreamAsync(Generation generation, IReplyStream sink)
    {
        await sink.OpenAsync();
        var outcome = await engine.RunAsync(generation, sink);
        if (outcome is GenerationOutcome.Completed or GenerationOutcome.Aborted)
        {
            await sink.CloseAsync();
        }

        return outcome;
    }

    /// <summary>Runs a generation whose reply is one body.</summary>
    /// <returns>False when nobody is left to answer.</returns>
    /// <exception cref="RequestException">The engine failed.</exception>
    public async Task<bool> CompleteAsync(Generation generation) => await engine.RunAsync(generation, NullSink.Instance) switch
    {
        GenerationOutcome.ClientLeft => false,
        GenerationOutcome.Failed => throw RequestException.Engine("EngineCore encountered an issue."),
        _ => true,
    };

    public async Task PlainAsync(HttpContext context, Generation generation, ReplyHead head, Action<Utf8JsonWriter, Sequence> writeChoice)
    {
        if (!await CompleteAsync(generation))
        {
            return;
        }

        await Json.ReplyAsync(context, writer =>
        {
            writer.WriteStartObject();
            head.Write(writer);
            writer.WriteStartArray("choices");
            foreach (var sequence in generation.Sequences)
            {
                writer.WriteStartObject();
                writeChoice(writer, sequence);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteNull("service_tier");
            writer.WriteNull("system_fingerprint");
            if (!generation.Faults.NoUsage)
            {
                Usage(generation).Write(writer);
            }

            writer.WriteNull("prompt_logprobs");
            writer.WriteNull("prompt_token_ids");
            writer.WriteNull("kv_transfer_params");
            writer.WriteEndObject();
        });
    }

    public static void WriteFinish(Utf8JsonWriter writer, Sequence sequence, string name)
    {
        writer.WriteString("finish_reason", name);
        switch (sequence.StopReason)
        {
            case string text:
                writer.WriteString("stop_reason", text);
                break;
            case int token:
                writer.WriteNumber("stop_reason", token);
                break;
            default:
                writer.WriteNull("stop_reason");
                break;
        }
    }

    private ReplyUsage Usage(Generation generation) => new(
        generation.PromptTokens, generation.GeneratedTokens, engine.Options.PromptTokensDetails ? generation.CachedTokens : null);
}
