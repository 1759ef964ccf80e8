using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Faults;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Language;
using Podvirt.Simulator.Options;
using Podvirt.Simulator.Tokens;

namespace Podvirt.Simulator.Audio;

/// <summary><c>POST /v1/audio/speech</c>, as vllm-omni answers it. A token of the text is a step of the engine.</summary>
internal sealed class SpeechEndpoint(SimulatedEngine engine, ServedModels models)
{
    public static string TypeOf(SpeechRequest request) => request.IsWav ? "audio/wav" : "audio/pcm";

    public async Task HandleAsync(HttpContext context)
    {
        using var document = await Json.ReadAsync(context);
        var request = SpeechRequest.Read(new Fields(document.RootElement));
        models.Resolve(request.Model);
        models.Refuse(ModelKind.Embedding, "Speech API");
        int[] tokens = [.. Tokenizer.Encode(request.Input)];
        if (tokens.Length > engine.Options.MaxModelLength)
        {
            throw RequestException.Bad(
                $"This model's maximum context length is {engine.Options.MaxModelLength} tokens. However, your request has {tokens.Length} input tokens.", "input");
        }

        using var generation = Create(request, tokens, context.RequestAborted);
        var voice = new Voice(request.Voice, request.Speed);
        await (request.Delivery == SpeechDelivery.Whole ? WholeAsync(context, request, voice, generation) : StreamAsync(context, request, voice, generation));
    }

    private Generation Create(SpeechRequest request, int[] tokens, CancellationToken client)
    {
        var limits = new SequenceLimits(int.MaxValue, 0, [], IncludeStop: false, [], SplitThinking: false);
        var sequence = new Sequence(0, tokens, limits, new TextSource([(Part.Answer, request.Input)]));
        return new Generation([sequence], GenerationFaults.Take(engine.Faults, request.Delivery != SpeechDelivery.Whole), 0, client) { PromptTokens = tokens.Length };
    }

    private async Task WholeAsync(HttpContext context, SpeechRequest request, Voice voice, Generation generation)
    {
        switch (await engine.RunAsync(generation, NullSink.Instance))
        {
            case GenerationOutcome.ClientLeft:
                return;
            case GenerationOutcome.Completed:
                var sound = voice.Speak(request.Input);
                byte[] body = request.IsWav ? [.. Voice.Header(sound.Length), .. sound] : sound;
                context.Response.ContentType = TypeOf(request);
                context.Response.ContentLength = body.Length;
                await context.Response.BodyWriter.WriteAsync(body, context.RequestAborted);
                return;
            default:
                throw RequestException.Engine("EngineCore encountered an issue.");
        }
    }

    private async Task StreamAsync(HttpContext context, SpeechRequest request, Voice voice, Generation generation)
    {
        var stream = new SpeechStream(context, request, voice, generation);
        await stream.OpenAsync();
        switch (await engine.RunAsync(generation, stream))
        {
            case GenerationOutcome.Completed:
                await stream.CloseAsync();
                break;
            case GenerationOutcome.Aborted:
                await stream.FailAsync();
                break;
            default:
                break;
        }
    }
}
