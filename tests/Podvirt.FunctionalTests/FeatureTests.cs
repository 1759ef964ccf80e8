using System.Text;
using System.Text.Json.Nodes;
using Podvirt.FunctionalTests.Fixtures;

namespace Podvirt.FunctionalTests;

/// <summary>Tools, structured outputs, log probabilities, pictures and several choices through server and engine; the ledger has what clients were told.</summary>
public sealed class FeatureTests(FeatureTests.Server fixture) : IClassFixture<FeatureTests.Server>
{
    private const string Tools = """
        "tools":[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}}]
        """;

    private static string Ask(string text) => $"\"messages\":[{{\"role\":\"user\",\"content\":\"{text}\"}}]";

    [Theory]
    [InlineData("\"tool_choice\":\"auto\"")]
    [InlineData("\"tool_choice\":{\"type\":\"function\",\"function\":{\"name\":\"get_weather\"}}")]
    public async Task ToolCall_ArrivesInPiecesThatMakeJson(string choice)
    {
        var question = $"{Tools.Trim()},{choice},{Ask("What is the weather in Paris?")}";
        var plain = await PlainAsync(question);
        var called = plain["choices"]![0]!["message"]!["tool_calls"]![0]!["function"]!;
        Assert.Equal("get_weather", (string)called["name"]!);
        Assert.NotNull(JsonNode.Parse((string)called["arguments"]!)!["city"]);

        var chunks = await StreamAsync(question);
        var calls = chunks.SelectMany(c => c["choices"]!.AsArray()).SelectMany(c => c!["delta"]!["tool_calls"]?.AsArray() ?? []).ToList();
        Assert.True(calls.Count > 1);
        Assert.Equal("get_weather", (string)calls[0]!["function"]!["name"]!);
        Assert.NotNull(JsonNode.Parse(string.Concat(calls.Select(c => (string?)c!["function"]!["arguments"])))!["city"]);
        Assert.Contains(chunks, c => c["choices"]!.AsArray().Any(x => (string?)x!["finish_reason"] is "tool_calls" or "stop"));
    }

    [Fact]
    public async Task StructuredOutput_IsWhatTheSchemaAllows()
    {
        var schema = """{"type":"object","properties":{"usage":{"type":"object","properties":{"prompt_tokens":{"type":"integer"}},"required":["prompt_tokens"]}},"required":["usage"]}""";
        var question = $"\"response_format\":{{\"type\":\"json_schema\",\"json_schema\":{{\"name\":\"x\",\"schema\":{schema}}}}},{Ask("Count.")}";
        var plain = await PlainAsync(question);
        Assert.NotNull(JsonNode.Parse((string)plain["choices"]![0]!["message"]!["content"]!)!["usage"]!["prompt_tokens"]);
        var text = string.Concat((await StreamAsync(question)).SelectMany(c => c["choices"]!.AsArray()).Select(c => (string?)c!["delta"]!["content"]));
        Assert.NotNull(JsonNode.Parse(text)!["usage"]!["prompt_tokens"]);
    }

    [Fact]
    public async Task LogProbabilities_StandBesideEachToken()
    {
        var question = $"\"logprobs\":true,\"top_logprobs\":2,\"max_tokens\":6,{Ask("Why do cats purr?")}";
        Assert.Equal(6, (await PlainAsync(question))["choices"]![0]!["logprobs"]!["content"]!.AsArray().Count);
        var tokens = (await StreamAsync(question)).SelectMany(c => c["choices"]!.AsArray()).SelectMany(c => c!["logprobs"]?["content"]?.AsArray() ?? []).ToList();
        Assert.Equal(6, tokens.Count);
        Assert.All(tokens, token => Assert.Equal(2, token!["top_logprobs"]!.AsArray().Count));
    }

    [Fact]
    public async Task PicturesOfSeveralMegabytes_AreCountedAsTheEngineCountsThem()
    {
        var picture = $"{{\"type\":\"image_url\",\"image_url\":{{\"url\":\"data:image/png;base64,{new string('A', 4_000_000)}\"}}}}";
        var question = $"\"max_tokens\":3,\"messages\":[{{\"role\":\"user\",\"content\":[{picture},{picture},{{\"type\":\"text\",\"text\":\"What is it?\"}}]}}]";
        Assert.True((long)(await PlainAsync(question))["usage"]!["prompt_tokens"]! > 2 * 256);
        await StreamAsync(question);
    }

    [Fact]
    public async Task SeveralChoices_AreSummedAndTheirPromptCountsOnce()
    {
        var question = $"\"n\":3,\"max_tokens\":5,{Ask("Name a town.")}";
        var one = await PlainAsync($"\"max_tokens\":5,{Ask("Name a town.")}");
        var plain = await PlainAsync(question);
        Assert.Equal((3, (long)one["usage"]!["prompt_tokens"]!), (plain["choices"]!.AsArray().Count, (long)plain["usage"]!["prompt_tokens"]!));
        var chunks = await StreamAsync(question);
        Assert.Equal([0, 1, 2], chunks.SelectMany(c => c["choices"]!.AsArray()).Select(c => (int)c!["index"]!).Distinct().Order());
        Assert.Equal((long)one["usage"]!["prompt_tokens"]!, (long)chunks[^1]["usage"]!["prompt_tokens"]!);
    }

    private async Task<JsonNode> PlainAsync(string members)
    {
        using var response = await PostAsync(members);
        var reply = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        await AssertBilledAsync(response, reply["usage"]!);
        return reply;
    }

    private async Task<List<JsonObject>> StreamAsync(string members)
    {
        var response = await PostAsync("\"stream\":true,\"stream_options\":{\"include_usage\":true}," + members);
        using var stream = await new SseReader(response).ReadAsync();
        Assert.True(stream.IsDone);
        Assert.Single(stream.Chunks, c => c["usage"] is not null);
        await AssertBilledAsync(response, stream.Usage!);
        return stream.Chunks;
    }

    private async Task<HttpResponseMessage> PostAsync(string members)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "v1/chat/completions")
        {
            Content = new StringContent($"{{\"model\":\"tools\",{members}}}", Encoding.UTF8, "application/json"),
        };
        var response = await fixture.Podvirt.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.True(response.IsSuccessStatusCode, response.IsSuccessStatusCode ? "" : await response.Content.ReadAsStringAsync());
        return response;
    }

    private async Task AssertBilledAsync(HttpResponseMessage response, JsonNode usage)
    {
        var id = response.Headers.GetValues("x-request-id").Single();
        JsonNode? record = null;
        await Until.TrueAsync(
            async () =>
            {
                using var found = await fixture.Podvirt.Admin.GetAsync($"api/requests/{id}");
                record = found.IsSuccessStatusCode ? JsonNode.Parse(await found.Content.ReadAsStringAsync()) : null;
                return record is not null;
            },
            () => $"Request {id} is not on the ledger.");
        Assert.Equal(
            ((long)usage["prompt_tokens"]!, (long)usage["completion_tokens"]!, "engine"),
            ((long)record!["prompt_tokens"]!, (long)record["completion_tokens"]!, (string)record["usage_source"]!));
    }

    public sealed class Server : IAsyncLifetime
    {
        public PodvirtProcess Podvirt { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Podvirt = await PodvirtProcess.StartAsync(Configs.Catalog(
            Configs.Model("tools", more: "--enable-auto-tool-choice, --tool-call-parser, hermes")));

        public ValueTask DisposeAsync() => Podvirt.DisposeAsync();
    }
}
