using System.Text.Json.Nodes;
using Podvirt.Simulator.Tests.Engines;

namespace Podvirt.Simulator.Tests.Schemas;

public sealed class OutputFormTests
{
    private const string Person =
        """{"type":"object","properties":{"name":{"type":"string"},"age":{"type":"integer","minimum":0}},"required":["name","age"],"additionalProperties":false}""";

    [Theory]
    [InlineData($$$$""","response_format":{"type":"json_schema","json_schema":{"name":"person","schema":{{{{Person}}}} }}""")]
    [InlineData($$$$""","structured_outputs":{"json":{{{{Person}}}} }""")]
    [InlineData($$$$""","guided_json":{{{{Person}}}}""")]
    public async Task SchemaOfAChat_IsFollowed(string field)
    {
        await using var engine = await InProcessEngine.StartAsync();
        var reply = await engine.Client.ChatAsync("Who is Ada?", field);
        Assert.True(SchemaJudge.IsValid(Person, (string)reply["choices"]![0]!["message"]!["content"]!));
        Assert.Equal("stop", (string?)reply["choices"]![0]!["finish_reason"]);
        using var stream = await engine.Client.ChatStreamAsync("Who is Ada?", field);
        var frames = await stream.RestAsync();
        Assert.True(frames.Count > 6);
        Assert.True(SchemaJudge.IsValid(Person, string.Concat(
            frames[..^1].Select(frame => (string?)JsonNode.Parse(frame)!["choices"]![0]!["delta"]!["content"]))));
    }

    [Fact]
    public async Task AnyObject_IsAnObject()
    {
        await using var engine = await InProcessEngine.StartAsync();
        Assert.IsType<JsonObject>(JsonNode.Parse(await engine.Client.AnswerAsync("Tell me about owls", ",\"response_format\":{\"type\":\"json_object\"}")));
        Assert.DoesNotContain("{", await engine.Client.AnswerAsync("Tell me about owls", ",\"response_format\":{\"type\":\"text\"}"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(",\"structured_outputs\":{\"choice\":[\"yes\",\"no\"]}")]
    [InlineData(",\"guided_choice\":[\"yes\",\"no\"]")]
    public async Task Choice_IsOneOfThem(string field)
    {
        await using var engine = await InProcessEngine.StartAsync();
        Assert.Contains(await engine.Client.AnswerAsync("Is it so?", field), (string[])["yes", "no"]);
    }

    [Fact]
    public async Task CapInTheMiddle_LeavesTheValueUnfinished()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var choice = (await engine.Client.ChatAsync("Who is Ada?", $$$$""","max_tokens":3,"guided_json":{{{{Person}}}}"""))["choices"]![0]!;
        Assert.Equal("length", (string?)choice["finish_reason"]);
        Assert.ThrowsAny<System.Text.Json.JsonException>(() => JsonNode.Parse((string)choice["message"]!["content"]!));
    }

    [Fact]
    public async Task SchemaOfAResponseAndOfAMessage_AreFollowed()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var response = await engine.Client.JsonAsync("/v1/responses",
            $$$$"""{"input":"Who is Ada?","text":{"format":{"type":"json_schema","name":"person","schema":{{{{Person}}}} }}}""");
        Assert.True(SchemaJudge.IsValid(Person, (string)response["output"]![0]!["content"]![0]!["text"]!));
        var message = await engine.Client.JsonAsync("/v1/messages",
            $$$$"""{"model":"m","max_tokens":99,"messages":[{"role":"user","content":"Who is Ada?"}],"output_config":{"format":{"type":"json_schema","schema":{{{{Person}}}} }}}""");
        Assert.True(SchemaJudge.IsValid(Person, (string)message["content"]![0]!["text"]!));
    }
}
