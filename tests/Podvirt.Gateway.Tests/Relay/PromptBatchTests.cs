using System.Globalization;
using System.Text.Json;
using Podvirt.Core.Projects;
using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Relay;

/// <summary>Completions of several prompts at once: each chunk counts its own prompt and its own choice, as vLLM's do.</summary>
public sealed class PromptBatchTests
{
    private const string Start = """{"id":"cmpl-1","object":"text_completion","created":1,"model":"m",""";

    // Prompts get longer and shorter: a count that goes down from one chunk to the next is another prompt's.
    private static readonly int[] s_prompts = [10, 4, 25];

    [Theory]
    [InlineData(1, true)]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    public async Task Stream_IsHandedOnWholeAndCountedOnce(int n, bool asked)
    {
        await using var engine = new FakeEngine(call => SendAsync(call, n, includesEnd: true));
        await using var host = await GatewayHost.ServingAsync(engine);
        var options = asked ? ""","stream_options":{"include_usage":true,"continuous_usage_stats":true}""" : "";
        var text = await host.Client.PostAsync(
            Calls.Completions, $$"""{"model":"m","stream":true,"n":{{n}},"prompt":["a","b","c"]{{options}}}""").TextAsync();

        Assert.Equal(Events(n, asked, true), text);
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Completed, UsageSource.Engine), (record.Outcome, record.Source));
        Assert.Equal(new TokenCounts(39, 0, 3 * n * 2, 0), record.Tokens);
    }

    [Fact]
    public async Task ClientLeavesInTheMiddle_WhatWasCountedSoFarIsBilled()
    {
        await using var engine = new FakeEngine(async call =>
        {
            await SendAsync(call, 2, includesEnd: false);
            await call.HangAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        var response = await host.Client.PostAsync(Calls.Completions, """{"model":"m","stream":true,"n":2,"prompt":[[1],[2],[3]]}""").Within();
        await (await response.Content.ReadAsStreamAsync()).ReadUntilAsync("\"index\":5,\"text\":\"t1\"");
        response.Dispose();
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Cancelled, new TokenCounts(39, 0, 12, 0)), (record.Outcome, record.Tokens));
    }

    [Fact]
    public async Task MoreChoicesThanChatAllows_AreCountedAndEachGetsItsEnd()
    {
        const int Prompts = 300;
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            for (var i = 1; !call.PeerClosed.IsCompleted; i++)
            {
                await call.SendChunkAsync(string.Concat(Enumerable.Range(0, Prompts).Select(choice => Chunk(choice, "x", i, 1, null))));
            }
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.PlanAsync(new Plan { Id = "small", TokensPerMonth = new ModelLimits(Prompts * 6, ModelLimits.None.Models) });
        var body = $"{{\"model\":\"m\",\"stream\":true,\"max_tokens\":9,\"prompt\":[{string.Join(',', Enumerable.Repeat("\"a\"", Prompts))}]}}";
        var text = await host.Client.PostAsync(Calls.Completions, body).TextAsync();

        var record = await host.Outbox.SingleAsync();
        Assert.Equal((ApiLimit, Prompts * 5), (record.Reason, (int)record.Tokens.Completion));
        Assert.Equal(Prompts, record.Tokens.Prompt);
        var ends = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
            .Where(e => e.Contains("\"finish_reason\":\"length\"", StringComparison.Ordinal))
            .Select(e => JsonDocument.Parse(e[6..]).RootElement.GetProperty("choices")[0].GetProperty("index").GetInt32());
        Assert.Equal(Enumerable.Range(0, Prompts), ends);
        await host.NothingIsLeftAsync(engine);
    }

    private const string ApiLimit = "insufficient_quota";

    private static async Task SendAsync(FakeCall call, int n, bool includesEnd)
    {
        await call.SendStreamHeadAsync();
        await call.SendChunkAsync(Events(n, continuous: true, includesEnd));
        if (includesEnd)
        {
            await call.EndChunksAsync();
        }
    }

    private static string Events(int n, bool continuous, bool includesEnd)
    {
        var choices = s_prompts.Length * n;
        var chunks = Enumerable.Range(1, 2).SelectMany(i => Enumerable.Range(0, choices).Select(
            choice => Chunk(choice, $"t{i - 1}", i, continuous ? s_prompts[choice / n] : null, i == 2 ? "length" : null)));
        var usage = continuous ? Replies.Event($"{Start}\"choices\":[],\"usage\":{Replies.Usage(s_prompts.Sum(), choices * 2)}}}") : "";
        return string.Concat(chunks) + (includesEnd ? usage + Replies.Done : "");
    }

    private static string Chunk(int choice, string text, int completion, int? prompt, string? finish) => Replies.Event(string.Create(
        CultureInfo.InvariantCulture,
        $"{Start}\"choices\":[{{\"index\":{choice},\"text\":\"{text}\",\"logprobs\":null,\"finish_reason\":{(finish is null ? "null" : $"\"{finish}\"")},\"stop_reason\":null}}],\"usage\":{(prompt is { } p ? Replies.Usage(p, completion) : "null")}}}"));
}
