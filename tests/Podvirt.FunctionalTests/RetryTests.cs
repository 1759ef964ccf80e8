using System.ClientModel;
using System.ClientModel.Primitives;
using OpenAI;
using OpenAI.Chat;

namespace Podvirt.FunctionalTests;

/// <summary>The official client for .NET sends a call again under the same idempotency key.</summary>
public class RetryTests
{
    [Fact]
    public async Task SameKeyAfterAKill_GetsTheSameAnswerAndIsBilledOnce()
    {
        var yaml = Configs.Catalog(Configs.Model("chat", replicas: "{ min: 1, max: 1, concurrency: 64 }"));
        var data = Directory.CreateTempSubdirectory("podvirt-").FullName;
        var first = await PodvirtProcess.StartAsync(yaml, data);
        var before = await AskAsync(first, "order-7");
        var twice = await AskAsync(first, "order-7");
        await first.KillAsync();

        await using var second = await PodvirtProcess.StartAsync(yaml, data);
        var after = await AskAsync(second, "order-7");
        var other = await AskAsync(second, "order-8");

        Assert.Null(before.Replayed);
        Assert.Equal((before.Id, before.Text, "true"), twice);
        Assert.Equal((before.Id, before.Text, "true"), after);
        Assert.NotEqual(before.Id, other.Id);
        var records = await second.RecordsAsync(2);
        Assert.Equal([before.Id, other.Id], records.Select(r => (string)r["id"]!).Order(StringComparer.Ordinal));
    }

    private static async Task<(string Id, string Text, string? Replayed)> AskAsync(PodvirtProcess server, string key)
    {
        var options = new OpenAIClientOptions { Endpoint = new Uri(server.Address, "v1") };
        options.AddPolicy(new KeyPolicy(key), PipelinePosition.PerCall);
        var client = new OpenAIClient(new ApiKeyCredential(PodvirtProcess.ApiKey), options).GetChatClient("chat");
        var result = await client.CompleteChatAsync([new UserChatMessage("Describe a harbour town.")], new ChatCompletionOptions { MaxOutputTokenCount = 8 });
        var headers = result.GetRawResponse().Headers;
        headers.TryGetValue("x-request-id", out var id);
        headers.TryGetValue("Idempotent-Replayed", out var replayed);
        return (id!, result.Value.Content[0].Text, replayed);
    }

    private sealed class KeyPolicy(string key) : PipelinePolicy
    {
        public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            message.Request.Headers.Set("Idempotency-Key", key);
            ProcessNext(message, pipeline, currentIndex);
        }

        public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
        {
            message.Request.Headers.Set("Idempotency-Key", key);
            return ProcessNextAsync(message, pipeline, currentIndex);
        }
    }
}
