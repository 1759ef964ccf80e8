using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Relay;

/// <summary>Spellings of events that are rare, and right.</summary>
public sealed class EventDetailTests
{
    private const string Bom = "\uFEFF";
    private const string UsageBody = """{"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]}""";
    private const string PromptBody = """{"model":"m","stream":true,"prompt":"hi"}""";
    private const string Chunk = """{"choices":[{"index":0,"delta":{"content":"a"}}]}""";
    private const string NullChunk = """{"choices":[{"index":0,"delta":{"content":"a"}}],"usage":null}""";

    private static readonly string s_counted = NullChunk.Replace("null", Replies.Usage(7, 5), StringComparison.Ordinal);

    [Fact]
    public async Task StreamBeginsWithAByteOrderMark_FirstEventIsReadAllTheSame()
    {
        var (text, record) = await RelayAsync(Calls.StreamBody, Bom + Replies.Event(s_counted) + Replies.Done);
        Assert.Equal(Replies.Event(Chunk) + Replies.Done, text);
        Assert.Equal(5, record.Tokens.Completion);
    }

    [Fact]
    public async Task StreamBeginsWithAByteOrderMarkBeforeAComment_CommentIsOne()
    {
        var (text, _) = await RelayAsync(Calls.StreamBody, Bom + ": ping\n\n" + Replies.Event(s_counted) + Replies.Done);
        Assert.Equal(": ping\n\n" + Replies.Event(Chunk) + Replies.Done, text);
    }

    [Fact]
    public async Task ByteOrderMarkWithinTheStream_IsTheEnginesOwn()
    {
        var (text, _) = await RelayAsync(Calls.StreamBody, Replies.Event(s_counted) + $"{Bom}x: y\n\n" + Replies.Done);
        Assert.Equal(Replies.Event(Chunk) + $"{Bom}x: y\n\n" + Replies.Done, text);
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("\r")]
    public async Task EventOfSeveralDataLines_KeepsItsOtherLines(string newline)
    {
        var sent = """
            id: 7
            event: chunk
            data: {"choices":[{"index":0,"delta":{"content":"a"}}],
            : in between
            data:  "usage":{"prompt_tokens":7,"completion_tokens":5,"total_tokens":12},
            retry: 5
            data: "x":1}


            """.ReplaceLineEndings(newline);
        var expected = """
            id: 7
            event: chunk
            data: {"choices":[{"index":0,"delta":{"content":"a"}}], "x":1}
            : in between
            retry: 5


            """.ReplaceLineEndings(newline);
        var (text, record) = await RelayAsync(Calls.StreamBody, sent + Replies.Done);
        Assert.Equal(expected + Replies.Done, text);
        Assert.Equal(5, record.Tokens.Completion);
    }

    [Fact]
    public async Task EventWithAnId_KeepsIt()
    {
        var (text, _) = await RelayAsync(Calls.StreamBody, $"id: 7\nevent: chunk\ndata: {s_counted}\nretry: 5\n\n" + Replies.Done);
        Assert.Equal($"id: 7\nevent: chunk\ndata: {Chunk}\nretry: 5\n\n" + Replies.Done, text);
    }

    // An engine that knows include_usage and not continuous_usage_stats says null on every chunk, for those who asked.
    [Theory]
    [InlineData(Calls.Chat, Calls.StreamBody, Chunk)]
    [InlineData(Calls.Chat, UsageBody, NullChunk)]
    // Completions say null to everybody.
    [InlineData(Calls.Completions, PromptBody, NullChunk)]
    public async Task UsageIsNull_IsForThoseWhoWouldHaveGotIt(string path, string body, string expected)
    {
        var usage = $$"""{"choices":[],"usage":{{Replies.Usage(7, 5)}} }""";
        var (text, record) = await RelayAsync(body, Replies.Event(NullChunk) + Replies.Event(usage) + Replies.Done, path);
        Assert.Equal(Replies.Event(expected) + (body == UsageBody ? Replies.Event(usage) : "") + Replies.Done, text);
        Assert.Equal(5, record.Tokens.Completion);
    }

    [Fact]
    public async Task UsageIsNullBesideEmptyChoices_EventIsKept()
    {
        var (text, _) = await RelayAsync(Calls.StreamBody, Replies.Event("""{"choices":[],"prompt_filter_results":[1],"usage":null}""") + Replies.Done);
        Assert.Equal(Replies.Event("""{"choices":[],"prompt_filter_results":[1]}""") + Replies.Done, text);
    }

    [Fact]
    public async Task StreamOfSeveralChoicesBreaksOff_EachOnesTokensAreBilled()
    {
        static string Choice(int index, int completion) =>
            Replies.Event($"{{\"choices\":[{{\"index\":{index},\"delta\":{{\"content\":\"a\"}}}}],\"usage\":{Replies.Usage(7, completion)}}}");
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(Choice(0, 1) + Choice(1, 1) + Choice(0, 3) + Choice(1, 2));
            call.Close();
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        await host.Client.PostAsync(Calls.Chat, Calls.StreamBody.Replace("\"stream\"", "\"n\":2,\"stream\"", StringComparison.Ordinal)).TextAsync();
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Truncated, 7L, 5L), (record.Outcome, record.Tokens.Prompt, record.Tokens.Completion));
    }

    private static async Task<(string Text, UsageRecord Record)> RelayAsync(string body, string answer, string path = Calls.Chat)
    {
        await using var engine = new FakeEngine(async call =>
        {
            await call.SendStreamHeadAsync();
            await call.SendChunkAsync(answer);
            await call.EndChunksAsync();
        });
        await using var host = await GatewayHost.ServingAsync(engine);
        var response = await host.Client.PostAsync(path, body);
        // As bytes: a reader of text would take a mark away itself.
        var text = System.Text.Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync().Within());
        return (text, await host.Outbox.SingleAsync());
    }
}
