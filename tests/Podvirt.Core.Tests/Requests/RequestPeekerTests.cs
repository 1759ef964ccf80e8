using System.Text;
using Podvirt.Core.Requests;

namespace Podvirt.Core.Tests.Requests;

public sealed class RequestPeekerTests
{
    private const string Messages = "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]";

    [Fact]
    public void MinimalChat_IsGoodAndAsksForNothing()
    {
        var body = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"u8;
        Assert.Null(RequestPeeker.Peek(body, RequestSurface.ChatCompletions, out var request));
        Assert.Equal(1, request.RootStart);
        Assert.Equal("\"m\""u8, request.Model.Of(body));
        Assert.Equal("\"hi\""u8, request.FirstUserMessage.Of(body));
        Assert.False(request.Stream);
        Assert.False(request.StreamOptions.IsPresent);
        Assert.False(request.StreamOptionsIsNull);
        Assert.False(request.StreamOptionsIsEmpty);
        Assert.False(request.IncludeUsage.IsPresent);
        Assert.False(request.ContinuousUsage.IsPresent);
        Assert.False(request.WantsUsage);
        Assert.False(request.WantsContinuousUsage);
        Assert.False(request.SystemPrompt.IsPresent);
    }

    [Fact]
    public void Ranges_PointAtTheRawValues()
    {
        const string Json = """
             {
              "temperature" : 0.5 , "stream" : true,
              "stream_options" : { "x" : [1, {"include_usage": 5}], "include_usage" : false , "continuous_usage_stats":true },
              "messages" : [
                {"role":"assistant", "content":"ä"},
                {"content":"be \"brief\"", "name":{"role":"user"}, "role":"system"},
                {"role":"developer","content":"second"},
                {"role":"user","content":[ {"type":"text","text":"look"}, {"type":"image_url","image_url":{"url":"data:"}} ]},
                {"role":"user","content":"later"}
              ] ,
              "model" : "vendor/näme"
            }
            """;
        var body = Encoding.UTF8.GetBytes(Json);
        Assert.Null(RequestPeeker.Peek(body, RequestSurface.ChatCompletions, out var request));
        Assert.Equal((byte)'{', body[request.RootStart - 1]);
        Assert.Equal("\"vendor/näme\"", Text(request.Model));
        Assert.Equal("""{ "x" : [1, {"include_usage": 5}], "include_usage" : false , "continuous_usage_stats":true }""", Text(request.StreamOptions));
        Assert.Equal("false", Text(request.IncludeUsage));
        Assert.Equal("true", Text(request.ContinuousUsage));
        Assert.Equal("\"be \\\"brief\\\"\"", Text(request.SystemPrompt));
        Assert.StartsWith("[ {\"type\":\"text\"", Text(request.FirstUserMessage), StringComparison.Ordinal);
        Assert.EndsWith("} ]", Text(request.FirstUserMessage), StringComparison.Ordinal);
        Assert.True(request.Stream);
        Assert.False(request.WantsUsage);
        Assert.True(request.WantsContinuousUsage);
        Assert.False(request.StreamOptionsIsEmpty);

        string Text(ByteRange range) => Encoding.UTF8.GetString(range.Of(body));
    }

    [Theory]
    [InlineData(RequestSurface.Completions, "prompt", "\"once\"")]
    [InlineData(RequestSurface.Completions, "prompt", "[1,2,3]")]
    [InlineData(RequestSurface.Embeddings, "input", "[\"a\",\"b\"]")]
    [InlineData(RequestSurface.Embeddings, "input", "\"a\"")]
    public void PromptOrInput_TakesThePlaceOfTheFirstUserMessage(RequestSurface surface, string name, string value)
    {
        var body = Encoding.UTF8.GetBytes($$"""{"documents":5,"{{name}}":{{value}},"model":"m"}""");
        Assert.Null(RequestPeeker.Peek(body, surface, out var request));
        Assert.Equal(value, Encoding.UTF8.GetString(request.FirstUserMessage.Of(body)));
    }

    [Theory]
    [InlineData("null", true, false)]
    [InlineData("{}", false, true)]
    [InlineData("{ \n }", false, true)]
    [InlineData("{\"other\":1}", false, false)]
    [InlineData("{\"include_usage\":null}", false, false)]
    public void StreamOptions_AreToldApart(string value, bool isNull, bool isEmpty)
    {
        var body = Encoding.UTF8.GetBytes($$"""{"model":"m",{{Messages}},"stream_options":{{value}},"stream":true}""");
        Assert.Null(RequestPeeker.Peek(body, RequestSurface.ChatCompletions, out var request));
        Assert.Equal(value, Encoding.UTF8.GetString(request.StreamOptions.Of(body)));
        Assert.Equal(isNull, request.StreamOptionsIsNull);
        Assert.Equal(isEmpty, request.StreamOptionsIsEmpty);
        Assert.False(request.WantsUsage);
    }

    [Theory]
    [InlineData("mod\\u0065l", "stream", "stream_options", "include_usage")]
    [InlineData("\\u006dodel", "str\\u0065am", "stream\\u005foptions", "include\\u005Fusage")]
    public void EscapedNames_CountAsWhatTheySpell(string model, string stream, string options, string include)
    {
        var body = Encoding.UTF8.GetBytes(
            $$$"""{"{{{model}}}":"a\u002fb",{{{Messages}}},"{{{stream}}}":true,"{{{options}}}":{"{{{include}}}":true}}""");
        Assert.Null(RequestPeeker.Peek(body, RequestSurface.ChatCompletions, out var request));
        Assert.Equal("\"a\\u002fb\"", Encoding.UTF8.GetString(request.Model.Of(body)));
        Assert.True(request.Stream);
        Assert.True(request.WantsUsage);
        Assert.Equal("true", Encoding.UTF8.GetString(request.IncludeUsage.Of(body)));
    }

    [Theory]
    [InlineData("Model")]
    [InlineData("model ")]
    [InlineData("model\\u0000")]
    [InlineData("models")]
    public void SimilarName_IsNotTheModel(string name)
    {
        var body = Encoding.UTF8.GetBytes($$"""{"{{name}}":"m",{{Messages}}}""");
        Assert.Equal("model", RequestPeeker.Peek(body, RequestSurface.ChatCompletions, out _)?.Param);
    }

    [Theory]
    [InlineData("\"max_tokens\":1")]
    [InlineData("\"max_tokens\":2147483647")]
    [InlineData("\"max_tokens\":null")]
    [InlineData("\"max_completion_tokens\":5")]
    [InlineData("\"n\":128")]
    [InlineData("\"n\":null")]
    [InlineData("\"temperature\":0")]
    [InlineData("\"temperature\":2.0")]
    [InlineData("\"temperature\":1e-3")]
    [InlineData("\"temperature\":null")]
    [InlineData("\"stop\":null")]
    [InlineData("\"stop\":\"a\"")]
    [InlineData("\"stop\":[]")]
    [InlineData("\"stop\":[\"a\",\"b\"]")]
    [InlineData("\"stream\":null")]
    [InlineData("\"stream\":false")]
    [InlineData("\"stream_options\":null")]
    [InlineData("\"seed\":123456789012345678901234567890")]
    [InlineData("\"logit_bias\":{\"1\":-1e999}")]
    [InlineData("\"tools\":[{\"model\":1,\"stream\":\"x\",\"messages\":{}}]")]
    [InlineData("\"\":null")]
    public void GoodMember_IsAccepted(string member)
    {
        Assert.Null(Peek($$"""{"model":"m",{{Messages}},{{member}}}"""));
        Assert.Null(Peek($$"""{{{member}},{{Messages}},"model":"m"}"""));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("[{\"type\":\"text\",\"text\":\"a\"}]")]
    [InlineData("null")]
    [InlineData("\"\"")]
    public void GoodContent_IsAccepted(string content) =>
        Assert.Null(Peek($$"""{"model":"m","messages":[{"role":"user","content":{{content}}},{"role":"tool","tool_call_id":"x"}]}"""));

    [Fact]
    public void Peeking_AllocatesNothing()
    {
        var body = Encoding.UTF8.GetBytes($$$"""{"model":"m",{{{Messages}}},"stream":true,"stream_options":{"include_usage":true},"n":2}""");
        Assert.Equal(0, Allocations.Of(() => RequestPeeker.Peek(body, RequestSurface.ChatCompletions, out _)));
    }

    private static PeekError? Peek(string body) => RequestPeeker.Peek(Encoding.UTF8.GetBytes(body), RequestSurface.ChatCompletions, out _);
}
