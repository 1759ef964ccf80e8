using Podvirt.Core.Usage;
using Podvirt.Gateway.Tests.Fixtures;

namespace Podvirt.Gateway.Tests.Relay;

/// <summary>An engine that is stopped ends what it has with <c>finish_reason: abort</c> and a clean end mark. That is no end.</summary>
public sealed class EngineAbortTests
{
    private const string Abort = """{"choices":[{"index":0,"delta":{},"finish_reason":"abort"}],"usage":{"prompt_tokens":7,"completion_tokens":2}}""";
    private const string Token = """{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}],"usage":{"prompt_tokens":7,"completion_tokens":1}}""";

    [Fact]
    public async Task AbortInTheMiddleOfAStream_EndsItWithAnErrorAndIsTruncated()
    {
        await using var engine = new FakeEngine(call => StreamAsync(call, Token, Abort));
        await using var host = await GatewayHost.ServingAsync(engine);
        var text = await host.StreamAsync().TextAsync();

        Calls.InBandError(text, "engine_aborted");
        Assert.Contains("\"finish_reason\":\"abort\"", text, StringComparison.Ordinal);
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Truncated, "engine_aborted", 200), (record.Outcome, record.Reason, record.Status));
        Assert.Equal(new TokenCounts(7, 0, 2, 0), record.Tokens);
        await host.NothingIsLeftAsync(engine);
    }

    [Fact]
    public async Task AbortBeforeTheFirstToken_IsServedByAnother()
    {
        await using var stopping = new FakeEngine(call => StreamAsync(call, Abort));
        await using var good = new FakeEngine();
        await using var host = await GatewayHost.ServingAsync([stopping, good]);
        for (var i = 0; i < 12; i++)
        {
            Assert.EndsWith(Replies.Done, await host.StreamAsync(("X-Podvirt-Session-Id", $"s{i}")).TextAsync(), StringComparison.Ordinal);
        }
        Assert.NotEmpty(stopping.Calls);
        Assert.All(await host.Outbox.AllAsync(12), record =>
            Assert.Equal((UsageOutcome.Completed, (long)SampleReply.Completion), (record.Outcome, record.Tokens.Completion)));
    }

    [Fact]
    public async Task AbortedPlainReply_PassesAsItIsAndIsTruncated()
    {
        const string Reply = """{"choices":[{"index":0,"message":{"content":"a"},"finish_reason":"abort"}],"usage":{"prompt_tokens":7,"completion_tokens":1}}""";
        await using var engine = new FakeEngine(call => call.AnswerJsonAsync(200, Reply));
        await using var host = await GatewayHost.ServingAsync(engine);

        Assert.Equal(Reply, await host.PlainAsync().TextAsync());
        var record = await host.Outbox.SingleAsync();
        Assert.Equal((UsageOutcome.Truncated, "engine_aborted", 1L), (record.Outcome, record.Reason, record.Tokens.Completion));
    }

    private static async Task StreamAsync(FakeCall call, params string[] chunks)
    {
        await call.SendStreamHeadAsync();
        await call.SendChunkAsync(string.Concat(chunks.Select(Replies.Event)) + Replies.Done);
        await call.EndChunksAsync();
    }
}
