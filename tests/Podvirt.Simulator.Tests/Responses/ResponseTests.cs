using System.Net;
using System.Text.Json.Nodes;
using Podvirt.Simulator.Tests.Engines;

namespace Podvirt.Simulator.Tests.Responses;

public sealed class ResponseTests
{
    private const string Path = "/v1/responses";

    [Fact]
    public async Task PlainResponse_SaysWhatTheChatSays()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var chat = await engine.Client.JsonAsync("/v1/chat/completions",
            """{"temperature":0,"messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"Why do cats purr?"}]}""");
        foreach (var input in (string[])["\"Why do cats purr?\"", """[{"role":"user","content":[{"type":"input_text","text":"Why do cats purr?"}]}]"""])
        {
            var response = await engine.Client.JsonAsync(Path, $$"""{"model":"m","temperature":0,"instructions":"Be brief.","metadata":{"a":"b"},"input":{{input}}}""");
            Assert.Equal("completed", (string?)response["status"]);
            Assert.Equal((string?)chat["choices"]![0]!["message"]!["content"], Text(response));
            Assert.Equal((int)chat["usage"]!["prompt_tokens"]!, (int)response["usage"]!["input_tokens"]!);
            Assert.Equal((int)chat["usage"]!["completion_tokens"]!, (int)response["usage"]!["output_tokens"]!);
            Assert.Equal("Be brief.", (string?)response["instructions"]);
            Assert.Equal("b", (string?)response["metadata"]!["a"]);
        }
    }

    [Fact]
    public async Task CapReached_IsIncomplete()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var response = await engine.Client.JsonAsync(Path, """{"input":"hi","max_output_tokens":3}""");
        Assert.Equal("incomplete", (string?)response["status"]);
        Assert.Equal("""{"reason":"max_output_tokens"}""", response["incomplete_details"]!.ToJsonString());
        Assert.Equal(3, (int)response["usage"]!["output_tokens"]!);
    }

    [Fact]
    public async Task PreviousResponse_IsRememberedWithoutItsInstructions()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-response-store");
        var first = await engine.Client.JsonAsync(Path, """{"input":"Tell me about old bridges","instructions":"You are a pirate."}""");
        var id = (string)first["id"]!;
        var second = await engine.Client.JsonAsync(Path, $$"""{"input":"More","previous_response_id":"{{id}}","max_output_tokens":1}""");
        var chat = await engine.Client.JsonAsync("/v1/chat/completions",
            $$"""{"messages":[{"role":"user","content":"Tell me about old bridges"},{"role":"assistant","content":{{JsonValue.Create(Text(first))!.ToJsonString()}}},{"role":"user","content":"More"}],"max_tokens":1}""");
        Assert.Equal((int)chat["usage"]!["prompt_tokens"]!, (int)second["usage"]!["input_tokens"]!);
        Assert.Equal(id, (string?)second["previous_response_id"]);
    }

    [Fact]
    public async Task StreamedResponse_IsKeptAsItWasStreamed()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-response-store");
        using var stream = await TypedEventStream.PostAsync(engine.Client, Path, """{"input":"hi","stream":true}""");
        var response = JsonNode.Parse((await stream.RestAsync())[^1].Data)!["response"]!;
        await engine.Client.SendAsync("/sleep");
        var kept = await engine.Client.GetAsync($"{Path}/{(string?)response["id"]}");
        Assert.Equal(response.ToJsonString(), kept.ToJsonString());
    }

    [Theory]
    [InlineData("--sim-response-store", ",\"store\":false", true)]
    [InlineData("--no-sim-response-store", "", true)]
    [InlineData("--sim-response-store", "", false)]
    public async Task Response_IsKeptOnlyWhenBothSidesWantIt(string option, string field, bool gone)
    {
        await using var engine = await InProcessEngine.StartAsync(option);
        var id = (string)(await engine.Client.JsonAsync(Path, $$"""{"input":"hi","max_output_tokens":1{{field}}}"""))["id"]!;
        using var reply = await engine.Client.Http.GetAsync($"{Path}/{id}");
        Assert.Equal(gone ? HttpStatusCode.NotFound : HttpStatusCode.OK, reply.StatusCode);
        if (gone)
        {
            Assert.Equal(
                $$$"""{"error":{"message":"Response with id '{{{id}}}' not found.","type":"invalid_request_error","param":"response_id","code":404}}""",
                await reply.Content.ReadAsStringAsync());
        }
    }

    [Theory]
    [InlineData("{}", 400, "\"Bad Request\"", "\"input\"")]
    [InlineData("""{"input":"hi","model":"x"}""", 404, "\"NotFoundError\"", "\"model\"")]
    [InlineData("""{"input":"hi","background":true}""", 400, "\"invalid_request_error\"", "\"background\"")]
    [InlineData("""{"input":"hi","background":true,"store":false}""", 400, "\"Bad Request\"", "\"background\"")]
    [InlineData("""{"input":"hi","previous_response_id":"resp_x"}""", 404, "\"invalid_request_error\"", "\"response_id\"")]
    [InlineData("""{"input":"a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g"}""", 400, "\"invalid_request_error\"", "\"input\"")]
    [InlineData("""{"input":"hi","max_output_tokens":0}""", 400, "\"BadRequestError\"", "\"max_output_tokens\"")]
    [InlineData("""{"input":[{"type":"computer_call"}]}""", 400, "\"Bad Request\"", "\"input\"")]
    public async Task WrongRequest_IsAnErrorOfItsType(string body, int status, string type, string parameter)
    {
        await using var engine = await InProcessEngine.StartAsync("--max-model-len", "32");
        var (answered, text) = await engine.Client.SendAsync(Path, body);
        Assert.True(status == (int)answered, text);
        Assert.Contains($"\"type\":{type},\"param\":{parameter},\"code\":{status}", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_CountResponsesAsTheyCountChat()
    {
        await using var engine = await InProcessEngine.StartAsync();
        await engine.Client.JsonAsync(Path, """{"input":"hello there","max_output_tokens":3}""");
        var metrics = await engine.Client.Http.GetStringAsync("/metrics");
        Assert.Contains("vllm:prompt_tokens_total{engine=\"0\",model_name=\"m\"} 5.0", metrics, StringComparison.Ordinal);
        Assert.Contains("vllm:generation_tokens_total{engine=\"0\",model_name=\"m\"} 3.0", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Routes_AreGuardedAndKnowTheirMethods()
    {
        await using var engine = await InProcessEngine.StartAsync("--api-key", "secret");
        using var stranger = new EngineClient(engine.Port, "wrong");
        Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.SendAsync(Path, """{"input":"hi"}""")).Status);
        using var unknown = await stranger.Http.GetAsync(Path + "/resp_x");
        Assert.Equal(HttpStatusCode.Unauthorized, unknown.StatusCode);
        using var deleted = await engine.Client.Http.DeleteAsync(Path + "/resp_x");
        Assert.Equal(HttpStatusCode.MethodNotAllowed, deleted.StatusCode);
        using var deeper = await engine.Client.Http.GetAsync(Path + "/resp_x/input_items");
        Assert.Equal(HttpStatusCode.NotFound, deeper.StatusCode);
    }

    private static string Text(JsonNode response) => (string)response["output"]![0]!["content"]![0]!["text"]!;
}
