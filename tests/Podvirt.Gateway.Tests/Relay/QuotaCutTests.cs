using System.Net;
using System.Text.Json;
using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Relay;

/// <summary>A month's limit that ends in the middle of a stream.</summary>
public sealed class QuotaCutTests
{
    private const int Prompt = 7;
    private const string Start = """{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m",""";

    [Theory]
    [InlineData("", false, false)]
    [InlineData(""","stream_options":{"include_usage":true}""", true, false)]
    [InlineData(""","stream_options":{"include_usage":true,"continuous_usage_stats":true}""", true, true)]
    [InlineData(""","stream_options":{"include_usage":false}""", false, false)]
    public async Task PlanRunsOut_StreamEndsAsWithMaxTokens(string options, bool usage, bool continuous)
    {
        await using var engine = new FakeEngine(EndlessAsync);
        await using var host = await ServingAsync(engine, tokens: Prompt + 60);
        var text = await host.Client.PostAsync(Calls.Chat, Calls.StreamBody.Replace(",\"messages", options + ",\"messages", StringComparison.Ordinal)).TextAsync();

        var counts = $$"""{"prompt_tokens":{{Prompt}},"total_tokens":{{Prompt + 60}},"completion_tokens":60}""";
        var end = $$$"""data: {{{Start}}}"choices":[{"index":0,"delta":{},"logprobs":null,"finish_reason":"length"}]{{{(continuous ? ",\"usage\":" + counts : "")}}}}"""
            + "\n\n" + (usage ? $"data: {Start}\"choices\":[],\"usage\":{counts}}}\n\n" : "") + Replies.Done;
        Assert.EndsWith(end, text, StringComparison.Ordinal);
        Assert.Contains("\"t60\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("\"t61\"", text, StringComparison.Ordinal);
        Assert.Equal(continuous, text.Contains("\"completion_tokens\":59", StringComparison.Ordinal));
        await engine.LastCall.PeerClosed.Within();

        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Truncated, "insufficient_quota", 200), (record.Outcome, record.Reason, record.Status));
        Assert.Equal(new TokenCounts(Prompt, 0, 60, 0), record.Tokens);
        await host.NothingIsLeftAsync(engine);
        await host.StreamAsync().ErrorAsync(HttpStatusCode.TooManyRequests, "insufficient_quota");
        Assert.Empty(host.Troubles);
    }

    [Fact]
    public async Task BudgetRunsOut_StreamIsCutAtTheLastTokenThatItPays()
    {
        await using var engine = new FakeEngine(EndlessAsync);
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.SetRatesAsync(new Rate("m", 1, DateTimeOffset.UnixEpoch, 1_000_000, 0, 2_000_000));
        // 7 prompt tokens of 1 microdollar and 40 more tokens of 2; the estimate of the prompt must fit as well.
        await host.LimitKeyAsync(key => key with { MonthlyBudget = 0.000087m });
        await host.StreamAsync().TextAsync();
        var record = await host.Outbox.SingleAsync();
        Assert.Equal(("insufficient_quota", 40), (record.Reason, (int)record.Tokens.Completion));
        await host.NothingIsLeftAsync(engine);
    }

    [Fact]
    public async Task SeveralChoices_EachThatGoesOnGetsItsEnd()
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(Chunk(1, "x", 1) + Chunk(1, "", 1, "stop"));
            for (var i = 1; !call.PeerClosed.IsCompleted; i++)
            {
                await call.SendChunkAsync(Chunk(0, $"a{i}", i) + Chunk(2, $"c{i}", i));
            }
        });
        await using var host = await ServingAsync(engine, tokens: Prompt + 45);
        var text = await host.Client.PostAsync(
            Calls.Chat, """{"model":"m","stream":true,"n":3,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]}""").TextAsync();

        var lengths = Events(text).Where(e => e.GetProperty("choices").GetArrayLength() > 0)
            .Select(e => e.GetProperty("choices")[0])
            .Where(c => c.GetProperty("finish_reason").GetString() == "length")
            .Select(c => c.GetProperty("index").GetInt32());
        Assert.Equal([0, 2], lengths);
        Assert.EndsWith(Replies.Done, text, StringComparison.Ordinal);
        var record = await host.Outbox.SingleAsync();
        Assert.Equal(45, record.Tokens.Completion);
        Assert.Equal(45, Events(text).Last().GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task ToolCallUnderWay_EndsWithLength()
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            for (var i = 1; !call.PeerClosed.IsCompleted; i++)
            {
                var delta = i == 1
                    ? """{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":""}}]}"""
                    : """{"tool_calls":[{"index":0,"function":{"arguments":"{\"a"}}]}""";
                await call.SendChunkAsync(Replies.Event($"{Start}\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":null}}],\"usage\":{Replies.Usage(Prompt, i)}}}"));
            }
        });
        await using var host = await ServingAsync(engine, tokens: Prompt + 25);
        var events = Events(await host.StreamAsync().TextAsync());
        Assert.Equal("length", events[^1].GetProperty("choices")[0].GetProperty("finish_reason").GetString());
        Assert.Equal(26, events.Count);
        Assert.Equal("truncated", (await host.Outbox.SingleAsync()).Outcome.ToString(), ignoreCase: true);
    }

    [Fact]
    public async Task ToolCallsOfSeveralChoicesUnderWay_EachThatGoesOnEndsWithLength()
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            for (var i = 1; !call.PeerClosed.IsCompleted; i++)
            {
                await call.SendChunkAsync(ToolChunk(0, i, i > 9) + ToolChunk(1, i, isEnd: false) + ToolChunk(2, i, isEnd: false));
            }
        });
        await using var host = await ServingAsync(engine, tokens: Prompt + 60);
        var events = Events(await host.Client.PostAsync(
            Calls.Chat, """{"model":"m","stream":true,"n":3,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]}""").TextAsync());
        var ends = events.Where(e => e.GetProperty("choices").GetArrayLength() > 0).Select(e => e.GetProperty("choices")[0])
            .Where(c => c.GetProperty("finish_reason").ValueKind == JsonValueKind.String)
            .Select(c => (c.GetProperty("index").GetInt32(), c.GetProperty("finish_reason").GetString()));
        Assert.Equal([(0, "tool_calls"), (1, "length"), (2, "length")], ends.Distinct());
        var record = await host.Outbox.SingleAsync();
        Assert.Equal(new TokenCounts(Prompt, 0, 60, 0), record.Tokens);
        Assert.Equal(60, events[^1].GetProperty("usage").GetProperty("completion_tokens").GetInt32());

        // Each piece is one token: nothing beyond the limit is handed out.
        var pieces = events.Where(e => e.GetProperty("choices").GetArrayLength() > 0 && e.GetProperty("choices")[0].GetProperty("delta").TryGetProperty("tool_calls", out _));
        Assert.Equal(60, pieces.Count());

        static string ToolChunk(int choice, int i, bool isEnd) => i > 10 && choice == 0 ? "" : Replies.Event(
            $"{Start}\"choices\":[{{\"index\":{choice},\"delta\":{{\"tool_calls\":[{{\"index\":0,\"function\":{{\"arguments\":\"{i},\"}}}}]}},\"logprobs\":null,\"finish_reason\":{(isEnd ? "\"tool_calls\"" : "null")}}}],"
            + $"\"usage\":{Replies.Usage(Prompt, i)}}}");
    }

    [Fact]
    public async Task CompletionsStream_EndsInItsOwnShape()
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            for (var i = 1; !call.PeerClosed.IsCompleted; i++)
            {
                // Chunks that do not start alike: the end is made up whole.
                await call.SendChunkAsync(Replies.Event(
                    $$"""{"choices":[{"index":0,"text":"t{{i}}","logprobs":null,"finish_reason":null}],"id":"cmpl-1","usage":{{Replies.Usage(Prompt, i)}}}"""));
            }
        });
        await using var host = await ServingAsync(engine, tokens: Prompt + 25);
        var events = Events(await host.Client.PostAsync(Calls.Completions, """{"model":"m","stream":true,"prompt":"hello there, how are you today?"}""").TextAsync());
        var last = events[^1];
        Assert.Equal(("text_completion", "m"), (last.GetProperty("object").GetString(), last.GetProperty("model").GetString()));
        Assert.StartsWith("cmpl-", last.GetProperty("id").GetString(), StringComparison.Ordinal);
        Assert.Equal(("", "length"), (last.GetProperty("choices")[0].GetProperty("text").GetString(), last.GetProperty("choices")[0].GetProperty("finish_reason").GetString()));
        Assert.Equal(JsonValueKind.Null, last.GetProperty("usage").ValueKind);
    }

    [Fact]
    public async Task AnswerThatJustFits_IsWhole()
    {
        await using var engine = new FakeEngine();
        await using var host = await ServingAsync(engine, tokens: 24);
        Assert.Equal(new SampleReply(true, true, false, false).Events, await host.StreamAsync().TextAsync());
        Assert.Equal(UsageOutcome.Completed, (await host.Outbox.SingleAsync()).Outcome);
    }

    [Fact]
    public async Task RecordOfTheCutNotKept_IsNoEnd()
    {
        await using var engine = new FakeEngine(EndlessAsync);
        await using var host = await ServingAsync(engine, tokens: Prompt + 60);
        host.MayLogErrors = true;
        host.Outbox.Fails = true;
        Calls.InBandError(await host.StreamAsync().TextAsync(), "usage_not_recorded");
        await host.NothingIsLeftAsync(engine);
    }

    private static async Task<GatewayHost> ServingAsync(FakeEngine engine, long tokens)
    {
        var host = await GatewayHost.ServingAsync(engine);
        await host.PlanAsync(new Plan { Id = "small", TokensPerMonth = new ModelLimits(tokens, ModelLimits.None.Models) });
        return host;
    }

    // Goes on until it is cut.
    private static async Task EndlessAsync(FakeCall call)
    {
        await call.SendStreamHeadAsync();
        for (var i = 0; !call.PeerClosed.IsCompleted; i++)
        {
            await call.SendChunkAsync(Chunk(0, $"t{i}", i));
        }
    }

    private static string Chunk(int choice, string text, int completion, string? finish = null) => Replies.Event(
        $"{Start}\"choices\":[{{\"index\":{choice},\"delta\":{{\"content\":\"{text}\"}},\"logprobs\":null,\"finish_reason\":{(finish is null ? "null" : $"\"{finish}\"")}}}],"
        + $"\"usage\":{Replies.Usage(Prompt, completion)}}}");

    private static List<JsonElement> Events(string stream) =>
    [
        .. stream.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
            .Where(e => e.StartsWith("data: {", StringComparison.Ordinal)).Select(e => JsonDocument.Parse(e[6..]).RootElement),
    ];
}
