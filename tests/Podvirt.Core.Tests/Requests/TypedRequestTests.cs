using System.Text;
using Podvirt.Core.Requests;

namespace Podvirt.Core.Tests.Requests;

/// <summary>Bodies of responses and messages.</summary>
public sealed class TypedRequestTests
{
    [Fact]
    public void InputOfAResponse_IsAStringOrItems()
    {
        const string Text = """{"model":"m","input":"hi","instructions":"be brief","max_output_tokens":7,"stream":true,"store":false}""";
        var request = Read(Text, RequestSurface.Responses);
        Assert.Equal(("\"hi\"", "\"be brief\""), (Of(Text, request.FirstUserMessage), Of(Text, request.SystemPrompt)));
        Assert.Equal((7, true, true, false), (request.MaxTokens, request.Stream, request.IsNotStored, request.TakesStreamOptions));

        const string Items = """
            {"model":"m","input":[{"type":"function_call_output","output":"1"},{"role":"developer","content":"d"},{"role":"user","content":[{"text":"a"}]},{"role":"user","content":"b"}],
             "previous_response_id":"resp_1"}
            """;
        request = Read(Items, RequestSurface.Responses);
        Assert.Equal(("[{\"text\":\"a\"}]", "\"d\""), (Of(Items, request.FirstUserMessage), Of(Items, request.SystemPrompt)));
        Assert.Equal("\"resp_1\"", Of(Items, request.PreviousResponse));
        Assert.False(request.IsNotStored);
    }

    [Theory]
    [InlineData("""{"model":"m","instructions":"i","input":[{"role":"system","content":"s"},{"role":"user","content":"u"}]}""", "\"i\"")]
    [InlineData("""{"model":"m","input":[{"role":"system","content":"s"},{"role":"user","content":"u"}],"instructions":"i"}""", "\"i\"")]
    [InlineData("""{"model":"m","instructions":null,"input":[{"role":"system","content":"s"},{"role":"user","content":"u"}]}""", "\"s\"")]
    public void Instructions_AreTheSystemPromptWhereverTheyStand(string body, string prompt) =>
        Assert.Equal(prompt, Of(body, Read(body, RequestSurface.Responses).SystemPrompt));

    [Theory]
    [InlineData("\"s\"")]
    [InlineData("""[{"type":"text","text":"s"}]""")]
    public void SystemOfMessages_IsTheSystemPrompt(string system)
    {
        var body = $$"""{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"hi"}],"system":{{system}},"stop_sequences":["x"],"stream":true}""";
        var request = Read(body, RequestSurface.Messages);
        Assert.Equal((system, "\"hi\"", 5), (Of(body, request.SystemPrompt), Of(body, request.FirstUserMessage), request.MaxTokens));
        Assert.True(request.Stream);
    }

    [Theory]
    [InlineData(RequestSurface.Responses, """{"model":"m"}""", "input")]
    [InlineData(RequestSurface.Responses, """{"model":"m","input":null}""", "input")]
    [InlineData(RequestSurface.Responses, """{"model":"m","input":["hi"]}""", "input[0]")]
    [InlineData(RequestSurface.Responses, """{"model":"m","input":"a","input":"b"}""", "input")]
    [InlineData(RequestSurface.Responses, """{"model":"m","input":"a","instructions":5}""", "instructions")]
    [InlineData(RequestSurface.Responses, """{"model":"m","input":"a","instructions":"x","instructions":"y"}""", "instructions")]
    [InlineData(RequestSurface.Responses, """{"model":"m","input":"a","max_output_tokens":0}""", "max_output_tokens")]
    [InlineData(RequestSurface.Responses, """{"model":"m","input":"a","store":"no"}""", "store")]
    [InlineData(RequestSurface.Responses, """{"model":"m","input":"a","background":true}""", "background")]
    [InlineData(RequestSurface.Responses, """{"model":"m","input":"a","background":1}""", "background")]
    [InlineData(RequestSurface.Responses, """{"model":"m","input":"a","background":false,"background":true}""", "background")]
    [InlineData(RequestSurface.Responses, """{"model":"m","input":"a","request_id":"resp_1"}""", "request_id")]
    [InlineData(RequestSurface.Responses, """{"model":"m","input":"a","previous_response_id":""}""", "previous_response_id")]
    [InlineData(RequestSurface.Responses, """{"model":"m","input":"a","previous_response_id":"x","previous_response_id":"y"}""", "previous_response_id")]
    [InlineData(RequestSurface.Messages, """{"model":"m","messages":[{"role":"user","content":"hi"}]}""", "max_tokens")]
    [InlineData(RequestSurface.Messages, """{"model":"m","max_tokens":null,"messages":[{"role":"user","content":"hi"}]}""", "max_tokens")]
    [InlineData(RequestSurface.Messages, """{"model":"m","max_tokens":5,"messages":[]}""", "messages")]
    [InlineData(RequestSurface.Messages, """{"model":"m","max_tokens":5,"messages":[{"role":"user","content":"hi"}],"system":{}}""", "system")]
    [InlineData(RequestSurface.MessageTokens, """{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true}""", "stream")]
    public void BodyThatNoEngineCouldAnswer_IsRefusedForItsMember(RequestSurface surface, string body, string param)
    {
        var error = RequestPeeker.Peek(Encoding.UTF8.GetBytes(body), surface, out _);
        Assert.Equal(param, error?.Param);
        Assert.Contains($"'{param}'", error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"model":"m","input":"a","background":false,"store":null,"previous_response_id":null,"request_id":null,"temperature":9,"stop":5}""")]
    [InlineData("""{"model":"m","input":[],"tools":[{"type":"function"}],"text":{"format":{"type":"json_schema"}}}""")]
    public void WhatIsTheEnginesBusiness_IsGood(string body) => Read(body, RequestSurface.Responses);

    private static PeekedRequest Read(string body, RequestSurface surface)
    {
        var error = RequestPeeker.Peek(Encoding.UTF8.GetBytes(body), surface, out var request);
        Assert.True(error is null, error?.Message);
        return request;
    }

    private static string Of(string body, ByteRange range) => Encoding.UTF8.GetString(range.Of(Encoding.UTF8.GetBytes(body)));
}
