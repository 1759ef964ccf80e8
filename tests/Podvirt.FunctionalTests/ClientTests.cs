using System.ClientModel;
using System.Text.Json.Nodes;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Embeddings;
using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests;

/// <summary>The official OpenAI clients, in conversations as their users hold them.</summary>
public class ClientTests
{
    private static readonly string s_catalog = Configs.Catalog(
        Configs.Model("qwen3-8b", more: "--sim-thinking, --reasoning-parser, qwen3, --sim-load-weights, 1200ms"),
        Configs.Model("unhurried", more: "--sim-token-time, 40ms"),
        Configs.Model("vectors", type: "embedding"));

    [Fact]
    public async Task OpenAiForNode_HoldsAConversationFromColdToWarm()
    {
        await using var server = await PodvirtProcess.StartAsync(s_catalog);
        var run = await Tool.RunAsync("node", ["conversation.mjs"], new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["BASE_URL"] = server.Address.ToString().TrimEnd('/'),
            ["PODVIRT_API_KEY"] = PodvirtProcess.ApiKey,
            ["MODEL"] = "qwen3-8b",
            ["EMBEDDING_MODEL"] = "vectors",
        }, Path.Combine(Checkout.Root, "tests/Podvirt.FunctionalTests/Clients"));
        Assert.True(run.ExitCode == 0, run.ToString());
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonNode.Parse(l)!.AsObject()).ToList();
        var turns = lines[..^1];
        var rest = lines[^1];

        Assert.Equal(10, turns.Count);
        Assert.All(turns, t => Assert.True(((string)t["answer"]!).Length > 60, t.ToJsonString()));
        Assert.All(turns, t => Assert.True((int)t["chunks"]! > 20, "the answer came token by token"));
        Assert.All(turns, t => Assert.Equal("stop", (string)t["finish"]!));
        Assert.All(turns, t => Assert.NotEqual("", (string)t["reasoning"]!));
        Assert.True((int)turns[0]["firstMs"]! > 1200, "the first call was cold");
        Assert.True((int)turns[1]["firstMs"]! < (int)turns[0]["firstMs"]!, "the second was warm");
        Assert.True((int)turns[9]["usage"]!["prompt_tokens_details"]!["cached_tokens"]! > 0, "the conversation stayed on its replica");
        Assert.Equal(10, turns.Select(t => (string)t["answer"]!).Distinct(StringComparer.Ordinal).Count());

        Assert.NotEqual((string)rest["plain"]!, (string)rest["withSystem"]!);
        Assert.NotEqual((string)rest["plain"]!, (string)rest["warm"]!);
        Assert.Equal(12, (int)rest["maxTokens"]!["completion_tokens"]!);
        Assert.Equal("length", (string)rest["maxTokensFinish"]!);
        Assert.Equal(9, (int)rest["maxCompletionTokens"]!["completion_tokens"]!);
        Assert.StartsWith(((string)rest["stopped"]!).Trim(), ((string)rest["plain"]!).Trim(), StringComparison.Ordinal);
        Assert.True(((string)rest["stopped"]!).Length < ((string)rest["plain"]!).Length);
        Assert.Equal(2, (int)rest["embedding"]!["count"]!);
        Assert.Equal(404, (int)rest["unknownModel"]!["status"]!);
        Assert.Equal("model_not_found", (string)rest["unknownModel"]!["code"]!);

        // Ten turns, six variations, the cancelled one, the embedding; the unknown model is no request.
        var records = await server.RecordsAsync(18);
        Assert.Equal(18, records.Count);
        var cancelled = Assert.Single(records, r => (string)r["outcome"]! == "cancelled");
        Assert.True((long)cancelled["completion_tokens"]! >= (long)rest["seenTokens"]!, cancelled.ToJsonString());
        var streamed = records.Where(r => (bool)r["streamed"]! && (string)r["outcome"]! == "completed").OrderBy(r => (string)r["started_at"]!, StringComparer.Ordinal);
        Assert.Equal(turns.Select(t => (long)t["usage"]!["completion_tokens"]!), streamed.Select(r => (long)r["completion_tokens"]!));
    }

    [Fact]
    public async Task OpenAiForDotNet_StreamsCancelsAndEmbeds()
    {
        await using var server = await PodvirtProcess.StartAsync(s_catalog);
        var client = new OpenAIClient(new ApiKeyCredential(PodvirtProcess.ApiKey), new OpenAIClientOptions { Endpoint = new Uri(server.Address, "v1") });
        var chat = client.GetChatClient("qwen3-8b");
        List<ChatMessage> conversation = [new SystemChatMessage("You are a calm, exact writer.")];
        foreach (var question in (string[])["What does a cooper make?", "Which wood does he choose?", "How long does one barrel take?"])
        {
            conversation.Add(new UserChatMessage(question));
            var answer = "";
            var parts = 0;
            await foreach (var update in chat.CompleteChatStreamingAsync(conversation))
            {
                parts++;
                answer += string.Concat(update.ContentUpdate.Select(c => c.Text));
            }
            Assert.True(parts > 20 && answer.Length > 60, answer);
            conversation.Add(new AssistantChatMessage(answer));
        }

        var limited = await chat.CompleteChatAsync([new UserChatMessage("Describe a river.")], new ChatCompletionOptions { MaxOutputTokenCount = 7 });
        Assert.Equal(7, limited.Value.Usage.OutputTokenCount);
        Assert.Equal(ChatFinishReason.Length, limited.Value.FinishReason);

        // .NET's handler reads an abandoned response on for two seconds: this answer takes longer.
        var unhurried = client.GetChatClient("unhurried");
        using (var cancel = new CancellationTokenSource())
        {
            var seen = 0;
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                await foreach (var _ in unhurried.CompleteChatStreamingAsync([new UserChatMessage("Tell a long story.")], cancellationToken: cancel.Token))
                {
                    if (++seen == 10)
                    {
                        await cancel.CancelAsync();
                    }
                }
            });
        }

        OpenAIEmbeddingCollection vectors = await client.GetEmbeddingClient("vectors").GenerateEmbeddingsAsync(["one", "two"]);
        Assert.Equal(2, vectors.Count);
        Assert.NotEmpty(vectors[0].ToFloats().ToArray());

        var refused = await Assert.ThrowsAsync<ClientResultException>(() => client.GetChatClient("nobody").CompleteChatAsync([new UserChatMessage("hi")]));
        Assert.Equal(404, refused.Status);
        var records = await server.RecordsAsync(6);
        Assert.Equal(6, records.Count);
        Assert.Equal(1, records.Count(r => (string)r["outcome"]! == "cancelled"));
    }

    [Fact]
    public async Task Curl_SeesWarmUpCommentsThenTokensOneByOne()
    {
        await using var server = await PodvirtProcess.StartAsync(s_catalog);
        var run = await Tool.RunAsync("curl", ["-sN", $"{server.Address}v1/chat/completions", "-H", $"Authorization: Bearer {PodvirtProcess.ApiKey}",
            "-H", "Content-Type: application/json", "-d", """{"model":"qwen3-8b","stream":true,"messages":[{"role":"user","content":"Why is the sky blue?"}]}"""]);
        var lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.StartsWith(": warming-up", lines[0], StringComparison.Ordinal);
        Assert.True(lines.Count(l => l.StartsWith("data: {", StringComparison.Ordinal)) > 20);
        Assert.Equal("data: [DONE]", lines[^1]);
        Assert.DoesNotContain("\"usage\"", run.Output, StringComparison.Ordinal);
    }
}
