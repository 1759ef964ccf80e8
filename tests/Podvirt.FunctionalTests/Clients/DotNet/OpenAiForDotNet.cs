using OpenAI;
using OpenAI.Audio;
using OpenAI.Chat;
using OpenAI.Responses;

namespace Podvirt.FunctionalTests.Clients.DotNet;

/// <summary>NuGet OpenAI.</summary>
internal sealed class OpenAiForDotNet(bool patient = false) : DotNetClient("NuGet `OpenAI`", patient)
{
    protected override IReadOnlyDictionary<(string Surface, Way Way), Func<OpenAIClient, Call, Watch, Task>> Calls { get; } =
        new Dictionary<(string Surface, Way Way), Func<OpenAIClient, Call, Watch, Task>>
        {
            [("chat.completions", Way.Plain)] = ChatAsync,
            [("chat.completions", Way.Stream)] = StreamChatAsync,
            [("embeddings", Way.Plain)] = EmbedAsync,
            [("responses", Way.Plain)] = RespondAsync,
            [("responses", Way.Stream)] = StreamResponseAsync,
            [("audio.speech", Way.Plain)] = SpeakAsync,
            [("audio.speech", Way.Stream)] = StreamSpeechAsync,
            [("videos", Way.Plain)] = VideoJob.RunAsync,
            [("models", Way.Plain)] = ListModelsAsync,
        };

    private static async Task ChatAsync(OpenAIClient client, Call call, Watch watch)
    {
        var reply = (await client.GetChatClient(call.Model).CompleteChatAsync(
            [new UserChatMessage(call.Prompt)], new ChatCompletionOptions { Temperature = 0 }, watch.Leaving)).Value;
        watch.Saw(reply.Content[0].Text);
        watch.Usage = new Counts(reply.Usage.InputTokenCount, reply.Usage.OutputTokenCount);
    }

    private static async Task StreamChatAsync(OpenAIClient client, Call call, Watch watch)
    {
        var updates = client.GetChatClient(call.Model).CompleteChatStreamingAsync(
            [new UserChatMessage(call.Prompt)], new ChatCompletionOptions { Temperature = 0 }, watch.Leaving);
        await foreach (var update in updates)
        {
            watch.Saw(string.Concat(update.ContentUpdate.Select(c => c.Text)));
            watch.Finish ??= update.FinishReason?.ToString();
            watch.Usage = update.Usage is { } usage ? new Counts(usage.InputTokenCount, usage.OutputTokenCount) : watch.Usage;
        }
    }

    private static async Task EmbedAsync(OpenAIClient client, Call call, Watch watch)
    {
        var vectors = (await client.GetEmbeddingClient(call.Model).GenerateEmbeddingsAsync([call.Prompt, "two"], cancellationToken: watch.Leaving)).Value;
        watch.Saw($"{vectors.Count} × {vectors[0].ToFloats().Length}");
        watch.Usage = new Counts(vectors.Usage.InputTokenCount, 0);
    }

    private static async Task RespondAsync(OpenAIClient client, Call call, Watch watch)
    {
        var reply = (await client.GetResponsesClient().CreateResponseAsync(Response(call), watch.Leaving)).Value;
        watch.Saw(reply.GetOutputText());
        watch.Usage = CountsOf(reply);
    }

    private static async Task StreamResponseAsync(OpenAIClient client, Call call, Watch watch)
    {
        var options = Response(call);
        options.StreamingEnabled = true;
        await foreach (var update in await client.GetResponsesClient().CreateResponseStreamingAsync(options, watch.Leaving))
        {
            switch (update)
            {
                case StreamingResponseOutputTextDeltaUpdate delta:
                    watch.Saw(delta.Delta);
                    break;
                case StreamingResponseCompletedUpdate completed:
                    watch.Usage = CountsOf(completed.Response);
                    break;
                case StreamingResponseErrorUpdate error:
                    throw new EventException(error.Code, error.Message);
            }
        }
    }

    private static CreateResponseOptions Response(Call call) =>
        new(call.Model, [ResponseItem.CreateUserMessageItem(call.Prompt)]) { Temperature = 0 };

    private static Counts CountsOf(ResponseResult reply) => new(reply.Usage.InputTokenCount, reply.Usage.OutputTokenCount);

    private static async Task SpeakAsync(OpenAIClient client, Call call, Watch watch)
    {
        var sound = await client.GetAudioClient(call.Model).GenerateSpeechAsync(call.Prompt, "vivian", Pcm(), watch.Leaving);
        watch.Saw(sound.Value.ToMemory().Span);
    }

    private static async Task StreamSpeechAsync(OpenAIClient client, Call call, Watch watch)
    {
        await foreach (var update in await client.GetAudioClient(call.Model).GenerateSpeechStreamingAsync(call.Prompt, "vivian", Pcm(), watch.Leaving))
        {
            if (update is StreamingSpeechAudioDeltaUpdate delta)
            {
                watch.Saw(delta.AudioBytes.ToMemory().Span);
            }
            else if (update is StreamingSpeechAudioDoneUpdate)
            {
                watch.Finish = "done";
            }
        }
    }

    private static SpeechGenerationOptions Pcm() => new() { ResponseFormat = GeneratedSpeechFormat.Pcm };

    private static async Task ListModelsAsync(OpenAIClient client, Call call, Watch watch)
    {
        var models = await client.GetOpenAIModelClient().GetModelsAsync(watch.Leaving);
        watch.Saw(string.Join(' ', models.Value.Select(m => m.Id)));
    }
}
