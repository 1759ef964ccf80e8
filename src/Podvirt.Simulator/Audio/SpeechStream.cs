using System.Text.Json;
using Podvirt.Simulator.Engine;
using Podvirt.Simulator.Events;
using Podvirt.Simulator.Http;
using Podvirt.Simulator.Language;

namespace Podvirt.Simulator.Audio;

/// <summary>Sends speech while it is made, a piece for each step: as bytes, or as vllm-omni's events.</summary>
internal sealed class SpeechStream(HttpContext context, SpeechRequest request, Voice voice, Generation generation) : IGenerationSink
{
    private bool IsEvents => request.Delivery == SpeechDelivery.Events;

    public async Task OpenAsync()
    {
        context.Response.ContentType = IsEvents ? "text/event-stream; charset=utf-8" : SpeechEndpoint.TypeOf(request);
        await context.Response.StartAsync(context.RequestAborted);
        await context.Response.BodyWriter.FlushAsync(CancellationToken.None);
    }

    public ValueTask BeginAsync() => request.IsWav ? SendAsync(Voice.Header(voice.BytesOf(request.Input))) : ValueTask.CompletedTask;

    public async ValueTask WriteAsync(Sequence sequence, IReadOnlyList<(Part Part, string Text)> deltas)
    {
        if (deltas.Count > 0)
        {
            await SendAsync(voice.Speak(deltas[0].Text));
        }
    }

    public async ValueTask WriteMalformedAsync() =>
        await RawAsync(IsEvents ? "event: speech.audio.delta\ndata: {\"type\":\"speech.audio.delta\",,}\n\n"u8.ToArray() : "\0"u8.ToArray());

    public ValueTask CutAsync() => new ClientEvents(context).CutAsync();

    /// <summary>Bytes have no word for it: their end is missing.</summary>
    public async ValueTask FailAsync()
    {
        if (!IsEvents)
        {
            await CutAsync();
            return;
        }

        await EventAsync("speech.audio.error", writer =>
        {
            writer.WriteStartObject("error");
            writer.WriteString("message", "EngineCore encountered an issue.");
            writer.WriteString("type", "server_error");
            writer.WriteNull("param");
            writer.WriteNumber("code", StatusCodes.Status500InternalServerError);
            writer.WriteBoolean("partial_audio", true);
            writer.WriteString("action", "discard");
            writer.WriteEndObject();
        });
    }

    /// <summary>The event at the end; bytes have none.</summary>
    public async ValueTask CloseAsync()
    {
        if (!IsEvents)
        {
            return;
        }

        await EventAsync("speech.audio.done", writer =>
        {
            if (generation.Faults.NoUsage)
            {
                return;
            }

            var (prompt, made) = (generation.PromptTokens, generation.GeneratedTokens);
            writer.WriteStartObject("usage");
            writer.WriteNumber("input_tokens", prompt);
            writer.WriteNumber("output_tokens", made);
            writer.WriteNumber("total_tokens", prompt + made);
            writer.WriteStartObject("input_token_details");
            writer.WriteNumber("text_tokens", prompt);
            writer.WriteNumber("audio_tokens", 0);
            writer.WriteEndObject();
            writer.WriteEndObject();
        });
    }

    private ValueTask SendAsync(byte[] sound) => IsEvents
        ? EventAsync("speech.audio.delta", writer =>
        {
            writer.WriteBase64String("audio", sound);
            writer.WriteString("response_format", request.Format);
        })
        : RawAsync(sound);

    private ValueTask EventAsync(string type, Action<Utf8JsonWriter> write)
    {
        var json = Json.Bytes(writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("type", type);
            write(writer);
            writer.WriteEndObject();
        });
        return RawAsync((byte[])[.. "event: "u8, .. System.Text.Encoding.ASCII.GetBytes(type), .. "\ndata: "u8, .. json.Span, .. "\n\n"u8]);
    }

    private async ValueTask RawAsync(ReadOnlyMemory<byte> bytes) => await context.Response.BodyWriter.WriteAsync(bytes, CancellationToken.None);
}
