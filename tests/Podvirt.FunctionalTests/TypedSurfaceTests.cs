using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests;

/// <summary>OpenAI's responses and Anthropic's messages, from a client to a simulated engine and on to the ledger.</summary>
public class TypedSurfaceTests
{
    private const string Store = "--sim-response-store";

    [Theory]
    [InlineData("responses")]
    [InlineData("messages")]
    public async Task ColdModel_StreamsAndAnswersPlainly_AndTheLedgerHasItsCounts(string surface)
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(Configs.Model("chat")));
        using var stream = new SseReader(await PostAsync(server, surface, stream: true, maxTokens: 12));
        await stream.ReadAsync();
        Assert.NotEmpty(stream.Comments);
        Assert.Equal(surface == "responses" ? "response.incomplete" : "message_stop", TypeOfEnd(stream, surface));
        using var plain = await PostAsync(server, surface, stream: false, maxTokens: 12);
        var reply = (await plain.Content.ReadFromJsonAsync<JsonObject>())!;

        var records = (await server.RecordsAsync(2)).ToDictionary(r => (string)r["id"]!);
        foreach (var (id, usage) in new[] { (stream.RequestId, UsageOf(stream, surface)), (plain.Headers.GetValues("x-request-id").Single(), reply["usage"]!.AsObject()) })
        {
            var record = records[id];
            Assert.Equal((surface, "completed", "engine"), ((string)record["surface"]!, (string)record["outcome"]!, (string)record["usage_source"]!));
            Assert.Equal(12, (long)record["completion_tokens"]!);
            Assert.Equal((long)usage["output_tokens"]!, (long)record["completion_tokens"]!);
            Assert.Equal(PromptOf(usage), (long)record["prompt_tokens"]!);
        }
    }

    [Fact]
    public async Task TokensOfMessages_AreAsManyAsTheyAreBilled()
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(Configs.Model("chat")));
        server.Client.DefaultRequestHeaders.Authorization = null;
        server.Client.DefaultRequestHeaders.Add("x-api-key", PodvirtProcess.ApiKey);
        using var counted = await server.Client.PostAsJsonAsync("v1/messages/count_tokens", new { model = "chat", messages = new[] { new { role = "user", content = "Tell." } } });
        var tokens = (long)(await counted.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonObject>())!["input_tokens"]!;
        using var answered = await PostAsync(server, "messages", stream: false, maxTokens: 2, text: "Tell.");
        Assert.Equal(HttpStatusCode.OK, answered.StatusCode);

        var records = await server.RecordsAsync(2);
        var count = Assert.Single(records, r => (string)r["surface"]! == "messages.count_tokens");
        Assert.Equal(("none", 0L), ((string)count["usage_source"]!, (long)count["prompt_tokens"]!));
        Assert.Equal(tokens, (long)Assert.Single(records, r => (string)r["surface"]! == "messages")["prompt_tokens"]!);
    }

    [Fact]
    public async Task StoredResponse_IsGoneOnWithUntilItsReplicaSleeps()
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(Configs.Model("chat", more: Store)));
        using var first = await PostAsync(server, "responses", stream: false, maxTokens: 4);
        var id = (string)(await first.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonObject>())!["id"]!;

        var stored = (await server.Client.GetFromJsonAsync<JsonObject>($"v1/responses/{id}"))!;
        Assert.Equal((id, "incomplete"), ((string)stored["id"]!, (string)stored["status"]!));
        using var next = new SseReader(await server.Client.PostAsJsonAsync("v1/responses", new { model = "chat", input = "And then?", previous_response_id = id, stream = true, max_output_tokens = 4 }));
        await next.ReadAsync();
        Assert.True(PromptOf(UsageOf(next, "responses")) > PromptOf(stored["usage"]!.AsObject()), "the first turn is part of the second one's prompt");
        using var cancelled = await server.Client.PostAsync($"v1/responses/{id}/cancel", null);
        Assert.Equal(HttpStatusCode.BadRequest, cancelled.StatusCode);

        using (await server.Admin.PostAsync("api/models/chat/sleep", null))
        {
            await server.UntilStatusAsync("chat", "Sleeping");
        }
        Assert.Equal("response_not_found", await CodeAsync(await server.Client.GetAsync($"v1/responses/{id}"), HttpStatusCode.NotFound));
        Assert.Equal("response_not_found", await CodeAsync(
            await server.Client.PostAsJsonAsync("v1/responses", new { model = "chat", input = "And then?", previous_response_id = id }), HttpStatusCode.NotFound));
        Assert.Equal("Sleeping", await server.StatusAsync("chat"));
        Assert.Equal(2, (await server.RecordsAsync(2)).Count);
    }

    [Fact]
    public async Task EngineKeepsNoResponses_ResponseIsNotThere()
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(Configs.Model("chat")));
        using var first = await PostAsync(server, "responses", stream: false, maxTokens: 2);
        var id = (string)(await first.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonObject>())!["id"]!;
        Assert.Equal("response_not_found", await CodeAsync(await server.Client.GetAsync($"v1/responses/{id}"), HttpStatusCode.NotFound));
    }

    [Theory]
    [InlineData("responses")]
    [InlineData("messages")]
    public async Task ClientLeaves_EngineStopsAndWhatItToldIsBilled(string surface)
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(Configs.Model("chat", more: "--sim-token-time, 20ms")));
        using (var response = await PostAsync(server, surface, stream: true, maxTokens: 2000))
        {
            var stream = new SseReader(response);
            await stream.ReadAsync(until: s => s.Chunks.Exists(IsText));
        }
        var record = Assert.Single(await server.RecordsAsync(1));
        Assert.Equal(("cancelled", surface == "messages" ? "engine" : "none"), ((string)record["outcome"]!, (string)record["usage_source"]!));
        Assert.Equal(surface == "messages", (long)record["prompt_tokens"]! > 0);
        await Until.TrueAsync(async () => (int)(await server.ModelAsync("chat"))["in_flight"]! == 0, () => "The slot was never given back.");
    }

    [Theory]
    [InlineData("responses")]
    [InlineData("messages")]
    public async Task EngineIsKilledInTheMiddle_StreamEndsWithAnErrorInItsShape(string surface)
    {
        await using var server = await PodvirtProcess.StartAsync(Configs.Catalog(Configs.Model("chat", more: "--sim-token-time, 20ms")));
        using var stream = new SseReader(await PostAsync(server, surface, stream: true, maxTokens: 2000));
        await stream.ReadAsync(until: s => s.Chunks.Exists(IsText));
        foreach (var engine in server.Engines())
        {
            Process.GetProcessById(engine).Kill();
        }
        await stream.ReadAsync();

        var last = stream.Chunks[^1];
        Assert.Equal("error", (string)last["type"]!);
        Assert.Equal("engine_truncated", (string)last["error"]!["code"]!);
        var record = Assert.Single(await server.RecordsAsync(1));
        Assert.Equal(("truncated", "engine_truncated"), ((string)record["outcome"]!, (string)record["reason"]!));
    }

    private static Task<HttpResponseMessage> PostAsync(PodvirtProcess server, string surface, bool stream, int maxTokens, string text = "Describe a harbour town.")
    {
        var body = surface == "responses"
            ? new JsonObject { ["model"] = "chat", ["input"] = text, ["max_output_tokens"] = maxTokens, ["stream"] = stream }
            : new JsonObject
            {
                ["model"] = "chat",
                ["max_tokens"] = maxTokens,
                ["stream"] = stream,
                ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = text }),
            };
        var request = new HttpRequestMessage(HttpMethod.Post, "v1/" + surface) { Content = JsonContent.Create(body) };
        return server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    private static bool IsText(JsonObject chunk) => (string?)chunk["type"] is "response.output_text.delta" or "content_block_delta";

    private static string TypeOfEnd(SseReader stream, string surface)
    {
        var last = stream.Chunks[^1];
        return surface == "messages" ? (string)last["type"]! : $"response.{(string)last["response"]!["status"]!}";
    }

    private static JsonObject UsageOf(SseReader stream, string surface) => surface == "responses"
        ? stream.Chunks[^1]["response"]!["usage"]!.AsObject()
        : stream.Chunks.Last(c => (string?)c["type"] == "message_delta")["usage"]!.AsObject();

    private static long PromptOf(JsonObject usage) =>
        (long)usage["input_tokens"]! + ((long?)usage["cache_read_input_tokens"] ?? 0) + ((long?)usage["cache_creation_input_tokens"] ?? 0);

    private static async Task<string> CodeAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        using (response)
        {
            var text = await response.Content.ReadAsStringAsync();
            Assert.True(response.StatusCode == status, string.Create(CultureInfo.InvariantCulture, $"{(int)response.StatusCode}: {text}"));
            return (string)JsonNode.Parse(text)!["error"]!["code"]!;
        }
    }
}
