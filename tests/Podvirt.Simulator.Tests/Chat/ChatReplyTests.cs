using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Podvirt.Simulator.Tests.Engines;
using Podvirt.Simulator.Tokens;

namespace Podvirt.Simulator.Tests.Chat;

public sealed class ChatReplyTests
{
    [Fact]
    public async Task PlainReply_HasEveryFieldAndItsNulls()
    {
        await using var engine = await InProcessEngine.StartAsync();
        engine.Client.Http.DefaultRequestHeaders.Add("X-Request-Id", "abc");
        var (_, body) = await engine.Client.SendAsync("/v1/chat/completions", EngineClient.Chat("hello there", ",\"model\":\"m\",\"max_tokens\":1"));
        body = Regex.Replace(Regex.Replace(body, "\"created\":[0-9]+", "\"created\":1"), "\"content\":\"[^\"]+\"", "\"content\":\"@\"");
        Assert.Equal(
            """
            {"id":"chatcmpl-abc","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"@",
            "refusal":null,"annotations":null,"audio":null,"function_call":null,"tool_calls":[],"reasoning":null},"logprobs":null,
            "finish_reason":"length","stop_reason":null,"token_ids":null}],"service_tier":null,"system_fingerprint":null,
            "usage":{"prompt_tokens":5,"total_tokens":6,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":0}},
            "prompt_logprobs":null,"prompt_token_ids":null,"kv_transfer_params":null}
            """.ReplaceLineEndings(""),
            body);
    }

    [Fact]
    public async Task NaturalAnswer_EndsByItselfAndIsAboutTheQuestion()
    {
        await using var engine = await InProcessEngine.StartAsync();
        foreach (var question in (string[])["How do glaciers carve valleys?", "What makes sourdough rise?", "Compare tariffs and quotas", "Hi", "你好，世界"])
        {
            var reply = await engine.Client.ChatAsync(question, ",\"seed\":3");
            var text = (string)reply["choices"]![0]!["message"]!["content"]!;
            Assert.Equal("stop", (string?)reply["choices"]![0]!["finish_reason"]);
            Assert.InRange((int)reply["usage"]!["completion_tokens"]!, 60, 225);
            Assert.Equal(Tokenizer.Count(text), (int)reply["usage"]!["completion_tokens"]!);
            Assert.DoesNotContain("{", text, StringComparison.Ordinal);
        }

        Assert.Contains("sourdough", await engine.Client.AnswerAsync("What makes sourdough rise?"), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task GreedyAnswer_DoesNotDependOnTheSeed()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var first = await engine.Client.AnswerAsync("Why is the sky blue?", ",\"temperature\":0,\"seed\":1");
        Assert.Equal(first, await engine.Client.AnswerAsync("Why is the sky blue?", ",\"temperature\":0,\"seed\":2"));
        Assert.NotEqual(first, await engine.Client.AnswerAsync("Why is the sea blue?", ",\"temperature\":0"));
    }

    [Fact]
    public async Task SampledAnswer_DependsOnSeedAndTemperature()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var first = await engine.Client.AnswerAsync("Why is the sky blue?", ",\"temperature\":1,\"seed\":1");
        Assert.Equal(first, await engine.Client.AnswerAsync("Why is the sky blue?", ",\"temperature\":1,\"seed\":1"));
        Assert.NotEqual(first, await engine.Client.AnswerAsync("Why is the sky blue?", ",\"temperature\":1,\"seed\":2"));
        Assert.NotEqual(first, await engine.Client.AnswerAsync("Why is the sky blue?", ",\"temperature\":2,\"seed\":1"));
    }

    [Fact]
    public async Task SystemPrompt_ChangesTheAnswer()
    {
        await using var engine = await InProcessEngine.StartAsync();
        async Task<string> AskAsync(string system) => (string)(await engine.Client.JsonAsync("/v1/chat/completions",
            $$"""{"temperature":0,"messages":[{"role":"system","content":"{{system}}"},{"role":"user","content":"Why do cats purr?"}]}"""))
            ["choices"]![0]!["message"]!["content"]!;
        var plain = await AskAsync("You are a pirate.");
        Assert.NotEqual(plain, await AskAsync("You are a judge."));
        var one = await AskAsync("Answer in one sentence.");
        Assert.Single(one, character => character is '.' or '?');
        Assert.True((await AskAsync("Be brief.")).Length < plain.Length);
    }

    [Fact]
    public async Task LaterTurn_ReturnsToTheEarlierOne()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var reply = await engine.Client.JsonAsync("/v1/chat/completions",
            """{"messages":[{"role":"user","content":"Tell me about lighthouses"},{"role":"assistant","content":"Sure."},{"role":"user","content":"And ferries?"}]}""");
        Assert.Contains("lighthouses", (string?)reply["choices"]![0]!["message"]!["content"], StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("Write a C# method that merges sorted lists", "```csharp\n", "SortedLists")]
    [InlineData("write python to merge sorted lists", "```python\n", "sorted_lists")]
    [InlineData("a rust parser", "```rust\n", "parser")]
    public async Task CodeModel_WritesFencedCode(string question, string fence, string name)
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-type", "code");
        var answer = await engine.Client.AnswerAsync(question, ",\"seed\":1");
        Assert.Contains(fence, answer, StringComparison.Ordinal);
        Assert.Contains("\n```\n", answer, StringComparison.Ordinal);
        Assert.True(answer.Contains(name, StringComparison.OrdinalIgnoreCase) || name.Length > 6, answer);
        Assert.DoesNotContain("NAME", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("@@", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StopString_CutsTheTextAndSaysSo()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var whole = await engine.Client.AnswerAsync("Why do rivers meander?", ",\"temperature\":0");
        // From the middle of one token to the middle of another, a few words later.
        var stop = whole[20..36];
        foreach (var field in (string[])[$",\"stop\":{JsonValue.Create(stop)!.ToJsonString()}", $",\"stop\":[\"@@\",{JsonValue.Create(stop)!.ToJsonString()}]"])
        {
            var choice = (await engine.Client.ChatAsync("Why do rivers meander?", ",\"temperature\":0" + field))["choices"]![0]!;
            Assert.Equal(whole[..20], (string?)choice["message"]!["content"]);
            Assert.Equal("stop", (string?)choice["finish_reason"]);
            Assert.Equal(stop, (string?)choice["stop_reason"]);
        }

        Assert.Equal(whole[..36], await engine.Client.AnswerAsync(
            "Why do rivers meander?", $",\"temperature\":0,\"include_stop_str_in_output\":true,\"stop\":{JsonValue.Create(stop)!.ToJsonString()}"));
    }

    [Fact]
    public async Task MaxCompletionTokens_WinsOverMaxTokens()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var reply = await engine.Client.ChatAsync("hi", ",\"max_tokens\":9,\"max_completion_tokens\":4");
        Assert.Equal(4, (int)reply["usage"]!["completion_tokens"]!);
    }

    [Fact]
    public async Task IgnoreEnd_WritesUntilTheCap()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var reply = await engine.Client.ChatAsync("hi", ",\"max_tokens\":1000,\"ignore_eos\":true");
        Assert.Equal(1000, (int)reply["usage"]!["completion_tokens"]!);
        Assert.Equal("length", (string?)reply["choices"]![0]!["finish_reason"]);
    }

    [Fact]
    public async Task RepeatedPrefix_IsReportedAsCachedAndCounted()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var question = string.Join(' ', Enumerable.Repeat("tell me about old bridges", 10));
        await engine.Client.ChatAsync(question);
        var usage = (await engine.Client.ChatAsync(question))["usage"]!;
        var cached = (int)usage["prompt_tokens_details"]!["cached_tokens"]!;
        Assert.Equal(((int)usage["prompt_tokens"]! - 1) / 16 * 16, cached);
        Assert.Contains($"vllm:prefix_cache_hits_total{{engine=\"0\",model_name=\"m\"}} {cached}.0", await engine.Client.Http.GetStringAsync("/metrics"), StringComparison.Ordinal);
        await engine.Client.SendAsync("/sleep");
        await engine.Client.SendAsync("/wake_up");
        Assert.Equal(0, (int)(await engine.Client.ChatAsync(question))["usage"]!["prompt_tokens_details"]!["cached_tokens"]!);
    }

    [Fact]
    public async Task NextTurn_FindsTheReplyInThePrefixCache()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var first = await engine.Client.ChatAsync("Tell me about old bridges");
        var answer = first["choices"]![0]!["message"]!["content"]!.ToJsonString();
        var usage = (await engine.Client.JsonAsync("/v1/chat/completions",
            $$"""{"messages":[{"role":"user","content":"Tell me about old bridges"},{"role":"assistant","content":{{answer}}},{"role":"user","content":"More"}]}"""))["usage"]!;
        Assert.Equal((int)first["usage"]!["total_tokens"]! / 16 * 16, (int)usage["prompt_tokens_details"]!["cached_tokens"]!);
    }

    [Fact]
    public async Task DetailsSwitchedOff_AreNull()
    {
        await using var engine = await InProcessEngine.StartAsync("--no-enable-prompt-tokens-details");
        var usage = (await engine.Client.ChatAsync("hi"))["usage"]!.AsObject();
        Assert.True(usage.ContainsKey("prompt_tokens_details"));
        Assert.Null(usage["prompt_tokens_details"]);
    }
}
