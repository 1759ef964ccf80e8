using System.ClientModel;
using System.ClientModel.Primitives;
using System.Text.Json.Nodes;
using OpenAI;
using OpenAI.Chat;
using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests;

/// <summary>Plans and keys as their operator makes them, and what their users meet.</summary>
public class LimitTests
{
    private const int TokensOfTheMonth = 300;

    // Shorter than any story.
    private const int TokensOfTiny = 90;

    private static readonly string s_catalog = Configs.Catalog(Configs.Model("chat"), Configs.Model("other")) + $$"""

        plans:
          - id: tiny
            tokens_per_month: { default: {{TokensOfTiny}} }
          - id: small
            tokens_per_month: { default: {{TokensOfTheMonth}} }
          - id: large
            tokens_per_month: 1000000
        """;

    [Fact]
    public async Task PlanUsedUp_CutsTheStream_AndStaysUsedUpOverRestartsAndKills()
    {
        var data = Directory.CreateTempSubdirectory("podvirt-").FullName;
        var server = await PodvirtProcess.StartAsync(s_catalog, data);
        Assert.Equal(0, (await RunAsync(server, "projects", "create", "Acme Ltd", "--plan", "tiny")).ExitCode);
        var secret = (await RunAsync(server, "keys", "create", "ci", "--project", "acme-ltd", "--models", "chat", "--requests-per-minute", "1000")).Output.Trim();

        // A long story on a short plan: it ends as if max_tokens had been reached, at exactly the last token of the month.
        ChatFinishReason? reason = null;
        ChatTokenUsage? usage = null;
        await foreach (var update in ClientOf(server, secret, "chat").CompleteChatStreamingAsync([new UserChatMessage("Tell a very long story of a harbour.")], Long))
        {
            reason = update.FinishReason ?? reason;
            usage = update.Usage ?? usage;
        }
        Assert.Equal(ChatFinishReason.Length, reason);
        Assert.Equal(TokensOfTiny, usage!.TotalTokenCount);
        var record = Assert.Single(await server.RecordsAsync(1));
        Assert.Equal(("truncated", "insufficient_quota"), ((string)record["outcome"]!, (string)record["reason"]!));
        await RefusedAsync(server, secret, "chat", 429, "insufficient_quota");
        await RefusedAsync(server, secret, "other", 403, "model_not_allowed");
        Assert.Equal(TokensOfTiny, await UsedAsync(server, "acme-ltd", "chat", TokensOfTiny));

        await server.DisposeKeepingDataAsync();
        server = await PodvirtProcess.StartAsync(s_catalog, data);
        await RefusedAsync(server, secret, "chat", 429, "insufficient_quota");

        server.KillHard();
        await server.WaitForExitAsync(TimeSpan.FromSeconds(10));
        await using var last = await PodvirtProcess.StartAsync(s_catalog, data);
        await RefusedAsync(last, secret, "chat", 429, "insufficient_quota");

        // Another plan holds at once.
        Assert.Equal(0, (await RunAsync(last, "projects", "plan", "acme-ltd", "large")).ExitCode);
        var answer = await Until.SucceedsAsync(() => ClientOf(last, secret, "chat").CompleteChatAsync([new UserChatMessage("Hello.")], new ChatCompletionOptions { MaxOutputTokenCount = 5 }));
        Assert.Equal(5, answer.Value.Usage.OutputTokenCount);
    }

    [Fact]
    public async Task ServerKilledInTheMiddleOfAStream_CountsWhatTheStreamHadUsed()
    {
        var data = Directory.CreateTempSubdirectory("podvirt-").FullName;
        var catalog = s_catalog.Replace("--sim-token-time, 5ms", "--sim-token-time, 20ms", StringComparison.Ordinal);
        var server = await PodvirtProcess.StartAsync(catalog, data);
        await RunAsync(server, "projects", "plan", "default", "small");
        using var stream = new SseReader(await server.ChatAsync(
            "chat", stream: true, "Tell a long story.", new { max_tokens = 250, ignore_eos = true, stream_options = new { include_usage = true, continuous_usage_stats = true } }));
        await stream.ReadAsync(s => (long?)s.Usage?["completion_tokens"] >= 120);
        server.KillHard();
        await server.WaitForExitAsync(TimeSpan.FromSeconds(10));

        await using var second = await PodvirtProcess.StartAsync(catalog, data);
        var record = Assert.Single(await second.RecordsAsync(1));
        var used = (long)record["prompt_tokens"]! + (long)record["completion_tokens"]!;
        Assert.InRange(used, 50, TokensOfTheMonth);
        Assert.Equal(used, await UsedAsync(second, "default", "chat", TokensOfTheMonth));

        // What is left is less than this answer's estimate, and the refusal says how much is used.
        using var refused = await second.ChatAsync("chat", stream: false, more: new { max_tokens = TokensOfTheMonth });
        Assert.Contains($"of which {used} are used", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Key_IsUpdatedAndRotatedWhileItIsUsed()
    {
        await using var server = await PodvirtProcess.StartAsync(s_catalog);
        var created = await JsonAsync(server, "keys", "create", "ci");
        var id = (string)created["key"]!["id"]!;
        var secret = (string)created["secret"]!;
        await Until.SucceedsAsync(() => CallAsync(server, secret));

        await JsonAsync(server, "keys", "update", id, "--requests-per-minute", "1");
        await Until.SucceedsAsync(async () => Assert.Equal(429, (await Assert.ThrowsAsync<ClientResultException>(() => CallAsync(server, secret))).Status));
        await JsonAsync(server, "keys", "update", id, "--requests-per-minute", "none");
        await Until.SucceedsAsync(() => CallAsync(server, secret));

        var rotated = (string)(await JsonAsync(server, "keys", "rotate", id, "--overlap", "0s"))["secret"]!;
        await Until.SucceedsAsync(() => CallAsync(server, rotated));
        Assert.Equal(401, (await Assert.ThrowsAsync<ClientResultException>(() => CallAsync(server, secret))).Status);
    }

    private static ChatCompletionOptions Long => new() { MaxOutputTokenCount = 2000 };

    private static Task<ClientResult<ChatCompletion>> CallAsync(PodvirtProcess server, string secret) =>
        ClientOf(server, secret, "chat").CompleteChatAsync([new UserChatMessage("Hello.")], new ChatCompletionOptions { MaxOutputTokenCount = 2 });

    // No retries: a refusal is what is looked for.
    private static ChatClient ClientOf(PodvirtProcess server, string secret, string model) => new OpenAIClient(
        new ApiKeyCredential(secret), new OpenAIClientOptions { Endpoint = new Uri(server.Address, "v1"), RetryPolicy = new ClientRetryPolicy(0) }).GetChatClient(model);

    private static async Task RefusedAsync(PodvirtProcess server, string secret, string model, int status, string code)
    {
        var refused = await Assert.ThrowsAsync<ClientResultException>(
            () => ClientOf(server, secret, model).CompleteChatAsync([new UserChatMessage("Tell a story.")], Long));
        Assert.Equal(status, refused.Status);
        Assert.Contains(code, refused.GetRawResponse()!.Content.ToString(), StringComparison.Ordinal);
    }

    private static async Task<long> UsedAsync(PodvirtProcess server, string project, string model, long limit)
    {
        var usage = await JsonAsync(server, "projects", "usage", project);
        var row = Assert.Single(usage["models"]!.AsArray(), m => (string)m!["model"]! == model)!;
        Assert.Equal(limit, (long)row["limit"]!);
        return (long)row["used"]!;
    }

    private static async Task<JsonObject> JsonAsync(PodvirtProcess server, params string[] arguments)
    {
        var result = await RunAsync(server, [.. arguments, "--json"]);
        Assert.True(result.ExitCode == 0, result.ToString());
        return JsonNode.Parse(result.Output)!.AsObject();
    }

    private static Task<ToolResult> RunAsync(PodvirtProcess server, params string[] arguments) => Tool.RunAsync(
        PodvirtProcess.Executable, [.. arguments, "--data", server.Data],
        new Dictionary<string, string>(StringComparer.Ordinal) { ["PODVIRT_ADMIN_TOKEN"] = PodvirtProcess.AdminToken });
}
