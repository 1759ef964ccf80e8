using System.Text;
using System.Text.Json.Nodes;
using Podvirt.Simulator.Tests.Engines;

namespace Podvirt.Simulator.Tests.Chat;

public sealed class ChatLogprobsTests
{
    private const string Asked = ",\"temperature\":0,\"max_tokens\":12,\"logprobs\":true,\"top_logprobs\":3";

    [Fact]
    public async Task PlainReply_HasThemForEveryToken()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var choice = (await engine.Client.ChatAsync("Why do cats purr?", Asked))["choices"]![0]!;
        var tokens = choice["logprobs"]!["content"]!.AsArray();
        Assert.Equal(12, tokens.Count);
        Assert.Equal((string?)choice["message"]!["content"], string.Concat(tokens.Select(token => (string?)token!["token"])));
        foreach (var token in tokens)
        {
            Assert.Equal(["token", "logprob", "bytes", "top_logprobs"], token!.AsObject().Select(member => member.Key));
            Assert.Equal(Encoding.UTF8.GetBytes((string)token["token"]!), token["bytes"]!.AsArray().Select(single => (byte)single!));
            var top = token["top_logprobs"]!.AsArray();
            Assert.Equal(3, top.Count);
            Assert.Equal((string?)token["token"], (string?)top[0]!["token"]);
            Assert.Equal((double)token["logprob"]!, (double)top[0]!["logprob"]!);
            Assert.Equal(top.OrderByDescending(other => (double)other!["logprob"]!), top);
            Assert.InRange(top.Sum(other => Math.Exp((double)other!["logprob"]!)), 0.3, 1);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData(",\"stop\":[\"never to be seen\"]")]
    public async Task Stream_HasThemOnceEach(string more)
    {
        await using var engine = await InProcessEngine.StartAsync();
        var plain = (await engine.Client.ChatAsync("Why do cats purr?", Asked))["choices"]![0]!["logprobs"]!["content"]!;
        using var stream = await engine.Client.ChatStreamAsync("Why do cats purr?", Asked + more);
        var frames = (await stream.RestAsync())[..^1].ConvertAll(frame => JsonNode.Parse(frame)!["choices"]![0]!["logprobs"]);
        Assert.Null(frames[0]);
        Assert.Equal(
            plain.ToJsonString(),
            new JsonArray([.. frames.OfType<JsonObject>().SelectMany(frame => frame["content"]!.AsArray()).Select(token => token!.DeepClone())]).ToJsonString());
    }

    [Fact]
    public async Task NoTopAsked_IsAnEmptyList()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var token = (await engine.Client.ChatAsync("hi", ",\"max_tokens\":1,\"logprobs\":true"))["choices"]![0]!["logprobs"]!["content"]![0]!;
        Assert.Empty(token["top_logprobs"]!.AsArray());
        Assert.Null((await engine.Client.ChatAsync("hi", ",\"max_tokens\":1,\"logprobs\":false"))["choices"]![0]!["logprobs"]);
    }
}
