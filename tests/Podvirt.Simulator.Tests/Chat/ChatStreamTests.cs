using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Podvirt.Simulator.Tests.Engines;
using Podvirt.Simulator.Tokens;

namespace Podvirt.Simulator.Tests.Chat;

public sealed partial class ChatStreamTests
{
    [Fact]
    public async Task PlainStream_HasTheEnginesExactFrames()
    {
        await using var engine = await InProcessEngine.StartAsync();
        engine.Client.Http.DefaultRequestHeaders.Add("X-Request-Id", "abc");
        using var stream = await engine.Client.ChatStreamAsync("hello there", ",\"temperature\":0,\"max_tokens\":2");
        Assert.Equal("text/event-stream; charset=utf-8", stream.Response.Content.Headers.ContentType!.ToString());
        var frames = await stream.RestAsync();
        var created = Created().Match(frames[0]).Groups[1].Value;
        var head = $$"""{"id":"chatcmpl-abc","object":"chat.completion.chunk","created":{{created}},"model":"m","choices":[{"index":0,"delta":""";
        Assert.Equal(4, frames.Count);
        Assert.Equal(head + """{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}]}""", frames[0]);
        Assert.Equal(head + """{"content":"@"},"logprobs":null,"finish_reason":null,"token_ids":null}]}""", Masked(frames[1]));
        Assert.Equal(head + """{"content":"@"},"logprobs":null,"finish_reason":"length","stop_reason":null,"token_ids":null}]}""", Masked(frames[2]));
        Assert.Equal("[DONE]", frames[3]);
    }

    [Fact]
    public async Task NaturalEnd_IsAnEmptyLastDelta()
    {
        await using var engine = await InProcessEngine.StartAsync();
        using var stream = await engine.Client.ChatStreamAsync("hello there");
        var frames = await stream.RestAsync();
        Assert.EndsWith(
            """{"content":""},"logprobs":null,"finish_reason":"stop","stop_reason":null,"token_ids":null}]}""", frames[^2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task IncludeUsage_AddsOneFrameBeforeTheEnd()
    {
        await using var engine = await InProcessEngine.StartAsync();
        using var stream = await engine.Client.ChatStreamAsync("hello there", ",\"max_tokens\":3,\"stream_options\":{\"include_usage\":true}");
        var frames = await stream.RestAsync();
        Assert.EndsWith(
            "\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"total_tokens\":8,\"completion_tokens\":3,\"prompt_tokens_details\":{\"cached_tokens\":0}}}",
            frames[^2], StringComparison.Ordinal);
        Assert.All(frames[..^2], frame => Assert.DoesNotContain("usage", frame, StringComparison.Ordinal));
    }

    [Fact]
    public async Task ContinuousUsage_CountsUpOnEveryFrame()
    {
        await using var engine = await InProcessEngine.StartAsync();
        var frames = await ContinuousAsync(engine);
        var counts = frames[..^1].Select(frame => (int)JsonNode.Parse(frame)!["usage"]!["completion_tokens"]!);
        Assert.Equal([0, 1, 2, 3, 3], counts);
        Assert.EndsWith("}],\"usage\":{\"prompt_tokens\":5,\"total_tokens\":5,\"completion_tokens\":0}}", frames[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task OlderEngine_IgnoresContinuousUsage()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-no-continuous-usage");
        var frames = await ContinuousAsync(engine);
        Assert.DoesNotContain("usage", frames[1], StringComparison.Ordinal);
        Assert.Contains("usage", frames[^2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task RejectingEngine_AnswersContinuousUsageWith400()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-reject-continuous-usage");
        var (status, body) = await engine.Client.SendAsync(
            "/v1/chat/completions", EngineClient.Chat("hi", ",\"stream\":true,\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true}"));
        Assert.Equal(400, (int)status);
        Assert.Contains("continuous_usage_stats", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task SeveralChoices_EachHaveRoleTextAndEnd()
    {
        await using var engine = await InProcessEngine.StartAsync();
        using var stream = await engine.Client.ChatStreamAsync("hello there", ",\"n\":3,\"seed\":1,\"temperature\":2,\"stream_options\":{\"include_usage\":true}");
        var frames = await stream.RestAsync();
        var choices = frames[..^2].Select(frame => JsonNode.Parse(frame)!["choices"]![0]!).GroupBy(choice => (int)choice["index"]!).ToList();
        Assert.Equal(3, choices.Count);
        var texts = choices.Select(choice => string.Concat(choice.Select(delta => (string?)delta["delta"]!["content"]))).ToList();
        Assert.Equal(3, texts.Distinct().Count());
        Assert.All(choices, choice => Assert.Single(choice, delta => (string?)delta["finish_reason"] == "stop"));
        Assert.Equal(texts.Sum(text => Tokenizer.Count(text)), (int)JsonNode.Parse(frames[^2])!["usage"]!["completion_tokens"]!);
    }

    [Fact]
    public async Task SeveralTokensPerFrame_LoseNoneAndCountAll()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-tokens-per-frame", "4");
        using var stream = await engine.Client.ChatStreamAsync("hello there", ",\"temperature\":0,\"max_tokens\":10,\"stream_options\":{\"include_usage\":true}");
        var frames = await stream.RestAsync();
        Assert.Equal(6, frames.Count);
        Assert.Equal(10, Tokenizer.Count(Text(frames)));
        Assert.Equal(10, (int)JsonNode.Parse(frames[^2])!["usage"]!["completion_tokens"]!);
    }

    [Fact]
    public async Task LeastTokens_HoldForRequestsThatSayNothingElse()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-tokens-min", "400", "--sim-token-time", "0");
        async Task<int> TokensAsync(string more)
        {
            using var stream = await engine.Client.ChatStreamAsync("hello there", $"{more},\"stream_options\":{{\"include_usage\":true}}");
            return (int)JsonNode.Parse((await stream.RestAsync())[^2])!["usage"]!["completion_tokens"]!;
        }
        Assert.InRange(await TokensAsync(""), 400, 700);
        Assert.Equal(10, await TokensAsync(",\"max_tokens\":10"));
        Assert.InRange(await TokensAsync(",\"min_tokens\":0"), 60, 225);
    }

    [Fact]
    public async Task StreamedText_IsTheUnstreamedText()
    {
        await using var engine = await InProcessEngine.StartAsync();
        using var stream = await engine.Client.ChatStreamAsync("Why do rivers meander?", ",\"seed\":7");
        Assert.Equal(await engine.Client.AnswerAsync("Why do rivers meander?", ",\"seed\":7"), Text(await stream.RestAsync()));
    }

    [Theory]
    [InlineData("", "reasoning")]
    [InlineData("--sim-reasoning-content", "reasoning_content")]
    public async Task ThinkingWithParser_HasItsOwnField(string option, string field)
    {
        await using var engine = await InProcessEngine.StartAsync([.. (string[])["--sim-thinking", "--reasoning-parser", "qwen3"], .. option.Length > 0 ? new[] { option } : []]);
        using var stream = await engine.Client.ChatStreamAsync("hello there", ",\"seed\":7");
        var deltas = (await stream.RestAsync())[..^1].Select(frame => JsonNode.Parse(frame)!["choices"]![0]!["delta"]!).ToList();
        var thinking = string.Concat(deltas.Select(delta => (string?)delta[field]));
        Assert.InRange(Tokenizer.Count(thinking), 30, 85);
        Assert.DoesNotContain("think>", thinking + string.Concat(deltas.Select(delta => (string?)delta["content"])), StringComparison.Ordinal);
        var message = (await engine.Client.ChatAsync("hello there"))["choices"]![0]!["message"]!;
        Assert.NotNull((string?)message[field]);
    }

    [Fact]
    public async Task ThinkingWithoutParser_StaysInTheContent()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-thinking");
        var answer = await engine.Client.AnswerAsync("hello there");
        Assert.Matches("^<think>\n.+\n</think>\n\n[A-Z]", answer);
        Assert.DoesNotContain("<think>", await engine.Client.AnswerAsync("hello", ",\"chat_template_kwargs\":{\"enable_thinking\":false}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ClientLeaves_EndsTheGenerationAtOnce()
    {
        await using var engine = await InProcessEngine.StartAsync("--sim-token-time", "20ms");
        var stream = await engine.Client.ChatStreamAsync("hello", ",\"ignore_eos\":true,\"max_tokens\":10000");
        await stream.NextAsync();
        await engine.Client.UntilAsync("running", "1");
        stream.Dispose();
        await engine.Client.UntilAsync("running", "0");
        await engine.Client.UntilAsync("aborted", "1");
        Assert.Contains("finished_reason=\"abort\"} 1.0", await engine.Client.Http.GetStringAsync("/metrics"), StringComparison.Ordinal);
    }

    private static async Task<List<string>> ContinuousAsync(InProcessEngine engine)
    {
        using var stream = await engine.Client.ChatStreamAsync(
            "hello there", ",\"max_tokens\":3,\"stream_options\":{\"include_usage\":true,\"continuous_usage_stats\":true}");
        return await stream.RestAsync();
    }

    private static string Text(IEnumerable<string> frames) => string.Concat(frames
        .Where(frame => frame != "[DONE]")
        .SelectMany(frame => JsonNode.Parse(frame)!["choices"]!.AsArray())
        .Select(choice => (string?)choice!["delta"]!["content"]));

    private static string Masked(string frame) => Content().Replace(frame, "\"content\":\"@\"");

    [GeneratedRegex("\"created\":([0-9]+)")]
    private static partial Regex Created();

    [GeneratedRegex("\"content\":\"[^\"]+\"")]
    private static partial Regex Content();
}
