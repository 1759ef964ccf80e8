using System.Net;
using Podvirt.Simulator.Tests.Engines;

namespace Podvirt.Simulator.Tests.Http;

public sealed class ErrorTests
{
    [Fact]
    public async Task UnknownModel_Is404InTheEnginesShape()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var (status, body) = await engine.Client.SendAsync("/v1/chat/completions", EngineClient.Chat("hi", ",\"model\":\"x\""));
        Assert.Equal(HttpStatusCode.NotFound, status);
        Assert.Equal("""{"error":{"message":"The model `x` does not exist.","type":"NotFoundError","param":"model","code":404}}""", body);
    }

    [Fact]
    public async Task LegacyEngine_SendsFlatErrors()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-legacy-errors");
        var (_, body) = await engine.Client.SendAsync("/v1/chat/completions", EngineClient.Chat("hi", ",\"model\":\"x\""));
        Assert.Equal("""{"object":"error","message":"The model `x` does not exist.","type":"NotFoundError","param":"model","code":404}""", body);
    }

    [Theory]
    [InlineData("{", "Bad Request")]
    [InlineData("[]", "Bad Request")]
    [InlineData("{}", "Bad Request")]
    [InlineData("""{"messages":"hi"}""", "Bad Request")]
    [InlineData("""{"messages":[],"n":1}""", "BadRequestError")]
    [InlineData("""{"messages":[{"role":"king","content":"hi"}]}""", "BadRequestError")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{}}]}]}""", "BadRequestError")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"temperature":-1}""", "BadRequestError")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"temperature":"hot"}""", "Bad Request")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"max_tokens":0}""", "BadRequestError")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"max_tokens":100}""", "BadRequestError")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"n":2,"temperature":0}""", "BadRequestError")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"top_p":2}""", "BadRequestError")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"stream_options":{"include_usage":true}}""", "BadRequestError")]
    [InlineData("""{"messages":[{"role":"user","content":"\ud800"}]}""", "Bad Request")]
    [InlineData("""{"messages":[{"role":"user","content":"a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g"}]}""", "BadRequestError")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"tools":[{}]}""", "Bad Request")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"f"}}]}""", "BadRequestError")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"tool_choice":"required"}""", "Bad Request")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function","function":{"name":"g"}}}""", "Bad Request")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"top_logprobs":2}""", "Bad Request")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"logprobs":true,"top_logprobs":21}""", "BadRequestError")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"response_format":{"type":"json_schema","json_schema":{"name":"n","schema":{"not":{}}}}}""", "BadRequestError")]
    [InlineData("""{"messages":[{"role":"user","content":"hi"}],"response_format":{"type":"poem"}}""", "Bad Request")]
    public async Task WrongBody_Is400OfItsType(string body, string type)
    {
        await using var engine = await InProcessEngine.StartAsync("--max-model-len", "32");
        var (status, reply) = await engine.Client.SendAsync("/v1/chat/completions", body);
        Assert.True(status == HttpStatusCode.BadRequest, reply);
        Assert.Contains($"\"type\":\"{type}\"", reply, StringComparison.Ordinal);
        Assert.Contains("\"code\":400", reply, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(",\"prompt_logprobs\":1")]
    [InlineData(",\"response_format\":{\"type\":\"structural_tag\"}")]
    [InlineData(",\"structured_outputs\":{\"regex\":\"a+\"}")]
    [InlineData(",\"guided_grammar\":\"root ::= a\"")]
    public async Task WhatItCannotDo_Is501(string field)
    {
        await using var engine = await InProcessEngine.StartAsync();
        var (status, body) = await engine.Client.SendAsync("/v1/chat/completions", EngineClient.Chat("hi", field));
        Assert.Equal(HttpStatusCode.NotImplemented, status);
        Assert.Contains("\"type\":\"NotImplementedError\"", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ApiKey_GuardsOnlyTheApi()
    {
        await using var engine = await InProcessEngine.StartAsync("--api-key", "secret");
        Assert.Equal(HttpStatusCode.OK, (await engine.Client.SendAsync("/v1/chat/completions", EngineClient.Chat("hi"))).Status);
        using var stranger = new EngineClient(engine.Port, "wrong");
        var (status, body) = await stranger.SendAsync("/v1/chat/completions", EngineClient.Chat("hi"));
        Assert.Equal(HttpStatusCode.Unauthorized, status);
        Assert.Equal("""{"error":"Unauthorized"}""", body);
        Assert.Equal(HttpStatusCode.OK, (await stranger.SendAsync("/tokenize", "{\"prompt\":\"a\"}")).Status);
        Assert.Equal(HttpStatusCode.OK, (await stranger.SendAsync("/sleep")).Status);
    }

    [Fact]
    public async Task UnknownPathAndWrongMethod_HaveTheirOwnStatuses()
    {
        await using var engine = await InProcessEngine.StartAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await engine.Client.SendAsync("/v1/nothing")).Status);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await engine.Client.SendAsync("/health")).Status);
    }

    [Fact]
    public async Task PlainEndpoints_AnswerInTheirShapes()
    {
        await using var engine = await InProcessEngine.StartAsync();
        Assert.Equal("", await engine.Client.Http.GetStringAsync("/health"));
        Assert.Equal("""{"server_load":0}""", await engine.Client.Http.GetStringAsync("/load"));
        Assert.Matches("^{\"version\":\"[0-9.]+\"}$", await engine.Client.Http.GetStringAsync("/version"));
        var model = (await engine.Client.GetAsync("/v1/models"))["data"]![0]!;
        Assert.Equal("m", (string?)model["id"]);
        Assert.Equal("org/model", (string?)model["root"]);
        Assert.Equal(32_768, (int)model["max_model_len"]!);
    }
}
