using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Podvirt.Simulator.Tests.Engines;

namespace Podvirt.Simulator.Tests.Completions;

public sealed class CompletionTests
{
    [Fact]
    public async Task Stream_HasTheEnginesExactFrames()
    {
        await using var engine = await InProcessEngine.StartAsync();
        engine.Client.Http.DefaultRequestHeaders.Add("X-Request-Id", "abc");
        using var stream = await engine.Client.StreamAsync(
            "/v1/completions", """{"prompt":"old bridges","max_tokens":2,"stream":true,"stream_options":{"include_usage":true}}""");
        var frames = (await stream.RestAsync()).ConvertAll(frame =>
            Regex.Replace(Regex.Replace(frame, "\"created\":[0-9]+", "\"created\":1"), "\"text\":\"[^\"]+\"", "\"text\":\"@\""));
        const string Head = """{"id":"cmpl-abc","object":"text_completion","created":1,"model":"m","choices":[""";
        Assert.Equal(
        [
            Head + """{"index":0,"text":"@","logprobs":null,"finish_reason":null,"stop_reason":null}],"usage":null}""",
            Head + """{"index":0,"text":"@","logprobs":null,"finish_reason":"length","stop_reason":null}],"usage":null}""",
            Head + """],"usage":{"prompt_tokens":3,"total_tokens":5,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":0}}}""",
            "[DONE]",
        ], frames);
    }

    [Theory]
    [InlineData("\"old bridges\"", 1, 3)]
    [InlineData("[\"old bridges\",\"a\"]", 2, 4)]
    public async Task Prompts_EachGetTheirChoices(string prompt, int prompts, int tokens)
    {
        await using var engine = await InProcessEngine.StartAsync();
        var reply = await engine.Client.JsonAsync("/v1/completions", $$"""{"prompt":{{prompt}},"n":2}""");
        Assert.Equal(Enumerable.Range(0, prompts * 2), reply["choices"]!.AsArray().Select(choice => (int)choice!["index"]!));
        Assert.Equal(tokens, (int)reply["usage"]!["prompt_tokens"]!);
        Assert.Equal(prompts * 2 * 16, (int)reply["usage"]!["completion_tokens"]!);
        Assert.Equal("length", (string?)reply["choices"]![0]!["finish_reason"]);
    }

    [Fact]
    public async Task SeveralPromptsStreamed_EachFrameCountsItsOwn()
    {
        await using var engine = await InProcessEngine.StartAsync();
        using var stream = await engine.Client.StreamAsync(
            "/v1/completions",
            """{"prompt":["old bridges","a"],"n":2,"max_tokens":1,"stream":true,"stream_options":{"include_usage":true,"continuous_usage_stats":true}}""");
        var frames = (await stream.RestAsync())[..^1].ConvertAll(frame => JsonNode.Parse(frame)!);
        var prompts = frames[..^1].ToLookup(frame => (int)frame["choices"]![0]!["index"]!, frame => (int)frame["usage"]!["prompt_tokens"]!);
        Assert.Equal([3, 3, 1, 1], Enumerable.Range(0, 4).Select(choice => prompts[choice].Distinct().Single()));
        Assert.Equal((4, 4), ((int)frames[^1]["usage"]!["prompt_tokens"]!, (int)frames[^1]["usage"]!["completion_tokens"]!));
    }

    [Fact]
    public async Task TokensAsPrompt_AreTheSamePrompt()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var tokens = (await engine.Client.JsonAsync("/tokenize", """{"prompt":"old bridges"}"""))["tokens"]!.ToJsonString();
        var text = await engine.Client.JsonAsync("/v1/completions", """{"prompt":"old bridges","temperature":0}""");
        foreach (var prompt in (string[])[tokens, $"[{tokens}]"])
        {
            var same = await engine.Client.JsonAsync("/v1/completions", $$"""{"prompt":{{prompt}},"temperature":0}""");
            Assert.Equal((string?)text["choices"]![0]!["text"], (string?)same["choices"]![0]!["text"]);
        }
    }

    [Fact]
    public async Task Tokenize_CountsAndDetokenizeGivesTheTextBack()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var text = JsonValue.Create("Grüße, 12345\n\n  <think> \"ok\"\t🚀")!.ToJsonString();
        var reply = await engine.Client.JsonAsync("/tokenize", $$"""{"prompt":{{text}}}""");
        Assert.Equal(reply["tokens"]!.AsArray().Count, (int)reply["count"]!);
        Assert.Equal(32_768, (int)reply["max_model_len"]!);
        var back = await engine.Client.JsonAsync("/detokenize", $$"""{"tokens":{{reply["tokens"]!.ToJsonString()}}}""");
        Assert.Equal((string?)JsonNode.Parse(text), (string?)back["prompt"]);
    }

    [Fact]
    public async Task TokenizedMessages_CountAsTheChatDoes()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var count = (int)(await engine.Client.JsonAsync("/tokenize", EngineClient.Chat("hello there")))["count"]!;
        Assert.Equal(count, (int)(await engine.Client.ChatAsync("hello there"))["usage"]!["prompt_tokens"]!);
        const string Tools = ",\"tool_choice\":\"none\",\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"get_time\"}}]";
        var more = (int)(await engine.Client.JsonAsync("/tokenize", EngineClient.Chat("hello there", Tools)))["count"]!;
        Assert.True(more > count);
        Assert.Equal(more, (int)(await engine.Client.ChatAsync("hello there", Tools))["usage"]!["prompt_tokens"]!);
    }

    [Fact]
    public async Task Logprobs_AreColumnsOfTheSameTokens()
    {
        await using var engine = await InProcessEngine.StartAsync();
        const string Body = """{"prompt":"old bridges","temperature":0,"max_tokens":6,"logprobs":2""";
        var choice = (await engine.Client.JsonAsync("/v1/completions", Body + "}"))["choices"]![0]!;
        var columns = choice["logprobs"]!;
        var tokens = columns["tokens"]!.AsArray().Select(token => (string)token!).ToArray();
        Assert.Equal((string?)choice["text"], string.Concat(tokens));
        Assert.Equal(
            tokens.Select((_, place) => tokens[..place].Sum(token => token.Length)), columns["text_offset"]!.AsArray().Select(offset => (int)offset!));
        for (var place = 0; place < tokens.Length; place++)
        {
            var top = columns["top_logprobs"]![place]!.AsObject();
            Assert.Equal(3, top.Count);
            Assert.Equal((double)columns["token_logprobs"]![place]!, (double)top[tokens[place]]!);
        }

        using var stream = await engine.Client.StreamAsync("/v1/completions", Body + ",\"stream\":true}");
        var frames = (await stream.RestAsync())[..^1].ConvertAll(frame => JsonNode.Parse(frame)!["choices"]![0]!["logprobs"]!);
        foreach (var (name, column) in columns.AsObject())
        {
            Assert.Equal(column!.AsArray().Select(value => value!.ToJsonString()), frames.SelectMany(frame => frame[name]!.AsArray()).Select(value => value!.ToJsonString()));
        }
    }

    [Fact]
    public async Task BeyondMaxSequences_RequestsWaitTheirTurn()
    {
        await using var engine = await InProcessEngine.StartAsync("--max-num-seqs", "1", "--sim-token-time", "10ms");
        using var running = await engine.Client.ChatStreamAsync("a", ",\"ignore_eos\":true,\"max_tokens\":10000");
        await running.NextAsync();
        var waiting = engine.Client.ChatAsync("b", ",\"max_tokens\":1");
        await engine.Client.UntilAsync("queued", "1");
        var metrics = await engine.Client.Http.GetStringAsync("/metrics");
        Assert.Contains("vllm:num_requests_running{engine=\"0\",model_name=\"m\"} 1.0", metrics, StringComparison.Ordinal);
        Assert.Contains("vllm:num_requests_waiting{engine=\"0\",model_name=\"m\"} 1.0", metrics, StringComparison.Ordinal);
        Assert.False(waiting.IsCompleted);
        running.Dispose();
        Assert.Equal(1, (int)(await waiting)["usage"]!["completion_tokens"]!);
    }
}
