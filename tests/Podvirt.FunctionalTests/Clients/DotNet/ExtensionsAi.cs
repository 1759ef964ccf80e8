using Microsoft.Extensions.AI;
using OpenAI;

namespace Podvirt.FunctionalTests.Clients.DotNet;

/// <summary>
/// NuGet Microsoft.Extensions.AI.OpenAI. It was built for an older OpenAI, whose streams of responses and speech had another signature:
/// those fail before anything is sent.
/// </summary>
internal sealed class ExtensionsAi(bool patient = false) : DotNetClient("NuGet `Microsoft.Extensions.AI.OpenAI`", patient)
{
    protected override IReadOnlyDictionary<(string Surface, Way Way), Func<OpenAIClient, Call, Watch, Task>> Calls { get; } =
        new Dictionary<(string Surface, Way Way), Func<OpenAIClient, Call, Watch, Task>>
        {
            [("chat.completions", Way.Plain)] = (client, call, watch) => ChatAsync(client.GetChatClient(call.Model).AsIChatClient(), call, watch),
            [("chat.completions", Way.Stream)] = (client, call, watch) => StreamChatAsync(client.GetChatClient(call.Model).AsIChatClient(), call, watch),
            [("responses", Way.Plain)] = (client, call, watch) => ChatAsync(client.GetResponsesClient().AsIChatClient(call.Model), call, watch),
            [("audio.speech", Way.Plain)] = SpeakAsync,
            [("embeddings", Way.Plain)] = EmbedAsync,
        };

    private static async Task ChatAsync(IChatClient chat, Call call, Watch watch)
    {
        var reply = await chat.GetResponseAsync(call.Prompt, new ChatOptions { Temperature = 0 }, watch.Leaving);
        watch.Saw(reply.Text);
        watch.Usage = CountsOf(reply.Usage);
    }

    private static async Task StreamChatAsync(IChatClient chat, Call call, Watch watch)
    {
        await foreach (var update in chat.GetStreamingResponseAsync(call.Prompt, new ChatOptions { Temperature = 0 }, watch.Leaving))
        {
            watch.Saw(update.Text);
            watch.Finish ??= update.FinishReason?.Value;
            watch.Usage = CountsOf(update.Contents.OfType<UsageContent>().LastOrDefault()?.Details) ?? watch.Usage;
        }
    }

    private static async Task EmbedAsync(OpenAIClient client, Call call, Watch watch)
    {
        var vectors = await client.GetEmbeddingClient(call.Model).AsIEmbeddingGenerator().GenerateAsync([call.Prompt, "two"], cancellationToken: watch.Leaving);
        watch.Saw($"{vectors.Count} × {vectors[0].Vector.Length}");
        watch.Usage = CountsOf(vectors.Usage);
    }

    private static async Task SpeakAsync(OpenAIClient client, Call call, Watch watch)
    {
        using var speech = client.GetAudioClient(call.Model).AsITextToSpeechClient();
        var reply = await speech.GetAudioAsync(call.Prompt, new TextToSpeechOptions { VoiceId = "vivian", AudioFormat = "pcm" }, watch.Leaving);
        watch.Saw(reply.Contents.OfType<DataContent>().Single().Data.Span);
    }


    private static Counts? CountsOf(UsageDetails? usage) =>
        usage is null ? null : new Counts(usage.InputTokenCount ?? 0, usage.OutputTokenCount ?? 0);
}
